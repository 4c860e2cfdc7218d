"""Refreshes that the native engine applies: what a reader finds afterwards, and what it leaves to Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from odp.native import room
from odp.native.room import Room
from odp.native.table_writer import NativeTableWriter
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import LastCommit, RefreshKind, RefreshPlan, TableState

from lake.errors import BeyondEngineError, LeaseLostError, SchemaChangeRefusedError, TableMovedError
from lake.tables.change import TableDefinition
from lake.tables.iceberg_native.table import NativeIcebergTable
from tests.unit.lake.iceberg_native.conftest import lake
from tests.unit.lake.iceberg_native.lake import DATABASE, Lake, nothing
from tests.unit.odp.native.dms import CONFIG, Files

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

__all__ = ["lake"]

Rows = Sequence[tuple[Any, ...]]


class Table:
    """One table that the native writer refreshes, and its reader, which is pyiceberg alone."""

    def __init__(self, lake: Lake, name: str, **configured: Any) -> None:
        self.lake = lake
        self.files = Files()
        self.config = replace(CONFIG, raw_database_name=DATABASE, raw_table_name=name, **configured)
        self.writer = NativeTableWriter(self._open, self.files.open, {"raw": "b"})
        self.generation = 0

    def _open(self, definition: TableDefinition) -> NativeIcebergTable:
        local = replace(definition, location=f"file://{self.lake.folder}/{definition.database}/{definition.name}")
        return NativeIcebergTable(self.lake.catalog, local)

    def file(self, name: str, rows: Rows, *, key: pa.DataType | None = None, more: str = "") -> LandedFile:
        """A file of DMS with the columns Op, ID, V and, by its name, one more."""
        names = ["Op", "ID", "V", *([more] if more else [])]
        types = [pa.string(), key or pa.int32(), pa.string(), pa.string()]
        return self.files.add(
            name, pa.table({name: pa.array([row[at] for row in rows], types[at]) for at, name in enumerate(names)})
        )

    def refresh(self, kind: RefreshKind, *files: LandedFile, **more: Any) -> LastCommit:
        self.generation += kind is not RefreshKind.CHANGES
        plan = RefreshPlan(kind, files, (), TableState(self.generation))
        return self.writer.apply(self.config, replace(plan, **more), nothing)

    def load(self, rows: Rows, **file: Any) -> LastCommit:
        kind = RefreshKind.RELOAD if self.generation else RefreshKind.INITIAL
        return self.refresh(kind, self.file(f"LOAD{self.generation:08}", rows, **file))

    def changes(self, name: str, rows: Rows, **file: Any) -> LastCommit:
        return self.refresh(RefreshKind.CHANGES, self.file(name, rows, **file))

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        found = self.lake.reader.load_table((DATABASE, self.config.raw_table_name)).scan().to_arrow()
        return sorted((tuple(row[name] for name in names or ("ID", "V")) for row in found.to_pylist()), key=repr)


@pytest.fixture
def table(lake: Lake, request: pytest.FixtureRequest) -> Table:
    return Table(lake, f"w{abs(hash(request.node.name)):x}")


def test_load_changes_and_reload_leave_what_the_source_has(table: Table) -> None:
    table.load([("I", 1, "a"), ("I", 2, "b"), ("I", 3, "c")])
    commit = table.changes("20260101-000000001", [("U", 1, "x"), ("D", 2, None), ("I", 4, "d"), ("U", 4, "e")])
    assert table.rows() == [(1, "x"), (3, "c"), (4, "e")]
    assert (commit.counts.inserted, commit.counts.updated, commit.counts.deleted) == (1, 1, 1)
    table.load([("I", 7, "q")])
    assert table.rows() == [(7, "q")]


def test_column_that_changes_bring_is_told_until_a_load_replaces_the_table(table: Table) -> None:
    """ADD COLUMN … DEFAULT gives rows that exist a value in the source, and no line in the log says so."""
    assert table.load([("I", 1, "a"), ("I", 2, "b")]).added_columns == ()
    commit = table.changes("20260101-000000001", [("U", 1, "x", "new")], more="RATE")
    assert commit.added_columns == ("RATE",)
    assert table.rows("ID", "RATE") == [(1, "new"), (2, None)]
    assert table.changes("20260101-000000002", [("I", 3, "c", "7")], more="RATE").added_columns == ("RATE",)
    assert table.writer.last_refresh(table.config).added_columns == ("RATE",)  # type: ignore[union-attr]
    assert table.load([("I", 1, "x", "7"), ("I", 2, "b", "7")], more="RATE").added_columns == ()


def test_small_file_is_read_from_storage_once_in_a_refresh_and_again_in_the_next(table: Table) -> None:
    opened: list[str] = []

    def open_file(file: LandedFile) -> Any:
        opened.append(file.name)
        return table.files.open(file)

    table.writer = NativeTableWriter(table._open, open_file, {"raw": "b"})
    table.load([("I", 1, "a")])
    first = table.file("20260101-000000001", [("U", 1, "b")])
    second = table.file("20260101-000000002", [("I", 2, "c")])
    table.refresh(RefreshKind.CHANGES, first, second)
    assert sorted(opened) == sorted({file.name for file in table.files.landed})
    table.refresh(RefreshKind.CHANGES, first)
    assert opened.count(first.name) == 2
    assert table.rows() == [(1, "b"), (2, "c")]


def test_rule_8_commit_carries_the_fencing_token_of_the_lease(table: Table) -> None:
    table.load([("I", 1, "a")])
    changed = table.file("20260101-000000001", [("U", 1, "b")])
    table.refresh(RefreshKind.CHANGES, changed, fence=7)
    snapshot = table.lake.reader.load_table((DATABASE, table.config.raw_table_name)).current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    assert snapshot.summary.additional_properties["lake.fence"] == "7"


def test_commit_carries_the_epoch_of_regions_and_one_without_it_is_of_epoch_0(table: Table) -> None:
    assert table.load([("I", 1, "a")]).epoch == 0
    changed = table.file("20260101-000000001", [("U", 1, "b")])
    assert table.refresh(RefreshKind.CHANGES, changed, epoch=12).epoch == 12
    again = table.writer.last_refresh(table.config)
    assert again is not None
    assert again.epoch == 12


def test_last_change_of_a_key_wins_over_files_and_a_key_may_come_back(table: Table) -> None:
    table.load([("I", 1, "a")])
    first = table.file("20260101-000000001", [("D", 1, None)])
    second = table.file("20260101-000000002", [("I", 1, "again"), ("U", 1, "last")])
    table.refresh(RefreshKind.CHANGES, second, first)
    assert table.rows() == [(1, "last")]


def test_rows_that_the_first_files_delete_are_not_in_the_new_table(table: Table) -> None:
    load = table.file("LOAD00000001", [("I", 1, "a"), ("I", 2, "b")])
    change = table.file("20260101-000000001", [("D", 1, None)])
    table.refresh(RefreshKind.INITIAL, load, change)
    assert table.rows() == [(2, "b")]


def test_emptied_source_empties_the_table_which_keeps_its_columns(table: Table) -> None:
    table.load([("I", 1, "a")])
    gone = table.file("LOAD00000001", [])
    table.files.contents.clear()
    table.refresh(RefreshKind.EMPTY, gone)
    assert table.rows() == []
    table.changes("20260101-000000001", [("I", 5, "n")])
    assert table.rows() == [(5, "n")]


def test_commit_proves_its_files_and_the_state_to_whoever_comes_next(table: Table) -> None:
    table.load([("I", 1, "a")])
    change = table.file("20260101-000000001", [("I", 2, "b")])
    committed = table.refresh(RefreshKind.CHANGES, change)
    another = NativeTableWriter(table._open, table.files.open, {"raw": "b"})
    found = another.last_refresh(table.config)
    assert found == committed
    assert found is not None
    assert (found.file_ids, found.state.generation) == (frozenset({change.file_id}), 1)


def test_lost_lease_leaves_the_table_as_it_was(table: Table) -> None:
    table.load([("I", 1, "a")])
    before = table.writer.last_refresh(table.config)

    def lost() -> None:
        raise LeaseLostError

    plan = RefreshPlan(RefreshKind.CHANGES, (table.file("20260101-000000001", [("D", 1, None)]),), (), TableState(1))
    with pytest.raises(LeaseLostError):
        table.writer.apply(table.config, plan, lost)
    assert table.rows() == [(1, "a")]
    assert table.writer.last_refresh(table.config) == before


def test_added_column_is_null_in_rows_of_before(table: Table) -> None:
    table.load([("I", 1, "a"), ("I", 2, "b")])
    table.changes("20260101-000000001", [("U", 2, "x", "new")], more="W")
    assert table.rows("ID", "V", "W") == [(1, "a", None), (2, "x", "new")]


def test_type_that_changes_in_a_way_that_no_table_follows_is_refused_and_nothing_is_written(table: Table) -> None:
    table.load([("I", 1, "a")])
    before = table.writer.last_refresh(table.config)
    with pytest.raises(SchemaChangeRefusedError):
        table.changes("20260101-000000001", [("U", "1", "b")], key=pa.string())
    assert table.writer.last_refresh(table.config) == before


def test_historical_table_keeps_each_version_of_a_row(lake: Lake) -> None:
    table = Table(lake, "history", history=RowHistory.ALL)
    table.load([("I", 1, "a")])
    table.changes("20260101-000000001", [("U", 1, "b"), ("U", 1, "c"), ("D", 1, None)])
    assert table.rows("Op", "ID", "V") == [("D", 1, None), ("I", 1, "a"), ("U", 1, "b"), ("U", 1, "c")]


def test_update_in_a_historical_table_is_no_update_without_a_row(lake: Lake) -> None:
    table = Table(lake, "counted_history", history=RowHistory.ALL)
    table.load([("I", 1, "a")])
    table.changes("20260101-000000001", [("U", 1, "b")])
    assert table.changes("20260101-000000002", [("U", 1, "c")]).counts.updates_without_row == 0


def test_table_that_an_unseen_commit_reached_is_left_as_it_is(table: Table) -> None:
    """A request of an earlier run may land late, after this run has read the table and planned."""
    table.load([("I", 1, "a")])
    last = table.writer.last_refresh(table.config)
    assert last is not None
    late = table.file("20260101-000000001", [("I", 2, "b")])
    committed = table.refresh(RefreshKind.CHANGES, late)
    with pytest.raises(TableMovedError):
        table.refresh(RefreshKind.CHANGES, late, follows=last.file_ids)
    assert table.writer.last_refresh(table.config) == committed
    table.refresh(RefreshKind.CHANGES, table.file("20260101-000000002", [("D", 1, None)]), follows=committed.file_ids)
    assert table.rows() == [(2, "b")]


@pytest.mark.parametrize("kind", [RefreshKind.RELOAD, RefreshKind.EMPTY])
def test_load_of_a_historical_table_with_versions_is_left_to_spark(lake: Lake, kind: RefreshKind) -> None:
    table = Table(lake, f"reloaded_{kind.value}", history=RowHistory.ALL)
    table.load([("I", 1, "a")])
    before = table.writer.last_refresh(table.config)
    with pytest.raises(BeyondEngineError, match="is a historical table") as left:
        table.refresh(kind, table.file("LOAD00000002", [("I", 1, "b")]))
    assert not left.value.comes_again, "changes after the load are native again"
    assert table.writer.last_refresh(table.config) == before


def composite(lake: Lake, name: str) -> Table:
    return Table(lake, name, primary_key=("ID", "V"))


def test_wider_part_of_a_key_of_several_columns_is_left_to_spark(lake: Lake) -> None:
    table = composite(lake, "wider_key")
    table.load([("I", 1, "a")])
    with pytest.raises(BeyondEngineError, match="the type of ID widens") as left:
        table.changes("20260101-000000001", [("I", 2**40, "b")], key=pa.int64())
    assert not left.value.comes_again
    assert table.rows() == [(1, "a")]


@pytest.mark.parametrize("step", ["read", "write"])
def test_change_for_which_arrow_has_no_room_is_left_to_spark_as_if_memory_had_ended(
    table: Table, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A column of 2 GB of text in one piece, for example; to Arrow that is no MemoryError."""
    table.load([("I", 1, "a")])
    change = table.file("20260101-000000001", [("U", 1, "b")])

    def full(*_: object) -> None:
        raise pa.ArrowCapacityError("array cannot contain more than 2147483646 bytes")

    if step == "read":
        table.writer = NativeTableWriter(table._open, full)
    else:
        monkeypatch.setattr(NativeIcebergTable, "apply", full)
    with pytest.raises(BeyondEngineError, match="Arrow has no room for the change: .* 2147483646 bytes") as left:
        table.refresh(RefreshKind.CHANGES, change)
    assert left.value.comes_again
    assert table.rows() == [(1, "a")]


