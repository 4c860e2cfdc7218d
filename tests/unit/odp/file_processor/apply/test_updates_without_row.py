"""Rule 6: what says of an update that its row was not there, and when that is worth a report (F8)."""

import logging
from dataclasses import replace

import pytest
from odp.file_processor.apply.commit_proof import (
    ExistingTable,
    FinalRows,
    may_count_updates_without_row,
    proof_of_final_rows,
    read_final_rows,
)
from odp.file_processor.apply.source_columns import NamedColumns
from odp.records import FileStatus
from odp.refresh import RefreshKind, RefreshPlan, RowCounts, TableState

from lake.tables.columns import BIGINT
from tests.unit.odp.file_processor.landings import Table, change, load
from tests.unit.odp.file_processor.refresh_world import file, killed, part, world

TABLE = ExistingTable({"ID": BIGINT}, "LOAD00000001.parquet", file(1).name)
PLAIN = NamedColumns({"ID": BIGINT}, {"ID": "ID"}, {})
CHANGES = RefreshPlan(RefreshKind.CHANGES, (file(2), file(3)), (), TableState(1))


@pytest.mark.parametrize(
    ("final", "written", "expected"),
    [
        pytest.param(FinalRows(5, 0), RowCounts(2, 3, 0), 2, id="2 new rows, 3 updated in place"),
        pytest.param(FinalRows(5, 2), RowCounts(2, 3, 0), 0, id="the new rows are inserts"),
        pytest.param(FinalRows(4, 0), RowCounts(1, 0, 4), 0, id="4 deletes, of which one is of an unknown key"),
        pytest.param(FinalRows(4, 0), RowCounts(0, 0, 4), 0, id="the same in a new data file"),
        pytest.param(FinalRows(3, 0), RowCounts(3, 0, 3), 0, id="3 rows move to other partitions"),
        pytest.param(FinalRows(7, 1), RowCounts(5, 1, 4), 1, id="1 inserted, 1 updated, 2 deleted, 2 moved, 1 unknown"),
        pytest.param(FinalRows(3, 3), RowCounts(1, 2, 0), 0, id="inserts of known keys, which DMS wrote again"),
        pytest.param(FinalRows(3, 0), RowCounts(0, 2, 0), 0, id="statistics that do not add up"),
    ],
)
def test_final_rows_that_are_neither_written_over_nor_deleted_nor_inserted_are_updates_without_a_row(
    final: FinalRows, written: RowCounts, expected: int
) -> None:
    assert final.updates_without_row(written) == expected


def test_numbers_come_back_from_the_commit_and_other_commits_have_none() -> None:
    assert read_final_rows(proof_of_final_rows(FinalRows(5, 2))) == FinalRows(5, 2)
    assert read_final_rows({}) is None


def test_newer_changes_of_a_table_with_a_load_and_changes_are_counted() -> None:
    assert may_count_updates_without_row(CHANGES, TABLE, [PLAIN])


@pytest.mark.parametrize(
    ("refresh", "table"),
    [
        pytest.param(CHANGES, None, id="no table"),
        pytest.param(CHANGES, replace(TABLE, newest_load=""), id="no load"),
        pytest.param(CHANGES, replace(TABLE, newest_change=""), id="first changes after a load"),
        pytest.param(replace(CHANGES, kind=RefreshKind.RELOAD), TABLE, id="reload"),
        pytest.param(replace(CHANGES, awaits_load=True), TABLE, id="a load waits"),
        pytest.param(replace(CHANGES, files=(part(2), file(2))), TABLE, id="a late part of the load"),
        pytest.param(replace(CHANGES, files=(file(1),), replayed=(file(2),)), TABLE, id="a late file"),
        pytest.param(replace(CHANGES, replayed=(file(1),)), TABLE, id="files read again"),
    ],
)
def test_nothing_is_counted_where_an_update_may_miss_its_row_for_another_reason(
    refresh: RefreshPlan, table: ExistingTable | None
) -> None:
    assert not may_count_updates_without_row(refresh, table, [PLAIN])


def test_nothing_is_counted_if_a_file_has_before_images() -> None:
    images = replace(PLAIN, before_images={"ID": ("BI_ID", BIGINT)})
    assert not may_count_updates_without_row(CHANGES, TABLE, [PLAIN, images])


def test_changes_await_a_load_while_parts_of_it_are_pending_or_held() -> None:
    table = Table()
    table.take(load(1, 1), change(1, 2))
    assert not table.select(change(2, 3)).awaits_load
    assert table.select(change(2, 90_000), load(1, 90_001), now=90_002).awaits_load
    held = replace(load(1, 90_001), status=FileStatus.HELD)
    table.history[held.file_id] = held
    assert table.select(change(2, 90_003), now=95_000).awaits_load


def test_updates_without_a_row_are_told_with_their_table_number_and_remedy(caplog: pytest.LogCaptureFixture) -> None:
    lake = world(1, updates_without_row=3)
    assert lake.refreshed().counts == RowCounts(inserted=1, updates_without_row=3)
    (told,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert told.getMessage().startswith("db.t: 3 updates were of keys that the table did not have")
    assert "add-before-image-columns" in told.getMessage()
    assert "load the table again" in told.getMessage()


def test_nothing_is_told_of_a_commit_without_such_updates(caplog: pytest.LogCaptureFixture) -> None:
    world(1).refreshed()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("step", ["catalog", "run_log"])
def test_updates_without_a_row_are_told_by_the_next_run_if_one_dies_after_its_commit(
    step: str, caplog: pytest.LogCaptureFixture
) -> None:
    lake = world(1, updates_without_row=3)
    killed(lake, step)
    caplog.clear()
    assert lake.refreshed("next").counts.updates_without_row == 3
    assert "db.t: 3 updates" in caplog.text
