"""The next run completes a run that died, failed or was overtaken at any step (rules 1, 5, 8, 9)."""

from dataclasses import replace

import pytest
from odp.file_processor.selection.late_files import Limits
from odp.records import FileStatus, PendingFiles, RawTableConfig
from odp.refresh import LastCommit, RefreshStatus, RowCounts

from tests.unit.odp.file_processor.refresh_world import CONFIG, World, add, file, killed, part, world


def test_run_that_loses_its_lease_while_it_reads_commits_nothing() -> None:
    lake = world(1, lose_lease_at="write")
    outcome = lake.refreshed()
    assert (outcome.status, lake.commits, list(lake.pending)) == (RefreshStatus.ERROR, [], ["f1"])


@pytest.mark.parametrize("step", ["commit", "catalog", "run_log"])
def test_run_killed_before_any_step_is_completed_by_the_next_with_every_file_in_one_commit(step: str) -> None:
    lake = world(1, 2)
    killed(lake, step)
    outcome = lake.refreshed("next")
    assert outcome.status is RefreshStatus.COMPLETED
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2"]]
    assert (lake.pending, lake.catalog, outcome.counts) == ({}, 1, RowCounts(inserted=2))


def test_files_that_landed_after_the_killed_run_are_applied_beside_recording_its_end() -> None:
    lake = world(1)
    killed(lake, "run_log")
    lake.pending["f2"] = file(2)
    outcome = lake.refreshed("next")
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1"], ["f2"]]
    assert (outcome.files, outcome.counts) == (2, RowCounts(inserted=2))


@pytest.mark.parametrize("step", ["catalog", "run_log"])
def test_file_that_a_person_skips_although_a_killed_run_committed_it_is_recorded_as_applied(step: str) -> None:
    lake = world(1, 2)
    killed(lake, step)
    lake.history["f1"] = replace(lake.pending.pop("f1"), status=FileStatus.SKIPPED, status_reason="given up")
    lake.pending["f3"] = file(3)
    lake.refreshed("next")
    assert {name: moved.status for name, moved in lake.history.items()} == dict.fromkeys(
        ("f1", "f2", "f3"), FileStatus.APPLIED
    )
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2"], ["f3"]]


def test_file_that_a_person_skips_although_it_was_committed_before_the_catalog_failed_is_recorded_as_applied() -> None:
    lake = world(1, fail_at="catalog")
    lake.refreshed()
    lake.fail_at = ""
    lake.history["f1"] = replace(lake.pending.pop("f1"), status=FileStatus.SKIPPED, status_reason="given up")
    lake.pending["f2"] = file(2)
    lake.refreshed("next")
    assert [moved.status for moved in lake.history.values()] == [FileStatus.APPLIED] * 2
    assert lake.history["f1"].status_reason == ""


def test_load_that_is_held_before_the_commit_of_an_earlier_run_lands_late_is_recorded_as_applied() -> None:
    """Found by the history tester: the parts were approved later, and applied a second time."""
    lake = world()
    add(lake, part(1))
    killed(lake, "run_log")
    (load,) = lake.pending.values()
    lake.history[load.file_id] = lake.pending.pop(load.file_id).held("its parts came before")
    add(lake, part(2))
    lake.refreshed("next")
    assert {(moved.status, moved.status_reason) for moved in lake.history.values()} == {(FileStatus.APPLIED, "")}
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["p1.v1"], ["p2.v1"]]


@pytest.mark.parametrize("step", ["write", "commit"])
def test_file_that_a_person_skips_before_it_was_committed_stays_skipped(step: str) -> None:
    lake = world(1)
    killed(lake, step)
    lake.history["f1"] = replace(lake.pending.pop("f1"), status=FileStatus.SKIPPED, status_reason="given up")
    lake.pending["f2"] = file(2)
    lake.refreshed("next")
    assert (lake.history["f1"].status, lake.history["f2"].status) == (FileStatus.SKIPPED, FileStatus.APPLIED)


@pytest.mark.parametrize("step", ["write", "commit", "catalog"])
def test_failing_table_is_marked_with_its_stack_trace_and_keeps_its_unapplied_files(step: str) -> None:
    lake = world(1, fail_at=step)
    outcome = lake.refreshed()
    assert outcome.status is RefreshStatus.ERROR
    assert outcome.error == f"RuntimeError: {step} failed"
    assert "in many lines" in outcome.stack_trace
    assert "f1" in lake.pending
    assert lake.owner is None
    lake.fail_at = ""
    again = lake.refreshed("next")
    assert (again.status, lake.pending, len(lake.commits)) == (RefreshStatus.COMPLETED, {}, 1)


def test_run_that_fails_before_it_knows_what_an_earlier_one_committed_leaves_it_to_the_next_which_is_planned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake = world(1)
    killed(lake, "run_log")
    asked: list[str] = []

    def throttled_once(source_table_name: str, most_changes: int) -> PendingFiles:
        asked.append(source_table_name)
        if len(asked) == 1:
            raise RuntimeError("too many requests")
        return World.pending_files(lake, source_table_name, most_changes)

    monkeypatch.setattr(lake, "pending_files", throttled_once)
    assert (lake.refreshed("next").status, list(lake.pending)) == (RefreshStatus.ERROR, ["f1"])
    assert (lake.refreshed("planned").status, lake.pending, len(lake.commits)) == (RefreshStatus.COMPLETED, {}, 1)


