"""What a run does to one table: commits of bounded size, files set aside, refusals (rules 1, 4, 5, 9, 11 and 13)."""

from dataclasses import replace
from typing import Any

import pytest
from odp.file_processor.selection.late_files import Limits
from odp.file_processor.selection.readability import entries_of
from odp.records import FileStatus, LandedFile, QuarantineKind, SkipReason
from odp.refresh import RefreshKind, RefreshPlan, RefreshStatus, RowCounts, TableState

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.refresh_world import CONFIG, FENCE, World, add, file, killed, part, world
from tests.unit.odp.samples import table_config

TODAYS_RELEASE = {
    "source_table_name": "s.t",
    "hudi_primary_key": "ID",
    "hudi_partition_key": "",
    "hudi_table_type": "copy_on_write",
    "table_data_versioning_type": "S",
    "table_storage_type": "hudi",
    "raw_database_S3_bucket": "raw-bucket-111122223333-eu-central-1",
}
"""What the release before stored of CONFIG: the bucket by its physical name."""


def test_pending_files_become_one_commit_and_move_to_history() -> None:
    lake = world(1, 2)
    outcome = lake.refreshed()
    assert (outcome.status, outcome.files, outcome.counts) == (RefreshStatus.COMPLETED, 2, RowCounts(inserted=2))
    assert (len(lake.commits), lake.catalog, lake.pending, lake.owner) == (1, 1, {}, None)
    assert lake.moved_by == {"f1": "run-1", "f2": "run-1"}
    assert {(moved.status, moved.generation) for moved in lake.history.values()} == {(FileStatus.APPLIED, 1)}


def test_rule_8_commit_carries_the_fencing_token_of_the_lease() -> None:
    lake = world(1)
    lake.refresh()
    assert [commit.fence for commit in lake.commits] == [FENCE]


def test_table_without_pending_files_is_not_written() -> None:
    lake = world()
    lake.refresh()
    assert (lake.commits, lake.looked_behind) == ([], [])


def test_table_that_another_run_holds_is_left_alone_without_an_outcome() -> None:
    lake = world(1, owner="another run")
    assert lake.refresh() is None
    assert (lake.commits, lake.outcomes) == ([], {})


def test_rule_2_file_without_an_event_is_found_beside_the_pending_ones_and_applied_with_them() -> None:
    lake = world(1, 3, unannounced=[file(2)])
    outcome = lake.refreshed()
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2", "f3"]]
    assert (outcome.files, lake.pending) == (3, {})
    lake.pending["f4"], lake.unannounced = file(4), ()
    lake.refresh("run-2")
    assert lake.looked_behind == ["", file(3).name]


def test_file_whose_late_event_is_faster_than_the_listing_is_applied_with_the_pending_ones() -> None:
    lake = world(1, 3, announced_meanwhile=[file(2)])
    lake.refresh()
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2", "f3"]]


def test_rule_13_backlog_is_applied_oldest_first_in_several_commits_whose_counts_are_all_told() -> None:
    lake = world(*range(1, 8), limits=Limits(files=3))
    outcome = lake.refreshed()
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f1", "f2", "f3"], ["f4", "f5", "f6"], ["f7"]]
    assert (outcome.files, outcome.counts, lake.pending) == (7, RowCounts(inserted=7), {})
    assert (lake.catalog, lake.owner) == (3, None)


@pytest.mark.parametrize("meanwhile", [file(3), part(2)], ids=["change", "part of a load"])
def test_file_that_lands_amid_a_run_of_several_commits_is_not_taken_for_a_deleted_or_overwritten_one(
    meanwhile: LandedFile,
) -> None:
    """The bucket was listed when the run began."""
    lake = world(1, 2, limits=Limits(files=1), landing_amid_a_commit=[meanwhile])
    lake.pending["p1.v1"] = part(1, 3000, "v1")
    lake.refresh()
    assert (lake.entries, meanwhile.file_id in {*lake.pending, *lake.history}) == ({}, True)
    assert {moved.status for moved in lake.history.values()} == {FileStatus.APPLIED}