def test_load_for_which_the_function_has_no_memory_is_left_to_spark_with_the_ways_out(table: Table) -> None:
    """30 rows of 140 bytes, their keys and row group need more than 2,000 bytes."""
    table.load([("I", 1, "a")])
    before = table.writer.last_refresh(table.config)
    load = table.file("LOAD00000002", [("I", key, "b") for key in range(30)])
    table.writer = NativeTableWriter(table._open, table.files.open, {"raw": "b"}, Room(2_000))
    with pytest.raises(BeyondEngineError) as left:
        table.refresh(RefreshKind.RELOAD, load)
    assert not left.value.comes_again, "the changes after the load are native again"
    for part in (
        table.config.qualified_name,
        "1 files of 1 bytes",
        "30 rows",
        "engine auto or spark",
        "native_memory_mb",
    ):
        assert part in str(left.value)
    assert table.writer.last_refresh(table.config) == before
    table.writer = NativeTableWriter(table._open, table.files.open, {"raw": "b"}, Room(200_000))
    table.refresh(RefreshKind.RELOAD, load)
    assert len(table.rows()) == 30


def test_long_keys_need_more_memory(table: Table) -> None:
    long = table.file("LOAD00000001", [("I", 1, f"{number:0200}") for number in range(30)])
    table.config = replace(table.config, primary_key=("V",))
    enough_for_rows = Room(30 * 140 + 30 * 4 * 200)
    table.writer = NativeTableWriter(table._open, table.files.open, {"raw": "b"}, enough_for_rows)
    with pytest.raises(BeyondEngineError, match="30 rows need about"):
        table.refresh(RefreshKind.INITIAL, long)


