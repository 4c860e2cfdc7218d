"""Whatever happens to a commit, the table is whole, its proof tells the truth, and the next run ends right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lake.errors import CommitUnknownError, LakeError, LeaseLostError, TableMovedError
from lake.tables.change import ChangeKind
from lake.tables.iceberg_native.row_change import RowChange
from lake.tables.iceberg_native.table import NativeIcebergTable
from tests.unit.lake.iceberg_native.lake import (
    AFTER,
    BEFORE,
    CHANGES,
    NEW,
    ROWS,
    SCHEMA,
    Lake,
    LakeTable,
    arrow,
    columns,
    nothing,
    refresh,
)
from tests.unit.lake.iceberg_native.observed import Calls, Killed, failing_at

pytestmark = pytest.mark.simulation

WIDER = f"{SCHEMA}, PRICE decimal(12,4)"
OLD = {"odp.file_ids": '["f1"]'}


class LostError(OSError):
    """The connection was cut."""


def assert_whole(table: LakeTable) -> bool:
    """Every file that the table refers to is there, and the proof is that of the rows; tells whether they are new."""
    stored = table.stored
    for snapshot in stored.metadata.snapshots:
        for manifest in snapshot.manifests(stored.io):
            for entry in manifest.fetch_manifest_entry(stored.io):
                assert Path(entry.data_file.file_path.removeprefix("file://")).is_file()
    is_new = table.commit().proof == NEW
    assert table.rows() == (AFTER if is_new else BEFORE)
    return is_new


def cut(table: LakeTable, at: Callable[[str], None]) -> BaseException | None:
    """Run until something breaks."""
    try:
        with Calls.watched(at):
            refresh(table)
    except (OSError, LakeError, Killed) as failure:
        return failure
    return None


def steps(lake: Lake) -> list[str]:
    """Every call of the catalog and of files that a run makes, in order."""
    table = lake.table()
    table.change(ROWS, proof=OLD)
    with Calls.watched() as seen:
        refresh(table)
    return [*seen]


@pytest.mark.parametrize("failure", [Killed(), LostError("cut")], ids=["killed", "failed"])
def test_rule_8_run_that_breaks_at_any_step_leaves_a_whole_table_and_the_next_run_ends_right(
    lake: Lake, failure: BaseException
) -> None:
    names = steps(lake)
    assert {"read data", "write data", "write manifest", "write list", "write metadata"} < set(names)
    assert {"ask for commit", "answer of commit"} < set(names)
    landed: dict[str, bool] = {}
    for number, name in enumerate(names):
        table = lake.table()
        table.change(ROWS, proof=OLD)
        cut(table, failing_at(number, failure))
        landed[f"{number} {name}"] = assert_whole(table)
        assert refresh(table) == ("found in the table" if landed[f"{number} {name}"] else "applied")
        assert assert_whole(table)
    assert next(name for name, is_new in landed.items() if is_new).endswith("answer of commit")


def test_run_that_breaks_while_it_makes_the_table_leaves_none_or_all(lake: Lake) -> None:
    def first(table: LakeTable) -> None:
        if table.native.existing() is None:
            table.change(ROWS, proof=OLD)

    with Calls.watched() as seen:
        first(lake.table())
    for number, name in enumerate([*seen]):
        table = lake.table()
        with pytest.raises(Killed), Calls.watched(failing_at(number, Killed())):
            first(table)
        assert (table.native.existing() is not None) is (name == "answer of commit")
        first(table)
        assert (table.rows(), table.commit().proof) == (BEFORE, OLD)


def test_trap_t1_lost_answer_of_a_commit_that_landed_is_success_and_deletes_nothing(loaded: LakeTable) -> None:
    def at(what: str) -> None:
        if what == "answer of commit":
            message = "the answer was lost"
            raise LostError(message)

    assert cut(loaded, at) is None
    assert assert_whole(loaded)


def test_trap_t1_commit_that_is_sent_again_after_it_landed_and_is_refused_is_success(
    loaded: LakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 repeats a request whose answer was lost; the catalog refuses it, because the table has moved: to itself."""
    once = type(loaded.lake.catalog).commit_table

    def twice(self: Any, *request: Any) -> Any:
        once(self, *request)
        return once(self, *request)

    monkeypatch.setattr(type(loaded.lake.catalog), "commit_table", twice)
    with Calls.watched() as seen:
        refresh(loaded)
    assert not [name for name in seen if name.startswith("delete")]
    assert assert_whole(loaded)


