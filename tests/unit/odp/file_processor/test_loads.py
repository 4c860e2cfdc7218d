"""Which parts are one load, when it replaces the table, and when a person must decide (rule 4)."""

from dataclasses import replace

import pytest
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind, TableState

from tests.unit.odp.file_processor.landings import (
    MINUTE,
    Table,
    change,
    filled,
    held_files,
    ids,
    is_waiting,
    load,
    reasons,
)

QUIET = 15 * MINUTE
FIRST = load(1, 1), load(2, 2), load(3, 3)
AGAIN = load(1, 601), load(2, 602), load(3, 603)


def test_rule_4_load_parts_of_a_later_run_are_added_and_never_replace_the_first() -> None:
    """Defect 1 of the reference: the later parts replaced the first ones."""
    table = filled(load(1, 1), load(2, 1))
    refresh = table.select(load(3, 9), load(4, 9))
    assert refresh.kind is RefreshKind.INITIAL
    assert (len(refresh.state.load_keys), refresh.state.generation) == (4, 1)


def test_parts_of_a_first_load_are_applied_as_they_come_without_waiting() -> None:
    assert ids(Table().select(load(1, 1), now=2).files) == ids([load(1, 1)])


def test_rule_4_load_uploaded_again_starts_a_new_generation_that_replaces_the_table() -> None:
    refresh = filled(*FIRST, change(1, 5)).select(*AGAIN)
    assert (refresh.kind, ids(refresh.files), refresh.skipped) == (RefreshKind.RELOAD, ids(AGAIN), ())
    assert refresh.state == TableState(
        2, frozenset(part.key for part in AGAIN), load_landing_order=AGAIN[0].landing_order
    )


def test_reload_with_more_parts_than_the_load_before_replaces_the_table() -> None:
    refresh = filled(*FIRST).select(*AGAIN, load(4, 604))
    assert (refresh.kind, len(refresh.state.load_keys)) == (RefreshKind.RELOAD, 4)


@pytest.mark.parametrize(("quiet_for", "kind"), [(QUIET - 1, None), (QUIET, RefreshKind.RELOAD)])
def test_reload_waits_until_no_part_came_for_a_quarter_of_an_hour(quiet_for: int, kind: RefreshKind | None) -> None:
    refresh = filled(*FIRST).select(*AGAIN, now=603 + quiet_for)
    assert (refresh.kind if refresh.files else None) == kind
    assert is_waiting(refresh) == (kind is None)


def test_change_that_follows_the_last_part_completes_no_reload_because_another_task_may_have_written_it() -> None:
    refresh = filled(*FIRST).select(*AGAIN[:2], change(9, 700), now=701)
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.CHANGES, ids([change(9, 700)]))


def test_rule_4_reload_waits_while_a_further_part_may_come_and_changes_go_on() -> None:
    table, before, since = filled(*FIRST), change(1, 500), change(2, 700)
    refresh = table.select(before, *AGAIN, since, now=701)
    assert (refresh.kind, ids(refresh.files), refresh.skipped) == (RefreshKind.CHANGES, ids([before, since]), ())


def test_changes_that_were_applied_while_the_reload_that_they_follow_waited_are_read_again_into_it() -> None:
    table = filled(*FIRST, change(1, 4))
    table.take(*AGAIN, change(2, 700), now=701)
    refresh = table.select(*AGAIN)
    assert (refresh.kind, ids(refresh.replayed)) == (RefreshKind.RELOAD, ids([change(2, 700)]))
    assert refresh.state.newest_change_file == change(2, 700).name


@pytest.mark.parametrize("versioning", [*RowHistory])
@pytest.mark.parametrize("again", [[], [change(2, 900, "other")]])
def test_reload_is_late_if_the_table_holds_changes_that_follow_it_though_they_come_again(
    again: list[LandedFile], versioning: RowHistory
) -> None:
    """Seed 430000902: the table, which a change after the load had widened, was taken for older than the load."""
    table = filled(*FIRST, change(1, 4), versioning=versioning)
    assert not table.select(*AGAIN, change(2, 700)).is_late_reload
    table.take(*AGAIN, change(2, 700), now=701)
    refresh = table.select(*AGAIN, *again)
    assert (refresh.kind, refresh.is_late_reload) == (RefreshKind.RELOAD, True)


def test_copy_of_a_change_that_the_reload_reads_again_is_skipped() -> None:
    table = filled(*FIRST)
    table.take(*AGAIN, change(2, 700, "x"), now=701)
    refresh = table.select(*AGAIN, change(2, 800, "x", copied=True))
    assert (ids(refresh.files), ids(refresh.replayed)) == (ids(AGAIN), ids([change(2, 700, "x")]))
    assert reasons(refresh.skipped) == {change(2, 800, "x").file_id: SkipReason.COPY}


def test_change_that_is_pending_in_another_version_is_not_read_into_the_reload_twice() -> None:
    table = filled(*FIRST)
    table.take(*AGAIN, change(2, 700, "x"), now=701)
    refresh = table.select(*AGAIN, change(2, 800, "y"))
    assert (ids(refresh.files[3:]), refresh.replayed) == (ids([change(2, 800, "y")]), ())


