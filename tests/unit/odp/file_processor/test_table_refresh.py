"""What a run does to one table, and what the next run makes of a run that died in between (rules 1, 5, 8 and 9)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from odp.errors import LeaseLostError
from odp.file_processor.table_refresh import TableRefresher
from odp.listings import TableListing
from odp.records import FileType, LandedFile, PendingFiles, RawTableConfig
from odp.refreshes import BookEntry, CommittedRefresh, Lease, Refresh, RefreshOutcome, RefreshStatus, RowCounts

from tests.unit.odp.samples import table_config

CONFIG = table_config()
NOW = datetime.now(UTC).isoformat()


class Killed(BaseException):
    """The process ends here: nothing catches it, as nothing catches SIGKILL."""


def file(number: int) -> LandedFile:
    key = f"s/t/20260101-{number:09d}.parquet"
    return LandedFile(
        "s.t", f"f{number}", FileType.CHANGES, "s", "t", "staging", key, 1, "", f"2026-01-01T00:00:{number:02}Z"
    )


@dataclass
class World:
    """Ledger, leases and table in memory; `die_at` names the step before which the process is killed."""

    pending: dict[str, LandedFile] = field(default_factory=dict)
    history: dict[str, str] = field(default_factory=dict)
    commits: list[Refresh] = field(default_factory=list)
    catalog: int = 0
    owner: str | None = None
    outcomes: dict[str, RefreshOutcome] = field(default_factory=dict)
    refused: str = ""
    die_at: str = ""
    fail_at: str = ""
    fail_with: str = "\nin many lines"
    lose_lease_at: str = ""
    written_with: Mapping[str, str] | None = None
    unannounced: Sequence[LandedFile] = ()
    announced_meanwhile: Sequence[LandedFile] = ()
    looked_behind: list[str] = field(default_factory=list)

    def reach(self, step: str) -> None:
        if step == self.die_at:
            raise Killed
        if step == self.fail_at:
            raise RuntimeError(f"{step} failed{self.fail_with}")
        if step == self.lose_lease_at:
            self.owner = "another run"

    # FileTracker
    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        return PendingFiles(tuple(self.pending.values()), is_all=True, registrations=len(self.pending))

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        return []

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        return []

    # Reconciler
    def of_table(self, pending: Sequence[LandedFile], newest_change_file: str) -> TableListing:
        self.pending |= {landed.file_id: landed for landed in (*self.unannounced, *self.announced_meanwhile)}
        self.looked_behind.append(newest_change_file)
        return TableListing(len(self.unannounced), len(self.unannounced))

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        return {}

    # TableLeases
    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        if self.owner is not None:
            return None
        self.owner = owner
        return Lease(qualified_name, owner, 1, 0.0, written_with=self.written_with)

    def renew(self, lease: Lease) -> None:
        self.reach("renew")
        if self.owner != lease.owner:
            raise LeaseLostError("taken over")

    # RefreshBooks
    def enter(self, lease: Lease, entry: BookEntry) -> None:
        self.reach("books")
        if self.owner != lease.owner:
            raise LeaseLostError("taken over")
        for moved in entry.files:
            self.pending.pop(moved.file_id, None)
            self.history[moved.file_id] = lease.owner
        self.outcomes[lease.owner] = entry.outcome
        if entry.closes:
            self.owner = None
            self.written_with = entry.written_with or self.written_with
            self.refused = entry.outcome.error if entry.refused else ""

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        self.outcomes[run_id] = outcome

    # TableWriter
    def last_refresh(self, config: RawTableConfig) -> CommittedRefresh | None:
        if not self.commits:
            return None
        last = self.commits[-1]
        return CommittedRefresh(str(len(self.commits)), last.file_ids, last.state, RowCounts(inserted=len(last.files)))

    def apply(self, config: RawTableConfig, refresh: Refresh, check_lease: Callable[[], None]) -> CommittedRefresh:
        self.reach("write")
        check_lease()
        self.reach("commit")
        self.commits.append(refresh)
        committed = self.last_refresh(config)
        assert committed is not None
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        self.reach("catalog")
        self.catalog = len(self.commits)
        return str(self.catalog)

    def refresh(self, run_id: str = "run-1", config: RawTableConfig = CONFIG) -> RefreshOutcome | None:
        return TableRefresher(self, self, self, self, self, run_id).refresh(config)


def world(*numbers: int, **state: Any) -> World:
    return World(pending={f"f{number}": file(number) for number in numbers}, **state)


def test_pending_files_become_one_commit_and_move_to_history() -> None:
    lake = world(1, 2)
    outcome = lake.refresh()
    assert outcome is not None
    assert (outcome.status, outcome.files, outcome.counts) == (RefreshStatus.COMPLETED, 2, RowCounts(inserted=2))
    assert (len(lake.commits), lake.catalog, lake.pending, lake.owner) == (1, 1, {}, None)
    assert lake.history == {"f1": "run-1", "f2": "run-1"}


def test_table_without_pending_files_is_not_written() -> None:
    lake = world()
    lake.refresh()
    assert lake.commits == []


def test_table_that_another_run_holds_is_left_alone_without_an_outcome() -> None:
    lake = world(1, owner="another run")
    assert lake.refresh() is None
    assert (lake.commits, lake.outcomes) == ([], {})


def test_rule_2_file_without_an_event_is_found_beside_the_pending_ones_and_applied_with_them() -> None:
    lake = world(1, 3, unannounced=[file(2)])
    outcome = lake.refresh()
    assert outcome is not None
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2", "f3"]]
    assert (outcome.files, lake.pending) == (3, {})
    lake.pending["f4"], lake.unannounced = file(4), ()
    lake.refresh("run-2")
    assert lake.looked_behind == ["", file(3).name]


def test_file_whose_late_event_is_faster_than_the_listing_is_applied_with_the_pending_ones() -> None:
    lake = world(1, 3, announced_meanwhile=[file(2)])
    lake.refresh()
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2", "f3"]]


def test_table_whose_reload_is_not_complete_is_left_as_it_is_with_its_files_pending() -> None:
    part = replace(file(1), file_type=FileType.FULL_LOAD, key="s/t/LOAD00000001.parquet", landed_at=NOW)
    lake = world()
    lake.pending["f1"] = part
    lake.refresh()
    lake.pending["f2"] = replace(part, file_id="f2", sequencer="0A")
    outcome = lake.refresh("run-2")
    assert outcome is not None
    assert (outcome.status, outcome.files, list(lake.pending)) == (RefreshStatus.COMPLETED, 0, ["f2"])
    assert len(lake.commits) == 1


def test_change_of_a_generation_that_has_ended_moves_to_history_without_a_commit() -> None:
    part = replace(file(1), file_type=FileType.FULL_LOAD, key="s/t/LOAD00000001.parquet", landed_at=NOW)
    lake = world()
    lake.pending["f1"] = part
    lake.refresh()
    lake.pending["f2"] = file(2)
    outcome = lake.refresh("run-2")
    assert outcome is not None
    assert (outcome.files, lake.pending, len(lake.commits), lake.history["f2"]) == (1, {}, 1, "run-2")


def test_run_that_loses_its_lease_while_it_reads_commits_nothing() -> None:
    lake = world(1, lose_lease_at="write")
    outcome = lake.refresh()
    assert outcome is not None
    assert (outcome.status, lake.commits, list(lake.pending)) == (RefreshStatus.ERROR, [], ["f1"])


@pytest.mark.parametrize("step", ["commit", "catalog", "books"])
def test_run_killed_before_any_step_is_completed_by_the_next_with_every_file_in_one_commit(step: str) -> None:
    lake = world(1, 2, die_at=step)
    with pytest.raises(Killed):
        lake.refresh("killed")
    lake.die_at, lake.owner = "", None  # the lease expires
    outcome = lake.refresh("next")
    assert outcome is not None
    assert outcome.status is RefreshStatus.COMPLETED
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2"]]
    assert (lake.pending, lake.catalog, outcome.counts) == ({}, 1, RowCounts(inserted=2))


def test_files_that_landed_after_the_killed_run_are_applied_beside_finishing_its_books() -> None:
    lake = world(1, die_at="books")
    with pytest.raises(Killed):
        lake.refresh("killed")
    lake.die_at, lake.owner = "", None
    lake.pending["f2"] = file(2)
    outcome = lake.refresh("next")
    assert outcome is not None
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1"], ["f2"]]
    assert (outcome.files, outcome.counts) == (2, RowCounts(inserted=2))


@pytest.mark.parametrize("step", ["write", "commit", "catalog"])
def test_failing_table_is_marked_with_its_stack_trace_and_keeps_its_unapplied_files(step: str) -> None:
    lake = world(1, fail_at=step)
    outcome = lake.refresh()
    assert outcome is not None
    assert outcome.status is RefreshStatus.ERROR
    assert outcome.error == f"RuntimeError: {step} failed"
    assert "in many lines" in outcome.stack_trace
    assert "f1" in lake.pending
    assert lake.owner is None
    lake.fail_at = ""
    again = lake.refresh("next")
    assert again is not None
    assert (again.status, lake.pending, len(lake.commits)) == (RefreshStatus.COMPLETED, {}, 1)


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        ("\n: java.io.IOException: disk\n\tat a.b(C.java)", " java.io.IOException: disk"),
        ("\n: a.B: c\n\tat d\nCaused by: e.F: g\n\tat h\nCaused by: no Parquet\n\tat i", " Caused by: no Parquet"),
        ("\nin many lines", ""),
    ],
)
def test_failure_inside_the_jvm_is_told_by_the_cause_at_its_root(trace: str, cause: str) -> None:
    outcome = world(1, fail_at="commit", fail_with=trace).refresh()
    assert outcome is not None
    assert outcome.error == f"RuntimeError: commit failed{cause}"


def test_run_that_lost_its_lease_before_the_commit_commits_nothing() -> None:
    lake = world(1, lose_lease_at="renew")
    outcome = lake.refresh()
    assert outcome is not None
    assert (outcome.status, lake.commits) == (RefreshStatus.ERROR, [])
    assert "f1" in lake.pending


def test_run_that_lost_its_lease_after_the_commit_leaves_the_books_to_the_new_owner() -> None:
    lake = world(1, lose_lease_at="catalog")
    outcome = lake.refresh()
    assert outcome is not None
    assert outcome.status is RefreshStatus.ERROR
    assert (len(lake.commits), list(lake.pending), lake.owner) == (1, ["f1"], "another run")


def test_run_that_cannot_write_the_books_fails_and_the_next_one_writes_them() -> None:
    lake = world(1, fail_at="books")
    with pytest.raises(RuntimeError, match="books failed"):
        lake.refresh()
    lake.fail_at, lake.owner = "", None
    outcome = lake.refresh("next")
    assert outcome is not None
    assert (outcome.files, outcome.counts, len(lake.commits)) == (1, RowCounts(inserted=1), 1)


def test_rule_5_counts_of_a_commit_are_in_the_books_once_whenever_its_run_dies() -> None:
    """Found by the history tester: a run that died between the files and its outcome had counted for nobody."""
    for step in ("write", "commit", "catalog", "books"):
        lake = world(1, 2, die_at=step)
        with pytest.raises(Killed):
            lake.refresh("killed")
        lake.die_at, lake.owner = "", None
        lake.pending["f3"] = file(3)
        lake.refresh("next")
        told = [outcome.counts.inserted for outcome in lake.outcomes.values()]
        assert sum(told) == sum(len(commit.files) for commit in lake.commits)
        assert (lake.pending, lake.owner) == ({}, None)


def test_run_that_is_overtaken_between_two_commits_counts_the_one_that_it_finished() -> None:
    lake = world(1, die_at="books")
    with pytest.raises(Killed):
        lake.refresh("killed")
    lake.die_at, lake.owner = "", None
    lake.pending["f2"] = file(2)
    lake.lose_lease_at = "write"
    outcome = lake.refresh("overtaken")
    assert outcome is not None
    assert (outcome.status, outcome.files, outcome.counts) == (RefreshStatus.ERROR, 1, RowCounts(inserted=1))
    assert (lake.outcomes["overtaken"], list(lake.pending)) == (outcome, ["f2"])


def test_table_whose_input_is_refused_goes_into_quarantine_until_it_is_refreshed() -> None:
    lake = world(1)
    lake.refresh()
    lake.pending["f2"] = file(2)
    lake.refresh("run-2", table_config(hudi_primary_key=("OTHER",)))
    assert lake.refused.startswith("RejectedInputError: db.t holds data written with")
    lake.refresh("run-3")
    assert (lake.refused, lake.pending) == ("", {})


def test_books_say_with_which_keys_a_table_was_filled() -> None:
    lake = world(1)
    lake.refresh()
    assert lake.written_with == CONFIG.identity


def test_table_without_a_commit_is_bound_to_nothing() -> None:
    lake = world(1, fail_at="commit")
    lake.refresh()
    assert lake.written_with is None


def test_table_whose_commit_came_through_although_its_writer_failed_is_bound_to_its_keys() -> None:
    lake = world(1, fail_at="catalog")
    lake.refresh()
    assert lake.written_with == CONFIG.identity


def test_table_is_never_written_with_other_keys_than_it_was_filled_with() -> None:
    lake = world(1)
    lake.refresh()
    lake.pending["f2"] = file(2)
    outcome = lake.refresh("run-2", table_config(hudi_primary_key=("OTHER",)))
    assert outcome is not None
    assert outcome.status is RefreshStatus.ERROR
    assert "db.t holds data written with hudi_primary_key 'ID', but is configured otherwise now" in outcome.error
    assert (len(lake.commits), set(lake.pending), lake.written_with) == (1, {"f2"}, CONFIG.identity)
