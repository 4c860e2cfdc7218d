"""Files that arrive after newer ones, and files that are uploaded again (rules 3 and 13)."""

from dataclasses import replace

import pytest
from odp.file_processor.selection.late_files import Limits
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind

from tests.unit.odp.file_processor.landings import (
    Table,
    change,
    filled,
    held_files,
    ids,
    is_waiting,
    landed,
    load,
    reasons,
    why_held,
)

NEWER = [change(number, number) for number in range(2, 12)]


def table_with_newer(most: int = 2000) -> Table:
    """A table that has ten changes, and reads at most so many of them again."""
    table = filled(load(1, 1), *NEWER)
    table.limits = Limits(replayed_files=most)
    return table


def test_late_change_is_applied_together_with_the_newer_ones_already_applied() -> None:
    table = filled(load(1, 1), change(1, 2), change(5, 3), change(7, 4))
    refresh = table.select(change(3, 9))
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.CHANGES, ids([change(3, 9)]))
    assert ids(refresh.replayed) == ids([change(5, 3), change(7, 4)])
    assert refresh.state.newest_change_file == change(7, 0).name


def test_late_load_part_is_applied_together_with_all_changes_since_its_load() -> None:
    refresh = filled(load(1, 1), change(1, 2), change(2, 3)).select(load(2, 4))
    assert (refresh.kind, ids(refresh.replayed)) == (RefreshKind.CHANGES, ids([change(1, 2), change(2, 3)]))


def test_historical_table_needs_no_replay_because_it_keeps_every_version() -> None:
    refresh = filled(load(1, 1), change(5, 2), versioning=RowHistory.ALL).select(change(3, 9))
    assert (ids(refresh.files), refresh.replayed) == (ids([change(3, 9)]), ())


HISTORICAL = RowHistory.ALL
FLAT, IN_FOLDER = change(5, 20), landed("2026/01/01/20260101-000000005", 10)


def test_second_file_of_one_name_is_held_by_a_historical_table_and_the_others_are_applied() -> None:
    """Rows without a change sequence have the name and the row as their version."""
    table = filled(load(1, 1), versioning=HISTORICAL)
    held, applied = table.take(FLAT, IN_FOLDER, change(6, 11))
    assert held_files(held) == {FLAT.file_id}
    assert "name in another folder" in why_held(held)
    assert "under a name of its own" in why_held(held)
    assert ids(applied.files) == ids([IN_FOLDER, change(6, 11)])


def test_file_with_the_name_of_an_applied_one_is_held_by_a_historical_table_also_if_a_person_approved_it() -> None:
    table = filled(load(1, 1), IN_FOLDER, versioning=HISTORICAL)
    refresh = table.select(replace(FLAT, approved=True))
    assert (refresh.files, held_files(refresh)) == ((), {FLAT.file_id})
    again = landed("2026/01/01/20260101-000000005", 30)
    assert ids(table.select(again).files) == ids([again])


def test_file_with_the_name_of_a_dismissed_one_is_applied() -> None:
    table = filled(load(1, 1), versioning=HISTORICAL)
    table.history[IN_FOLDER.file_id] = IN_FOLDER.skipped(SkipReason.DISMISSED)
    assert ids(table.select(FLAT).files) == ids([FLAT])


def test_snapshot_table_takes_two_files_of_one_name() -> None:
    assert sorted(ids(filled(load(1, 1)).select(FLAT, IN_FOLDER).files)) == sorted(ids([FLAT, IN_FOLDER]))


def test_late_file_is_applied_with_newer_changes_of_its_own_load_only() -> None:
    table = filled(load(1, 1), change(2, 2), change(6, 3))
    table.take(load(1, 1000), change(5, 1001))
    refresh = table.select(change(3, 1002))
    assert ids(refresh.replayed) == ids([change(5, 1001)])


def test_file_among_newer_pending_ones_is_not_late() -> None:
    refresh = filled(load(1, 1), change(1, 2)).select(change(9, 3), change(4, 5))
    assert (ids(refresh.files), refresh.replayed) == (ids([change(4, 5), change(9, 3)]), ())


def test_object_that_was_applied_in_two_versions_is_read_again_in_the_newer_one_only() -> None:
    table = filled(load(1, 1), change(5, 2))
    table.take(change(5, 20))
    assert ids(table.select(change(3, 30)).replayed) == ids([change(5, 20)])