@pytest.mark.parametrize("pending", [(part(1, 3000),), (part(1, 3000), part(2, 2999), file(1))])
def test_part_that_is_overwritten_while_a_commit_reads_it_does_not_count_as_applied(
    pending: tuple[LandedFile, ...],
) -> None:
    """Seed 340008472: the next load's part was read under the name of the one before, whose rows are nowhere."""
    newer = part(1, 0, "v2")
    lake = World(landing_amid_a_commit=[newer])
    add(lake, *pending)
    outcome = lake.refreshed()
    first, *others = (lake.history[landed.file_id] for landed in pending)
    assert (first.status, first.status_reason) == (FileStatus.SKIPPED, SkipReason.OVERWRITTEN_AMID)
    assert {moved.status for moved in others} <= {FileStatus.APPLIED}
    assert (newer.file_id in lake.pending, lake.entries, outcome.files) == (True, {}, len(pending))
    lake.refresh("run-2")
    assert lake.history["p1.v1"].status_reason == SkipReason.OVERWRITTEN_AMID


@pytest.mark.parametrize("step", ["catalog", "run_log"])
def test_part_that_is_overwritten_while_a_run_commits_that_dies_does_not_count_as_applied_either(step: str) -> None:
    lake = World(landing_amid_a_commit=[part(1, 0, "v2")])
    add(lake, part(1, 3000), part(2, 2999))
    killed(lake, step)
    lake.refresh("run-2")
    assert lake.history["p1.v1"].status_reason == SkipReason.OVERWRITTEN_AMID
    assert lake.history["p1.v1"].generation == lake.history["p2.v1"].generation == 1
    assert lake.history["p2.v1"].status is FileStatus.APPLIED


def test_part_that_is_deleted_while_a_commit_reads_it_counts_as_applied_since_the_commit_read_it() -> None:
    lake = World(vanishing_amid_a_commit={part(1).key})
    add(lake, part(1, 3000))
    lake.refresh()
    assert lake.history["p1.v1"].status is FileStatus.APPLIED


def test_files_of_a_commit_are_recorded_before_the_next_commit_begins() -> None:
    lake = world(1, 2, 3, limits=Limits(files=1))
    lake.refresh()
    assert [[moved.file_id for moved in entry.files] for entry in lake.recorded] == [["f1"], ["f2"], ["f3"]]
    assert [entry.closes for entry in lake.recorded] == [False, False, True]


def test_table_whose_reload_is_not_complete_is_left_as_it_is_with_its_files_pending() -> None:
    lake = world()
    add(lake, part(1, minutes_ago=60))
    lake.refresh()
    add(lake, part(1, minutes_ago=5, version="v2"))
    outcome = lake.refreshed("run-2")
    assert (outcome.status, outcome.files, list(lake.pending)) == (RefreshStatus.COMPLETED, 0, ["p1.v2"])
    assert len(lake.commits) == 1


def test_change_that_landed_before_the_load_moves_to_history_with_the_reason_and_without_a_commit() -> None:
    lake = world()
    add(lake, part(1))
    lake.refresh()
    add(lake, file(2))
    outcome = lake.refreshed("run-2")
    assert (outcome.files, lake.pending, len(lake.commits), lake.moved_by["f2"]) == (1, {}, 1, "run-2")
    assert lake.history["f2"].status_reason == SkipReason.IN_LOAD


def test_files_that_a_commit_sets_aside_leave_pending_together_with_those_that_it_applies() -> None:
    lake = world()
    add(lake, file(1), part(1, minutes_ago=60), part(2, minutes_ago=60))
    outcome = lake.refreshed()
    assert (outcome.files, outcome.counts, lake.pending) == (3, RowCounts(inserted=2), {})
    assert {file_id: moved.status for file_id, moved in lake.history.items()} == {
        "f1": FileStatus.SKIPPED,
        "p1.v1": FileStatus.APPLIED,
        "p2.v1": FileStatus.APPLIED,
    }


