"""A lake on local files, whose catalog is a database in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from tests.unit.lake.iceberg_native.lake import DATABASE, Lake, LakeTable
from tests.unit.lake.iceberg_native.observed import ObservedCatalog


def make_lake(folder: Path) -> Lake:
    where = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}"}
    catalog = ObservedCatalog("lake", **where, **{"py-io-impl": f"{ObservedCatalog.__module__}.ObservedIO"})
    catalog.create_namespace(DATABASE)
    return Lake(folder, catalog, SqlCatalog("lake", **where))


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return make_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture
def table(lake: Lake) -> LakeTable:
    """A table that does not exist yet, partitioned by REGION."""
    return lake.table()


@pytest.fixture
def loaded(table: LakeTable) -> LakeTable:
    """The table with three rows in three partitions."""
    from tests.unit.lake.iceberg_native.lake import ROWS

    table.change(ROWS)
    return table
