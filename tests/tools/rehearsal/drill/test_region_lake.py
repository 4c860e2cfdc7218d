"""A drill compares each value, and says which table differs by how much."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.drill.region_lake import RegionLake
from rehearsal.drill.source import DrillTable, drill_tables

Rows = list[dict[str, Any]]


@pytest.fixture
def table() -> DrillTable:
    (table,) = drill_tables(1, rows=[5], seed=1, clock=lambda: datetime.now(UTC))
    return table


def lake_with(rows: Rows | None) -> RegionLake:
    catalog = {} if rows is None else {"drill.t1": {"Name": "t1"}}
    lake = SimpleNamespace(catalog_tables=lambda _: catalog, read=lambda _: pa.Table.from_pylist(rows or []))
    return RegionLake(cast("DeployedLake", lake))


def lower(rows: Rows) -> Rows:
    return [{name.lower(): value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("written", [lower, list, lambda rows: [{**row, "_hoodie_file_name": "f"} for row in rows]])
def test_rows_of_the_source_are_equal_however_an_engine_writes_names(
    table: DrillTable, written: Callable[[Rows], Rows]
) -> None:
    assert lake_with(written(list(table.rows.values()))).unequal([table]) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rows: rows[1:], "1 rows missing or old, 0 too many, 4 of 5 there"),
        (lambda rows: [*rows, rows[0]], "0 rows missing or old, 0 too many, 6 of 5 there"),
        (lambda rows: [{**rows[0], "NOTE": "old"}, *rows[1:]], "1 rows missing or old, 1 too many, 5 of 5 there"),
    ],
)
def test_a_row_that_is_missing_old_or_there_twice_is_told(
    table: DrillTable, spoil: Callable[[Rows], Rows], said: str
) -> None:
    assert lake_with(spoil(list(table.rows.values()))).unequal([table]) == [f"t1: {said}"]


def test_a_table_that_is_not_there_is_told(table: DrillTable) -> None:
    assert lake_with(None).unequal([table]) == ["t1 is not there"]