@pytest.mark.parametrize("retries", ["0", "4"])
def test_trap_t1_what_a_table_says_of_retries_changes_nothing(loaded: LakeTable, retries: str) -> None:
    loaded.stored.transaction().set_properties({"commit.retry.num-retries": retries}).commit_transaction()

    def at(what: str) -> None:
        if what == "answer of commit":
            raise LostError

    assert cut(loaded, at) is None
    assert assert_whole(loaded)


def test_trap_t1_table_that_cannot_be_read_after_a_lost_answer_leaves_the_outcome_open(loaded: LakeTable) -> None:
    asked: list[str] = []

    def at(what: str) -> None:
        asked.append(what)
        if "answer of commit" in asked:
            raise LostError(what)

    assert isinstance(cut(loaded, at), CommitUnknownError)
    assert assert_whole(loaded)
    assert refresh(loaded) == "found in the table"


def test_trap_t1_commit_that_never_landed_is_told_as_unknown_and_can_be_made_again(loaded: LakeTable) -> None:
    def at(what: str) -> None:
        if what == "ask for commit":
            raise LostError(what)

    failure = cut(loaded, at)
    assert isinstance(failure, CommitUnknownError)
    assert "ask for commit" in str(failure)
    assert not assert_whole(loaded)
    assert refresh(loaded) == "applied"


def test_failure_to_delete_old_files_does_not_fail_a_commit_that_landed(loaded: LakeTable) -> None:
    loaded.stored.transaction().set_properties({"write.metadata.previous-versions-max": "1"}).commit_transaction()
    loaded.change([("U", 1, 10, "north")], proof=OLD)

    def at(what: str) -> None:
        if what.startswith("delete"):
            raise LostError(what)

    assert cut(loaded, at) is None
    assert assert_whole(loaded)


def other_refresh(table: LakeTable) -> None:
    table.change([("U", 1, 99, "south"), ("I", 50, 50, None)], proof={"odp.file_ids": '["other"]'})


def refresh_without_rows(table: LakeTable) -> None:
    table.change([], proof={"odp.file_ids": '["other"]'})


def added_column(table: LakeTable) -> None:
    from pyiceberg.types import StringType

    with table.stored.update_schema() as update:
        update.add_column("EXTRA", StringType())


def compaction(table: LakeTable) -> None:
    table.stored.overwrite(table.stored.scan().to_arrow())


FOREIGN = [other_refresh, refresh_without_rows, added_column, compaction]


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda foreign: foreign.__name__)
@pytest.mark.parametrize("step", ["write data", "write list", "ask for commit"])
def test_paused_run_that_commits_late_is_refused_and_changes_nothing(
    loaded: LakeTable, step: str, foreign: Callable[[LakeTable], None]
) -> None:
    """Nothing puts a merge onto another state of the table than it read."""
    held: list[Any] = []

    def at(what: str) -> None:
        if what == step and not held:
            held.append(what)
            foreign(loaded)
            held.append((loaded.rows(), loaded.commit()))

    failure = cut(loaded, at)
    assert isinstance(failure, TableMovedError), failure
    assert (loaded.rows(), loaded.commit()) == held[1]