@pytest.mark.parametrize("is_copy", [True, False])
def test_change_uploaded_again_as_it_was_is_skipped_as_a_copy(is_copy: bool) -> None:
    table = filled(load(1, 1), change(1, 2, "a"), change(2, 3))
    again = change(1, 9000, "a", copied=is_copy)
    refresh = table.select(again)
    assert (refresh.files, reasons(refresh.skipped)) == ((), {again.file_id: SkipReason.COPY})


def test_change_uploaded_again_when_its_former_version_has_expired_is_applied_as_nobody_knows_what_that_was() -> None:
    table = filled(load(1, 1), change(1, 2, "a"), change(2, 3))
    table.expired = {change(1, 2, "a").file_id}
    refresh = table.select(change(1, 9000, "b"))
    assert (ids(refresh.files), ids(refresh.replayed)) == (ids([change(1, 9000, "b")]), ids([change(2, 3)]))


def table_with_a_dismissed_version() -> Table:
    """What a reader of change 3 gets now is a version that a person dismissed."""
    table = filled(load(1, 1), *(change(number, number) for number in range(2, 8)))
    table.limits = Limits(replayed_files=2)
    table.take(change(3, 300, "dismissed"))
    table.dismiss()
    table.limits = Limits()
    return table


def test_version_that_a_person_dismissed_comes_into_the_table_with_no_late_file() -> None:
    table = table_with_a_dismissed_version()
    assert "overwritten there by what is not applied" in why_held(table.select(change(1, 400)))
    assert ids(table.select(change(4, 400, "b")).replayed) == ids([change(number, number) for number in (5, 6, 7)])


def test_version_that_a_person_dismissed_comes_into_the_table_with_no_reload() -> None:
    table = table_with_a_dismissed_version()
    began = replace(load(1, 2), landed_at=change(2, 2).landed_at)
    assert "overwritten there since" in why_held(table.select(began))


def test_change_is_read_again_in_a_copy_of_what_was_applied() -> None:
    table = filled(load(1, 1), change(2, 2), change(3, 3, "same"))
    table.take(change(3, 300, "same", copied=True))
    assert ids(table.select(change(1, 400)).replayed) == ids([change(2, 2), change(3, 3, "same")])


def test_change_uploaded_again_with_other_content_takes_the_place_of_its_former_version() -> None:
    table = filled(load(1, 1), change(1, 2, "a"), change(2, 3))
    refresh = table.select(change(1, 9000, "b"))
    assert (ids(refresh.files), ids(refresh.replayed)) == (ids([change(1, 9000, "b")]), ids([change(2, 3)]))


def test_object_that_is_pending_is_not_read_a_second_time_in_its_applied_version() -> None:
    table = filled(load(1, 1), change(1, 2, "a"), change(2, 3, "b"))
    refresh = table.select(change(1, 9000, "c"), change(2, 9001, "d"))
    assert (len(refresh.files), refresh.replayed) == (2, ())


def test_change_with_the_content_of_a_version_before_the_newest_is_no_copy() -> None:
    """It was written as it once was: what the table holds differs."""
    table = filled(load(1, 1), change(1, 2, "a"))
    table.take(change(1, 20, "b"))
    assert ids(table.select(change(1, 40, "a")).files) == ids([change(1, 40, "a")])


def test_late_file_is_applied_if_exactly_as_many_follow_it_as_may_be_read_again() -> None:
    assert len(table_with_newer(most=10).select(change(1, 300)).replayed) == 10


def test_late_file_is_held_with_the_way_out_if_too_many_changes_follow_it() -> None:
    late = change(1, 300)
    refresh = table_with_newer(most=9).select(late)
    assert (refresh.files, refresh.replayed, held_files(refresh)) == ((), (), {late.file_id})
    assert "approve it, or dismiss it and load the table again in DMS" in why_held(refresh)


def test_late_part_of_a_load_and_late_change_are_held_apart_as_each_has_a_command_of_its_own() -> None:
    late, late_part = change(1, 300), load(2, 301)
    refresh = table_with_newer(most=9).select(late, late_part)
    assert [(held.held_id, ids(held.files)) for held in refresh.held] == [
        (late_part.file_id, [late_part.file_id]),
        (late.file_id, [late.file_id]),
    ]
    assert {file.file_id: file.held_id for file in refresh.set_aside} == {
        late.file_id: late.file_id,
        late_part.file_id: late_part.file_id,
    }