def test_run_that_fails_when_another_one_has_applied_all_has_completed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by the history tester: its execution was stopped, and the next one did its work."""
    lake = world(1)
    lake.refresh()
    last_refresh = lake.last_refresh
    answers = iter([RuntimeError("no answer")])

    def silent_once(config: RawTableConfig) -> LastCommit | None:
        for failure in answers:
            raise failure
        return last_refresh(config)

    monkeypatch.setattr(lake, "last_refresh", silent_once)
    assert lake.refreshed("late").status is RefreshStatus.COMPLETED


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        ("\n: java.io.IOException: disk\n\tat a.b(C.java)", " java.io.IOException: disk"),
        ("\n: a.B: c\n\tat d\nCaused by: e.F: g\n\tat h\nCaused by: no Parquet\n\tat i", " Caused by: no Parquet"),
        ("\nin many lines", ""),
    ],
)
def test_failure_inside_the_jvm_is_told_by_the_cause_at_its_root(trace: str, cause: str) -> None:
    outcome = world(1, fail_at="commit", fail_with=trace).refreshed()
    assert outcome.error == f"RuntimeError: commit failed{cause}"


def test_run_that_lost_its_lease_before_the_commit_commits_nothing() -> None:
    lake = world(1, lose_lease_at="renew")
    outcome = lake.refreshed()
    assert (outcome.status, lake.commits) == (RefreshStatus.ERROR, [])
    assert "f1" in lake.pending


def test_run_that_lost_its_lease_after_the_commit_leaves_the_record_to_the_new_owner() -> None:
    lake = world(1, lose_lease_at="catalog")
    outcome = lake.refreshed()
    assert outcome.status is RefreshStatus.ERROR
    assert (len(lake.commits), list(lake.pending), lake.owner) == (1, ["f1"], "another run")


def test_run_that_cannot_write_its_record_fails_and_the_next_one_writes_it() -> None:
    lake = world(1, fail_at="run_log")
    with pytest.raises(RuntimeError, match="run_log failed"):
        lake.refresh()
    lake.fail_at, lake.owner = "", None
    outcome = lake.refreshed("next")
    assert (outcome.files, outcome.counts, len(lake.commits)) == (1, RowCounts(inserted=1), 1)


def test_rule_5_counts_of_a_commit_are_recorded_once_whenever_its_run_dies() -> None:
    """Found by the history tester: a run that died between the files and its outcome had counted for nobody."""
    for step in ("write", "commit", "catalog", "run_log"):
        lake = world(1, 2)
        killed(lake, step)
        lake.pending["f3"] = file(3)
        lake.refresh("next")
        told = [outcome.counts.inserted for outcome in lake.outcomes.values()]
        assert sum(told) == sum(len(commit.files) for commit in lake.commits)
        assert (lake.pending, lake.owner) == ({}, None)


def test_run_that_is_overtaken_between_two_commits_counts_the_one_that_it_finished() -> None:
    lake = world(1)
    killed(lake, "run_log")
    lake.pending["f2"] = file(2)
    lake.lose_lease_at = "write"
    outcome = lake.refreshed("overtaken")
    assert (outcome.status, outcome.files, outcome.counts) == (RefreshStatus.ERROR, 1, RowCounts(inserted=1))
    assert (lake.outcomes["overtaken"], list(lake.pending)) == (outcome, ["f2"])


def test_table_without_a_commit_is_bound_to_nothing() -> None:
    lake = world(1, fail_at="commit")
    lake.refresh()
    assert lake.written_with is None


def test_table_whose_commit_came_through_although_its_writer_failed_is_bound_to_its_keys() -> None:
    lake = world(1, commits_and_fails=True)
    outcome = lake.refreshed()
    assert (outcome.status, len(lake.commits), set(lake.pending)) == (RefreshStatus.ERROR, 1, {"f1"})
    assert lake.written_with == CONFIG.identity
    lake.commits_and_fails = False
    again = lake.refreshed("next")
    assert (again.status, again.counts, len(lake.commits), lake.pending) == (
        RefreshStatus.COMPLETED,
        RowCounts(inserted=1),
        1,
        {},
    )


def test_table_that_cannot_be_asked_whether_a_failed_write_committed_is_closed_without_its_keys() -> None:
    lake = world(1, fail_at="write")
    asked: list[str] = []

    class Silent(type(lake)):  # type: ignore[misc]
        def last_refresh(self, config: object) -> None:
            asked.append("once")
            if len(asked) > 1:
                raise RuntimeError("no answer")

    lake.__class__ = Silent
    assert lake.refreshed().error == "RuntimeError: write failed"
    assert (lake.written_with, lake.owner, len(asked)) == (None, None, 2)


@pytest.mark.parametrize("step", ["commit", "catalog", "run_log"])
def test_backlog_whose_run_is_killed_is_finished_by_the_next_with_every_file_in_one_commit(step: str) -> None:
    lake = world(*range(1, 6), limits=Limits(files=2))
    killed(lake, step)
    outcome = lake.refreshed("next")
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2"], ["f3", "f4"], ["f5"]]
    assert (outcome.status, outcome.files, lake.pending) == (RefreshStatus.COMPLETED, 5, {})
    assert outcome.counts == RowCounts(inserted=5)


def test_files_set_aside_beside_a_commit_are_set_aside_by_the_run_after_a_killed_one() -> None:
    lake = world()
    add(lake, file(1), part(1, minutes_ago=60))
    killed(lake, "run_log")
    lake.refresh("next")
    assert {file_id: moved.status for file_id, moved in lake.history.items()} == {
        "f1": FileStatus.SKIPPED,
        "p1.v1": FileStatus.APPLIED,
    }
    assert (lake.pending, len(lake.commits)) == ({}, 1)
