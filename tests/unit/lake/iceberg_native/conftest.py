"""A lake on local files, whose catalog is a database in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import event

from tests.unit.lake.iceberg_native.lake import DATABASE, ROWS, Lake, LakeTable
from tests.unit.lake.iceberg_native.observed import ObservedCatalog


def make_lake(folder: Path) -> Lake:
    where = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}"}
    catalog = ObservedCatalog("lake", **where, **{"py-io-impl": f"{ObservedCatalog.__module__}.ObservedIO"})
    reader = SqlCatalog("lake", **where)
    for each in (catalog, reader):
        event.listen(each.engine, "connect", _without_waiting)
        each.engine.dispose()
    catalog.create_namespace(DATABASE)
    return Lake(f"file://{folder}", catalog, reader)


def _without_waiting(connection: Any, _: object) -> None:
    """No test loses power, so the database need not wait for the disk."""
    connection.execute("PRAGMA synchronous = OFF")


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
    table.change(ROWS)
    return table