def test_object_deleted_before_it_was_applied_is_skipped_and_kept_in_quarantine_with_the_way_out() -> None:
    lake = world(1, 2, vanished={file(1).key})
    outcome = lake.refreshed()
    assert (outcome.status, outcome.files, lake.pending) == (RefreshStatus.COMPLETED, 2, {})
    assert [sorted(commit.file_ids) for commit in lake.commits] == [["f2"]]
    assert (lake.history["f1"].status, lake.history["f1"].status_reason) == (FileStatus.SKIPPED, SkipReason.VANISHED)
    (entry,) = lake.entries.values()
    assert (entry.kind, entry.entry_id) == (QuarantineKind.SKIPPED_FILE, "f1")
    assert entry.reason.endswith("its new version is applied in its place; removing a delete marker makes none")


def test_object_overwritten_before_it_was_applied_is_skipped_and_nobody_is_bothered() -> None:
    lake = world(2)
    add(lake, file(1), replace(file(1, "v2"), file_id="f1.v2", landed_at="2026-01-01T00:01:00Z"))
    lake.refresh()
    assert (lake.history["f1"].status_reason, lake.entries) == (SkipReason.OVERWRITTEN, {})


def test_reload_that_looks_like_an_accident_is_held_in_quarantine_and_the_changes_go_on() -> None:
    lake = world()
    add(lake, part(1, minutes_ago=120), part(2, minutes_ago=120))
    lake.refresh()
    again = part(1, minutes_ago=60, version="v2")
    add(lake, again, replace(file(9), landed_at="2026-01-01T23:59:00Z"))
    outcome = lake.refreshed("run-2")
    assert (outcome.status, lake.pending, len(lake.commits)) == (RefreshStatus.COMPLETED, {}, 2)
    assert lake.history[again.file_id].status is FileStatus.HELD
    (entry,) = lake.entries.values()
    assert (entry.kind, entry.entry_id) == (QuarantineKind.HELD_LOAD, f"s.t#{again.file_id}")
    assert entry.reason.startswith("s.t: 1 parts of the load that it replaces were not written again")
    assert entry.reason.endswith("; approve or dismiss it: odp reload s.t --approve, or --dismiss")
    assert entry.details["files"] == 1


def test_run_killed_between_the_quarantine_and_its_record_keeps_the_same_entry_again() -> None:
    lake = world()
    add(lake, part(1, minutes_ago=120), part(2, minutes_ago=120))
    lake.refresh()
    add(lake, part(1, minutes_ago=60, version="v2"))
    lake.fail_at = "run_log"
    with pytest.raises(RuntimeError, match="run_log failed"):
        lake.refresh("run-2")
    lake.fail_at, lake.owner = "", None
    lake.refresh("run-3")
    assert (len(lake.entries), lake.pending) == (1, {})


def a_held_reload(**state: Any) -> World:
    """A table of two parts, and a reload of one part that is held."""
    lake = world(**state)
    add(lake, part(1, minutes_ago=120), part(2, minutes_ago=120))
    lake.refresh()
    add(lake, part(1, minutes_ago=60, version="v2"))
    lake.refresh("run-2")
    assert [*lake.entries] == ["s.t#p1.v2"]
    return lake


def test_held_load_that_a_later_load_replaced_is_given_up_and_its_entry_goes() -> None:
    """Its objects were written again, and what a person approved of it could not be applied any more."""
    lake = a_held_reload()
    add(lake, part(1, minutes_ago=30, version="v3"), part(2, minutes_ago=30, version="v3"))
    lake.refresh("run-3")
    given_up = lake.history["p1.v2"]
    assert (given_up.status, given_up.status_reason) == (FileStatus.SKIPPED, SkipReason.ABANDONED_LOAD)
    assert lake.entries == {}


def test_held_load_and_its_entry_stay_while_the_next_load_is_held_or_waits() -> None:
    lake = a_held_reload()
    add(lake, part(1, minutes_ago=30, version="v3"))
    lake.refresh("run-3")
    add(lake, replace(file(9), landed_at="2026-01-01T23:59:00Z"), part(1, minutes_ago=1, version="v4"))
    lake.refresh("run-4")
    assert lake.history["p1.v2"].status is FileStatus.HELD
    assert "s.t#p1.v2" in lake.entries