def test_change_between_two_parts_of_a_first_load_drops_nothing() -> None:
    refresh = Table().select(load(1, 1), change(1, 2), load(2, 3))
    assert (refresh.kind, len(refresh.files), refresh.set_aside) == (RefreshKind.INITIAL, 3, ())


def test_parts_uploaded_again_wait_for_a_first_one_and_are_held_with_it_if_it_comes_after_them() -> None:
    """Every load begins with its first part, so these may be of another load or of an operator's making."""
    table, parts = filled(*FIRST), (load(2, 600), load(3, 601), load(1, 602))
    assert is_waiting(table.select(parts[0], now=603))
    assert is_waiting(table.select(*parts, now=603))
    refresh = table.select(*parts)
    assert (refresh.files, held_files(refresh)) == ((), set(ids(parts)))
    table.take(*parts)
    assert table.select(*table.approve()).kind is RefreshKind.RELOAD


def test_parts_that_land_before_the_first_one_of_a_parallel_first_load_are_part_of_it() -> None:
    parts = load(2, 1), load(3, 2), load(1, 3)
    assert set(ids(Table().select(*parts).files)) == set(ids(parts))


def test_parts_of_a_reload_that_was_given_up_are_skipped_with_the_reason_and_never_mixed_with_the_next_one() -> None:
    given_up = load(1, 601), load(2, 602)
    refresh = filled(*FIRST).select(*given_up, *(whole := (load(1, 611), load(2, 612), load(3, 613))))
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.RELOAD, ids(whole))
    assert reasons(refresh.skipped) == {part.file_id: SkipReason.OVERWRITTEN for part in given_up}


def test_first_load_that_begins_again_as_a_whole_is_applied_without_its_beginning() -> None:
    table = Table()
    table.take(load(1, 1), load(2, 2), load(1, 601), load(2, 602))
    assert {key: file.status for key, file in table.history.items()} == {
        load(1, 1).file_id: FileStatus.SKIPPED,
        load(2, 2).file_id: FileStatus.SKIPPED,
        load(1, 601).file_id: FileStatus.APPLIED,
        load(2, 602).file_id: FileStatus.APPLIED,
    }


def test_late_part_of_a_load_that_was_replaced_is_skipped_whatever_its_number() -> None:
    table = filled(load(1, 1))
    table.take(load(1, 2000))
    late = load(2, 2)
    assert (table.state.generation, reasons(table.select(late).skipped)) == (
        2,
        {late.file_id: SkipReason.ABANDONED_LOAD},
    )


def test_part_of_the_second_in_which_a_reload_began_is_part_of_it() -> None:
    """A listing tells the second only."""
    table = filled(load(1, 1))
    table.take(load(1, 2000))
    assert ids(table.select(load(2, 2000)).files) == ids([load(2, 2000)])


def test_versions_of_parts_that_wait_with_a_reload_stay_pending_because_they_tell_loads_apart() -> None:
    older, newer = load(1, 600), load(1, 610)
    gone = {older.file_id: SkipReason.OVERWRITTEN}
    assert filled(load(1, 1)).select(older, newer, now=611, unreadable=gone).skipped == ()


def test_segments_that_count_from_one_each_are_one_first_load() -> None:
    parts = [load(part, part, segment=f"SEGMENT{number}_") for number in (1, 2) for part in (1, 2)]
    refresh = Table().select(*parts)
    assert (refresh.kind, len(refresh.state.load_keys)) == (RefreshKind.INITIAL, 4)


@pytest.mark.parametrize("again", ["SEGMENT1_", "p2024/"])
def test_segments_are_one_reload(again: str) -> None:
    segments = ("SEGMENT1_", "SEGMENT2_") if "_" in again else ("p2024/", "p2025/")
    parts = [load(part, 10 * part, segment=segment) for segment in segments for part in (1, 2)]
    reload = [replace(part, file_id=f"{part.file_id}2", landed_at="2026-01-01T01:00:00Z") for part in parts]
    refresh = filled(*parts).select(*reload)
    assert (refresh.kind, len(refresh.files)) == (RefreshKind.RELOAD, 4)


def test_late_segment_that_a_person_approves_is_added_to_the_load() -> None:
    table = filled(load(1, 1, segment="SEGMENT1_"))
    table.take(load(1, 5000, segment="SEGMENT2_"))
    refresh = table.select(*table.approve())
    assert (refresh.kind, len(refresh.state.load_keys)) == (RefreshKind.INITIAL, 2)


def test_first_load_of_a_table_that_began_with_changes_replaces_them() -> None:
    table = filled(change(1, 2))
    refresh = table.select(load(1, 9), change(3, 10))
    assert (refresh.kind, refresh.replayed, len(refresh.files)) == (RefreshKind.RELOAD, (), 2)


def test_reload_of_a_historical_table_keeps_its_versions_and_takes_the_changes_before_it_first() -> None:
    table, before = filled(load(1, 1), versioning=RowHistory.ALL), change(2, 500)
    steps = table.take(before, load(1, 600))
    assert [(step.kind, ids(step.files)) for step in steps] == [
        (RefreshKind.CHANGES, ids([before])),
        (RefreshKind.RELOAD, ids([load(1, 600)])),
    ]
