"""The rows in memory behave as Hudi 1.0.2 was seen to (docs/decisions/0003), with the framework's own options."""

from typing import Any

import pytest
from odp.file_processor.apply.table_format import change_kind, definition_of
from odp.refresh import RefreshKind, RefreshPlan, RowCounts, TableState

from lake.tables.hudi.options import IndexSettings, write_options
from rehearsal.torture.memory.hudi_table import HudiOptions, HudiTable
from tests.unit.odp.samples import table_config

INITIAL, CHANGES, RELOAD = RefreshKind.INITIAL, RefreshKind.CHANGES, RefreshKind.RELOAD


def options(kind: RefreshKind, **without: str) -> HudiOptions:
    config = table_config(partition_key="REGION")
    index = None if kind is INITIAL else IndexSettings(tasks=1, moves_rows=True)
    refresh = RefreshPlan(kind, (), (), TableState())
    given = write_options(definition_of(config), change_kind(config, refresh), {}, index)
    return HudiOptions(given | without)


def row(key: int, seq: str, op: str = "U", region: str = "north") -> dict[str, Any]:
    return {"ID": key, "SEQ": seq, "Op": op, "REGION": region}


@pytest.fixture
def table() -> HudiTable:
    table = HudiTable()
    table.write([row(1, "5"), row(2, "5")], options(INITIAL))
    return table


def keys(table: HudiTable) -> list[tuple[int, str, str]]:
    return sorted((row["ID"], row["SEQ"], row["REGION"]) for row in table.rows())


def test_bulk_insert_keeps_rows_of_the_same_key_and_overwriting_replaces_all_of_them(table: HudiTable) -> None:
    table.write([row(1, "9")], options(INITIAL))
    assert keys(table) == [(1, "5", "north"), (1, "9", "north"), (2, "5", "north")]
    assert table.write([row(3, "1")], options(RELOAD)) == RowCounts(inserted=1)
    assert keys(table) == [(3, "1", "north")]


def test_rule_3_last_commit_wins_whatever_the_row_holds_because_hudi_is_told_to_compare_nothing(
    table: HudiTable,
) -> None:
    counts = table.write([row(1, "4"), row(2, "4", "D")], options(CHANGES))
    assert (counts, keys(table)) == (RowCounts(updated=1, deleted=1), [(1, "4", "north")])
    table.write([row(1, "4") | {"SEQ": None, "NOTE": "NULL is no order"}], options(CHANGES))
    assert [found["SEQ"] for found in table.rows()] == [None]


def test_row_with_a_lower_ordering_value_changes_nothing_if_hudi_is_told_to_compare(table: HudiTable) -> None:
    comparing = options(CHANGES, **{"hoodie.datasource.write.precombine.field": "SEQ"})
    assert table.write([row(1, "4"), row(2, "4", "D")], comparing) == RowCounts()
    assert keys(table) == [(1, "5", "north"), (2, "5", "north")]


def test_older_row_comes_back_after_a_delete_because_nothing_is_left_to_compare_it_with(table: HudiTable) -> None:
    table.write([row(1, "9", "D")], options(CHANGES))
    table.write([row(1, "2")], options(CHANGES))
    assert (1, "2", "north") in keys(table)


def test_delete_of_an_absent_row_is_counted_on_both_sides(table: HudiTable) -> None:
    assert table.write([row(7, "9", "D")], options(CHANGES)) == RowCounts(inserted=1, deleted=1)


def test_row_moves_with_its_partition_under_a_global_index_and_is_doubled_under_a_simple_one(table: HudiTable) -> None:
    table.write([row(1, "6", region="south")], options(CHANGES))
    assert keys(table) == [(1, "6", "south"), (2, "5", "north")]
    table.write([row(2, "6", region="south")], options(CHANGES, **{"hoodie.index.type": "SIMPLE"}))
    assert keys(table) == [(1, "6", "south"), (2, "5", "north"), (2, "6", "south")]