def test_late_files_that_few_changes_follow_are_applied_beside_one_that_is_held() -> None:
    table = filled(load(1, 1), *NEWER)
    table.limits = Limits(replayed_files=3)
    late, near = change(1, 300), replace(change(9, 301), key="s/t/20260101-0000000095.parquet", file_id="near")
    steps = table.take(late, near)
    assert table.history[late.file_id].status is FileStatus.HELD
    assert [ids(step.files) for step in steps if step.files] == [["near"]]


def test_approved_late_file_is_applied_whatever_follows_it() -> None:
    table = table_with_newer(most=2)
    table.take(change(1, 300))
    refresh = table.select(*table.approve())
    assert (ids(refresh.files), len(refresh.replayed)) == (ids([change(1, 300)]), 10)


def test_dismissed_late_file_is_done() -> None:
    table = table_with_newer(most=2)
    table.take(change(1, 300))
    table.dismiss()
    assert reasons([table.history[change(1, 300).file_id]]) == {change(1, 300).file_id: SkipReason.DISMISSED}
    assert is_waiting(table.select())


@pytest.mark.parametrize(("day", "is_held"), [(2, True), (3, False)])
def test_late_file_is_held_if_it_is_more_than_seven_days_older_than_the_newest_change(day: int, is_held: bool) -> None:
    late = change(1, 50, day=day)
    refresh = filled(load(1, 1), change(1, 2, day=10)).select(late)
    assert (held_files(refresh) == {late.file_id}, ids(refresh.files) == [late.file_id]) == (is_held, not is_held)


def test_table_whose_newest_change_has_a_name_that_is_no_date_still_takes_late_files() -> None:
    """Earlier releases took any digits for a date."""
    table = filled(load(1, 1), change(1, 2))
    table.state = replace(table.state, newest_change_file="20261301-000000000.parquet")
    late = change(2, 50)
    assert ids(table.select(late).files) == ids([late])


@pytest.mark.parametrize("late", [change(1, 300), load(2, 300)])
def test_late_file_is_held_if_the_object_of_a_newer_change_is_deleted(late: LandedFile) -> None:
    table = table_with_newer()
    table.deleted.add(change(7, 0).key)
    refresh = table.select(late)
    assert (refresh.files, held_files(refresh)) == ((), {late.file_id})
    assert "deleted from the staging bucket" in why_held(refresh)
    assert "dismiss it and load the table again in DMS" in why_held(refresh)


def test_late_file_that_a_person_approves_is_held_again_while_a_newer_change_stays_deleted() -> None:
    table = table_with_newer()
    table.deleted.add(change(7, 0).key)
    table.take(change(1, 300))
    approved = table.approve()
    assert "or upload them again and approve it" in why_held(table.select(*approved))
    table.deleted.clear()
    assert ids(table.select(*approved).files) == ids([change(1, 300)])


def test_late_file_after_the_deleted_one_is_applied() -> None:
    table = table_with_newer()
    table.deleted.add(change(2, 0).key)
    late = replace(change(10, 300), key="s/t/20260101-0000000105.parquet", file_id="late")
    assert ids(table.select(late).files) == ["late"]


def test_new_changes_go_on_while_a_late_file_is_held() -> None:
    table = table_with_newer(most=2)
    steps = table.take(change(1, 300), change(99, 301))
    assert [ids(step.files) for step in steps if step.files] == [ids([change(99, 301)])]
    assert table.history[change(1, 300).file_id].status is FileStatus.HELD


def test_one_late_file_behind_two_thousand_others_is_read_with_a_bounded_number_of_them() -> None:
    newer = [change(number, number) for number in range(2, 2004)]
    table = filled(load(1, 1), *newer)
    refresh = table.select(change(1, 9000))
    assert (len(refresh.replayed), held_files(refresh)) == (0, {change(1, 9000).file_id})


def test_late_files_beyond_the_cap_of_a_commit_are_replayed_with_each_commit_that_needs_it() -> None:
    """Two late files, one a commit: the newer changes come last in both."""
    table = table_with_newer()
    table.limits = Limits(files=1)
    last = NEWER[-1]
    first = change(1, 300)
    second = replace(first, key="s/t/20260101-0000000015.parquet", file_id="second")
    steps = table.take(first, second)
    assert [ids(step.files) for step in steps] == [ids([first]), ["second"]]
    assert all(step.replayed[-1].file_id == last.file_id for step in steps)