def test_held_load_that_a_command_is_deciding_about_stays_with_its_entry() -> None:
    lake = a_held_reload()
    lake.history["p1.v2"] = replace(lake.history["p1.v2"], approval="under way")
    add(lake, part(1, minutes_ago=30, version="v3"), part(2, minutes_ago=30, version="v3"))
    lake.refresh("run-3")
    assert (lake.history["p1.v2"].status, [*lake.entries]) == (FileStatus.HELD, ["s.t#p1.v2"])


def test_run_killed_after_the_commit_that_replaces_a_held_load_leaves_its_end_to_the_next_run() -> None:
    for step in ("catalog", "run_log"):
        lake = a_held_reload()
        add(lake, part(1, minutes_ago=30, version="v3"), part(2, minutes_ago=30, version="v3"))
        killed(lake, step)
        assert "s.t#p1.v2" in lake.entries
        add(lake, replace(file(9), landed_at="2026-01-01T23:59:00Z"))
        lake.refresh("next")
        assert (lake.history["p1.v2"].status, lake.entries) == (FileStatus.SKIPPED, {})


def test_entry_that_cannot_be_taken_out_fails_no_run() -> None:
    lake = a_held_reload()
    add(lake, part(1, minutes_ago=30, version="v3"), part(2, minutes_ago=30, version="v3"))
    lake.fail_at = "take out"
    assert lake.refreshed("run-3").status is RefreshStatus.COMPLETED
    assert "s.t#p1.v2" in lake.entries


def test_held_changes_are_told_as_files_and_a_long_list_of_them_is_cut() -> None:
    from odp.refresh import HeldFiles

    held = HeldFiles("f1", "too late", tuple(file(number).held("too late") for number in range(1, 9)))
    (entry,) = entries_of(CONFIG, RefreshPlan(RefreshKind.CHANGES, (), (), TableState(), held=(held,)))
    assert (entry.kind, entry.details["files"], entry.details["bytes"]) == (QuarantineKind.HELD_FILE, 8, 8)
    assert str(entry.details["file_names"]).count(", ") == 4
    assert entry.reason.endswith("odp quarantine release 's.t#f1', or odp quarantine dismiss 's.t#f1' --reason TEXT")


def test_entry_that_a_run_which_died_has_left_names_all_files_that_the_next_one_holds() -> None:
    lake = held_first_load()
    killed(lake, "run_log")
    ((entry_id, left),) = lake.entries.items()
    lake.entries[entry_id] = replace(left, details={"files": 1})
    lake.refresh("next")
    held = [landed for landed in lake.history.values() if f"s.t#{landed.held_id}" == entry_id]
    assert lake.entries[entry_id].details["files"] == left.details["files"] == len(held) == 2


def held_first_load() -> World:
    lake = world()
    add(lake, part(1, minutes_ago=120), part(2, minutes_ago=120), part(1, minutes_ago=60, version="v2"))
    return lake


def test_table_whose_first_load_is_held_is_refused_until_something_changes() -> None:
    lake = held_first_load()
    add(lake, replace(file(9), landed_at="2026-01-01T23:59:00Z"))
    outcome = lake.refreshed()
    assert outcome.status is RefreshStatus.ERROR
    assert "its first full load is held" in outcome.error
    assert (lake.commits, "f9" in lake.pending) == ([], True)
    closing = lake.recorded[-1]
    assert (closing.refused, closing.refused_registrations) == (True, lake.told_registrations)
    assert closing.refused_configuration == CONFIG.digest


def test_rule_11_refusal_is_recorded_with_the_registrations_and_the_configuration_that_it_had_seen() -> None:
    lake = world(1)
    lake.refresh()
    lake.pending["f2"] = file(2)
    other = table_config(primary_key=("OTHER",))
    lake.refresh("run-2", other)
    closing = lake.recorded[-1]
    assert (closing.closes, closing.refused, closing.refused_configuration) == (True, True, other.digest)