def test_long_keys_that_repeat_need_as_much_memory_as_others(table: Table) -> None:
    """A file stores each of them once; in memory each row has its own."""
    repeated = table.file("LOAD00000001", [("I", number, "x" * 200) for number in range(1000)])
    table.config = replace(table.config, primary_key=("ID", "V"))
    enough_for_rows = Room(1000 * 140 + 1000 * 200)
    table.writer = NativeTableWriter(table._open, table.files.open, {"raw": "b"}, enough_for_rows)
    with pytest.raises(BeyondEngineError, match="1,000 rows need about"):
        table.refresh(RefreshKind.INITIAL, repeated)


def test_more_files_than_a_function_has_time_for_are_left_to_spark_unopened(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_FILES", 1)
    files = [table.file(f"LOAD0000000{number}", [("I", number, "a")]) for number in (1, 2)]
    table.files.contents.clear()
    table.writer = NativeTableWriter(table._open, table.files.open, {"raw": "b"}, Room(2**30))
    with pytest.raises(BeyondEngineError, match="2 files of 2 bytes are more than the 1"):
        table.refresh(RefreshKind.INITIAL, *files)


def test_rows_of_a_key_of_several_columns_are_told_apart_by_all_of_them(lake: Lake) -> None:
    table = composite(lake, "composite")
    table.load([("I", 1, "a"), ("I", 1, "b"), ("I", 2, "a")])
    table.changes("20260101-000000001", [("D", 1, "b"), ("I", 2, "b")])
    assert table.rows() == [(1, "a"), (2, "a"), (2, "b")]


def test_config_of_the_writer_names_the_bucket_by_its_role(lake: Lake) -> None:
    placed: list[str] = []

    def opened(definition: TableDefinition) -> NativeIcebergTable:
        placed.append(definition.location)
        return NativeIcebergTable(lake.catalog, definition)

    config: RawTableConfig = replace(CONFIG, raw_database_s3_bucket="raw")
    assert NativeTableWriter(opened, Files().open, {"raw": "physical-1"}).last_refresh(config) is None
    assert placed == ["s3://physical-1/raw/t"]


def test_table_that_became_one_of_hudi_after_the_plan_is_left_to_spark(lake: Lake) -> None:
    table = Table(lake, "became_hudi", table_format="hudi")
    with pytest.raises(BeyondEngineError, match="format hudi, which Spark alone writes"):
        table.load([("I", 1, "a")])
    assert not lake.reader.table_exists((DATABASE, "became_hudi"))
