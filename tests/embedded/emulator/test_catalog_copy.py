"""The Data Catalog is changed only where it differs."""

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.emulator.glue_runner.catalog_copy import DataCatalog

COLUMNS = [{"Name": "id", "Type": "bigint"}]
STORAGE = {"Columns": COLUMNS, "Location": "s3://raw/trips"}
TRIPS = {"Name": "trips", "TableType": "EXTERNAL_TABLE", "PartitionKeys": [], "StorageDescriptor": STORAGE}


class CountingGlue:
    """A Glue client that remembers which operations changed something."""

    def __init__(self, glue: Any) -> None:
        self._glue = glue
        self.changes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("create_", "update_", "delete_", "batch_create_")):
            self.changes.append(name)
        return getattr(self._glue, name)


@pytest.fixture
def glue(aws: Callable[[str], Any]) -> CountingGlue:
    return CountingGlue(aws("glue"))


def _partitions(*values: str) -> list[dict[str, Any]]:
    return [{"Values": [value], "StorageDescriptor": STORAGE} for value in values]


@pytest.fixture
def catalog(glue: CountingGlue) -> DataCatalog:
    catalog = DataCatalog(glue)
    catalog.put_database({"Name": "lake"})
    catalog.put_table("lake", TRIPS)
    catalog.put_partitions("lake", "trips", _partitions("1", "2"))
    return catalog


def test_what_is_missing_is_created(catalog: DataCatalog, glue: CountingGlue) -> None:
    assert glue.changes == ["create_database", "create_table", "batch_create_partition"]
    assert glue.get_table(DatabaseName="lake", Name="trips")["Table"]["StorageDescriptor"]["Columns"] == COLUMNS


def test_what_is_there_already_is_left_alone(catalog: DataCatalog, glue: CountingGlue) -> None:
    glue.changes.clear()
    catalog.put_database({"Name": "lake", "LocationUri": "file:/elsewhere"})
    catalog.put_table("lake", TRIPS)
    catalog.put_partitions("lake", "trips", _partitions("2", "1"))
    assert glue.changes == []


def test_a_new_column_updates_the_table(catalog: DataCatalog, glue: CountingGlue) -> None:
    columns = [*COLUMNS, {"Name": "fare", "Type": "double"}]
    catalog.put_table("lake", {**TRIPS, "StorageDescriptor": {**STORAGE, "Columns": columns}})
    found = glue.get_table(DatabaseName="lake", Name="trips")["Table"]["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in found] == ["id", "fare"]


def test_partitions_come_and_go(catalog: DataCatalog, glue: CountingGlue) -> None:
    catalog.put_partitions("lake", "trips", _partitions("2", "3"))
    found = glue.get_partitions(DatabaseName="lake", TableName="trips")["Partitions"]
    assert sorted(partition["Values"] for partition in found) == [["2"], ["3"]]


def test_many_partitions_are_created_a_hundred_at_a_time(catalog: DataCatalog, glue: CountingGlue) -> None:
    glue.changes.clear()
    catalog.put_partitions("lake", "trips", _partitions(*map(str, range(1, 251))))
    assert glue.changes == ["batch_create_partition"] * 3
    assert len(glue.get_partitions(DatabaseName="lake", TableName="trips")["Partitions"]) == 250