def test_paused_run_that_commits_late_inside_the_catalog_is_refused(loaded: LakeTable) -> None:
    """The catalog has read the table for this commit, and another commit comes before it is written."""
    held: list[str] = []

    def at(what: str) -> None:
        if what == "write metadata" and not held:
            held.append(what)
            other_refresh(loaded)

    assert isinstance(cut(loaded, at), TableMovedError)
    assert loaded.commit().proof == {"odp.file_ids": '["other"]'}


def test_run_of_an_older_lease_than_the_newest_commit_is_refused_before_it_writes(loaded: LakeTable) -> None:
    def lost() -> None:
        raise LeaseLostError

    loaded.change([("U", 1, 99, "south")], fence=2)
    with pytest.raises(LeaseLostError), Calls.watched() as seen:
        loaded.change(CHANGES, fence=1, check_lease=lost)
    assert not [name for name in seen if name.startswith("write")]


def test_run_whose_ledger_was_restored_from_a_backup_goes_on(loaded: LakeTable) -> None:
    """Its token is less than that of the table's newest commit, but the ledger says that it holds the lease."""
    loaded.change([("U", 1, 99, "south")], fence=7)
    loaded.change(CHANGES, fence=1)
    assert loaded.rows() == AFTER


def test_two_writers_at_once_one_wins_and_the_other_is_refused(loaded: LakeTable) -> None:
    one, other = loaded.native, loaded.native
    assert one.existing() == other.existing()
    first = RowChange(ChangeKind.MERGE, arrow([("U", 1, 1, "north"), ("I", 8, 8, None)]), columns(SCHEMA), NEW)
    second = RowChange(ChangeKind.MERGE, arrow([("D", 1, None, None)]), columns(SCHEMA), {"odp.file_ids": '["g"]'})
    one.apply(first, nothing)
    with pytest.raises(TableMovedError):
        other.apply(second, nothing)
    assert loaded.rows("ID", "V") == [(1, 1), (2, 20), (3, 30), (8, 8)]
    assert loaded.commit().proof == NEW


def test_two_writers_that_make_the_table_at_once_one_wins(table: LakeTable) -> None:
    one, other = table.native, table.native
    assert one.existing() is None
    assert other.existing() is None
    change = RowChange(ChangeKind.MERGE, arrow(ROWS), columns(SCHEMA), OLD)
    one.apply(change, nothing)
    with pytest.raises(TableMovedError):
        other.apply(change, nothing)
    assert table.rows() == BEFORE


def test_trap_t9_table_that_was_dropped_and_made_again_is_not_taken_for_the_former(loaded: LakeTable) -> None:
    native = loaded.native
    assert native.existing() is not None
    loaded.lake.reader.drop_table(("lake", loaded.definition.name))
    loaded.change([("I", 7, 70, "east")])
    with pytest.raises(TableMovedError):
        native.apply(RowChange(ChangeKind.MERGE, arrow(CHANGES), columns(SCHEMA), NEW), nothing)
    assert loaded.rows() == [(7, 70, "east")]


def test_table_that_was_dropped_meanwhile_is_not_made_again_by_a_merge(loaded: LakeTable) -> None:
    native: NativeIcebergTable = loaded.native
    assert native.existing() is not None
    loaded.lake.reader.drop_table(("lake", loaded.definition.name))
    with pytest.raises(TableMovedError):
        native.apply(RowChange(ChangeKind.MERGE, arrow(CHANGES), columns(SCHEMA), NEW), nothing)
    assert loaded.native.existing() is None


def test_schema_change_and_rows_are_one_commit(loaded: LakeTable) -> None:
    """A run that breaks leaves no column of a change whose rows the table lacks."""
    for step in ("write data", "write list", "ask for commit", "write metadata"):
        with pytest.raises(Killed), Calls.watched(killed_at(step)):
            loaded.change([("U", 1, 11, "south", None)], WIDER)
        assert [field.name for field in loaded.stored.schema().fields] == ["Op", "ID", "V", "REGION"]


def killed_at(step: str) -> Callable[[str], None]:
    def at(what: str) -> None:
        if what == step:
            raise Killed

    return at