@pytest.mark.parametrize(("landed_minutes_ago", "is_tried_again"), [(1, True), (120, False)])
def test_rule_11_refused_table_is_tried_again_while_the_load_that_mends_it_may_not_be_whole(
    landed_minutes_ago: int, is_tried_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = world()
    add(lake, part(1, minutes_ago=600))
    lake.refresh()
    add(lake, part(1, minutes_ago=landed_minutes_ago, version="v2"))
    add(lake, replace(file(9), landed_at="2026-01-01T23:59:30Z"))

    def refused(*_: object) -> None:
        raise RejectedInputError("the schema changed")

    monkeypatch.setattr(lake, "apply", refused)
    lake.refresh("run-2")
    closing = lake.recorded[-1]
    assert closing.refused
    assert (closing.refused_registrations == -1) == is_tried_again


def test_rule_11_table_whose_first_load_is_refused_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lake = world()
    add(lake, part(1, minutes_ago=1))

    def refused(*_: object) -> None:
        raise RejectedInputError("no Parquet file")

    monkeypatch.setattr(lake, "apply", refused)
    lake.refresh()
    assert lake.recorded[-1].refused_registrations == lake.told_registrations


def test_load_that_would_mend_a_refused_table_is_held_for_a_person_although_its_changes_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 370028162: a table was created again, an operator copied its load, and nobody was ever asked about it."""
    lake = World()
    add(lake, part(1, 5000))
    lake.refresh()
    copied = [replace(part(1, 100, "v2"), event_reason="CopyObject"), part(2, 99, "v2")]
    add(lake, *copied, file(1))
    monkeypatch.setattr(World, "apply", refuse)
    outcome = lake.refreshed("run-2")
    assert outcome.status is RefreshStatus.ERROR
    assert {lake.history[landed.file_id].status for landed in copied} == {FileStatus.HELD}
    assert (list(lake.pending), QuarantineKind.HELD_LOAD in {entry.kind for entry in lake.entries.values()}) == (
        ["f1"],
        True,
    )


def refuse(*_: object) -> None:
    raise RejectedInputError("the schema changed")


def test_failure_that_is_no_refusal_is_tried_again_by_the_next_execution() -> None:
    lake = world(1, fail_at="write")
    lake.refresh()
    assert not lake.recorded[-1].refused


def test_table_whose_input_is_refused_goes_into_quarantine_until_it_is_refreshed() -> None:
    lake = world(1)
    lake.refresh()
    lake.pending["f2"] = file(2)
    lake.refresh("run-2", table_config(primary_key=("OTHER",)))
    assert lake.refused.startswith("RejectedInputError: db.t holds data written with")
    lake.refresh("run-3")
    assert (lake.refused, lake.pending) == ("", {})


def test_lease_says_with_which_keys_a_table_was_filled() -> None:
    lake = world(1)
    lake.refresh()
    assert lake.written_with == CONFIG.identity


def test_table_is_never_written_with_other_keys_than_it_was_filled_with() -> None:
    lake = world(1)
    lake.refresh()
    lake.pending["f2"] = file(2)
    outcome = lake.refreshed("run-2", table_config(primary_key=("OTHER",)))
    assert outcome.status is RefreshStatus.ERROR
    assert "db.t holds data written with hudi_primary_key 'ID', but is configured otherwise now" in outcome.error
    assert (len(lake.commits), set(lake.pending), lake.written_with) == (1, {"f2"}, CONFIG.identity)


def test_table_that_the_release_before_filled_is_refreshed_although_its_bucket_is_stored_by_physical_name() -> None:
    lake = world(1, written_with=TODAYS_RELEASE)
    assert lake.refreshed().status is RefreshStatus.COMPLETED


@pytest.mark.parametrize(
    ("stored", "differs"),
    [
        (None, {}),
        ({}, {}),
        (TODAYS_RELEASE, {}),
        (TODAYS_RELEASE | {"a_field_of_a_later_release": "x"}, {}),
        (CONFIG.identity, {}),
        (TODAYS_RELEASE | {"hudi_primary_key": "A,B"}, {"hudi_primary_key": "A,B"}),
        (TODAYS_RELEASE | {"hudi_partition_key": "REGION"}, {"hudi_partition_key": "REGION"}),
        (TODAYS_RELEASE | {"source_table_name": "erp:s.t"}, {"source_table_name": "erp:s.t"}),
    ],
)
def test_configuration_differs_from_the_stored_identity_in_what_binds_data_only(
    stored: dict[str, str] | None, differs: dict[str, str]
) -> None:
    assert CONFIG.differs_from(stored) == differs
