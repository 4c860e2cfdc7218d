"""Loads that look like an accident wait for a person: copies, restores, shrinking and broken loads (rule 4)."""

from dataclasses import replace
from random import Random

import pytest
from odp.file_processor.selection.late_files import Limits
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.landings import (
    A_DAY,
    MINUTE,
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

QUIET = 15 * MINUTE
FIRST = load(1, 1), load(2, 2), load(3, 3)
AGAIN = load(1, 601), load(2, 602), load(3, 603)


def test_reload_is_held_when_changes_that_follow_it_were_applied_and_are_deleted() -> None:
    table = filled(*FIRST)
    table.take(*AGAIN, change(2, 700), now=701)
    table.deleted.add(change(2, 0).key)
    refresh = table.select(*AGAIN)
    assert (refresh.files, held_files(refresh)) == ((), set(ids(AGAIN)))
    assert "deleted" in why_held(refresh)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_one_part_alone_that_has_its_applied_content_never_replaces_the_table(part: int) -> None:
    table = filled(load(1, 1, "a"), load(2, 2, "b"), load(3, 3, "c"), change(1, 5))
    refresh = table.select(load(part, 600, "abc"[part - 1]), change(2, 601))
    assert (refresh.kind, ids(refresh.files)) in [
        (RefreshKind.CHANGES, ids([change(2, 601)])),
        (RefreshKind.CHANGES, []),
    ]
    assert load(part, 600, "abc"[part - 1]).file_id in reasons(refresh.set_aside)


def test_first_part_alone_with_other_content_is_held_because_the_table_would_shrink() -> None:
    refresh = filled(*FIRST).select(load(1, 600))
    assert (refresh.files, held_files(refresh)) == ((), {load(1, 600).file_id})
    assert why_held(refresh) == (
        "2 parts of the load that it replaces were not written again (LOAD00000002.parquet, LOAD00000003.parquet)"
    )


def test_later_part_alone_with_other_content_is_held() -> None:
    refresh = filled(*FIRST).select(load(2, 600))
    assert (refresh.files, held_files(refresh)) == ((), {load(2, 600).file_id})


@pytest.mark.parametrize("reason", ["told by events", "found by listing"])
def test_whole_folder_copied_onto_itself_changes_nothing(reason: str) -> None:
    """In the order of keys, changes come first; ETags differ as under SSE-KMS."""
    of_load, of_changes = [load(1, 1, "a"), load(2, 2, "b")], [change(1, 10, "x"), change(2, 20, "y")]
    table = filled(*of_load, *of_changes)
    state = table.state
    copied = reason == "told by events"
    copies = [change(1, 1000, "x", copied=copied), change(2, 1001, "y", copied=copied)]
    copies += [load(1, 1002, "a", copied=copied), load(2, 1003, "b", copied=copied)]
    if not copied:
        copies = [replace(file, event_reason="") for file in copies]
    steps = table.take(*copies)
    assert table.state == state
    assert not any(step.files for step in steps)
    assert all(table.history[file.file_id].status_reason for file in copies)


@pytest.mark.parametrize("copied", [(True, True, True), (False, True, False)])
def test_load_with_parts_that_were_copied_from_elsewhere_is_held_because_dms_copies_nothing(
    copied: tuple[bool, ...],
) -> None:
    parts = [load(part, 600 + part, copied=is_copy) for part, is_copy in enumerate(copied, start=1)]
    refresh = filled(*FIRST).select(*parts)
    assert (refresh.files, held_files(refresh)) == ((), set(ids(parts)))
    assert "copied" in why_held(refresh) or "uploaded again" in why_held(refresh)


def test_copy_that_a_listing_found_is_held_as_its_content_is_that_of_the_load_in_the_table() -> None:
    refresh = filled(load(1, 1, "a"), load(2, 2, "b")).select(load(1, 600, "a"), load(2, 601, "b"))
    assert (refresh.files, len(held_files(refresh))) == ((), 2)
    assert "same content" in why_held(refresh)


def test_restore_to_the_content_of_an_earlier_load_is_held() -> None:
    table = filled(load(1, 1, "old"), change(1, 2))
    table.take(load(1, 2000, "new"))
    assert table.state.generation == 2
    refresh = table.select(load(1, 9000, "old"))
    assert (refresh.files, held_files(refresh)) == ((), {load(1, 9000, "old").file_id})
    assert "same content" in why_held(refresh)


def test_restore_of_a_load_and_its_changes_takes_back_nothing() -> None:
    table = filled(load(1, 1, "old"), change(1, 5, "x"))
    table.take(load(1, 2000, "new"), change(2, 2001, "y"))
    state = table.state
    table.take(change(1, 9000, "x"), load(1, 9001, "old"))
    assert table.state == state


def test_reload_that_lacks_a_part_waits_a_quarter_of_an_hour_and_is_held_then() -> None:
    parts = load(1, 601), load(0x10, 602)
    table = filled(load(1, 1))
    assert is_waiting(table.select(*parts, now=602 + QUIET - 1))
    refresh = table.select(*parts, now=602 + QUIET)
    assert (refresh.files, held_files(refresh)) == ((), set(ids(parts)))
    assert why_held(refresh).startswith("14 of its parts never came (LOAD00000002.parquet, ")


def test_held_reload_that_is_approved_replaces_the_table_although_it_has_fewer_parts() -> None:
    table = filled(*FIRST, change(1, 5))
    table.take(load(1, 600))
    assert [file.status for file in table.loads()][-1] is FileStatus.HELD
    refresh = table.select(*table.approve())
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.RELOAD, ids([load(1, 600)]))
    assert refresh.state.load_keys == {load(1, 600).key}


def test_changes_that_were_applied_while_a_reload_was_held_are_read_again_into_it_once_it_is_approved() -> None:
    table = filled(*FIRST)
    table.take(load(1, 600))
    table.take(change(1, 500), change(2, 700))
    refresh = table.select(*table.approve())
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.RELOAD, ids([load(1, 600)]))
    assert ids(refresh.replayed) == ids([change(2, 700)])


def test_held_reload_that_is_dismissed_leaves_the_table_and_its_changes_go_on() -> None:
    table = filled(*FIRST)
    table.take(load(1, 600))
    table.dismiss()
    assert [step.kind for step in table.take(change(1, 700))] == [RefreshKind.CHANGES]
    assert table.state.generation == 1


def test_changes_go_on_while_a_reload_is_held() -> None:
    table = filled(*FIRST)
    table.take(load(1, 600))
    refresh = table.select(change(1, 700))
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.CHANGES, ids([change(1, 700)]))


@pytest.mark.parametrize("part", [load(2, 700), load(4, 700)])
def test_parts_of_a_held_reload_are_never_applied_to_the_table_that_it_was_to_replace(part: LandedFile) -> None:
    table = filled(*FIRST)
    table.take(load(1, 600))
    steps = table.take(part)
    assert table.state.generation == 1
    assert not any(step.files for step in steps)
    assert table.history[part.file_id].status is FileStatus.HELD


def test_whole_load_that_begins_after_a_held_one_replaces_the_table() -> None:
    table = filled(*FIRST)
    table.take(load(1, 600))
    newer = load(1, 9001), load(2, 9002), load(3, 9003)
    steps = table.take(*newer)
    assert [(step.kind, ids(step.files)) for step in steps if step.files] == [(RefreshKind.RELOAD, ids(newer))]


def test_reload_with_fewer_parts_than_the_one_that_was_given_up_before_it_is_held_with_its_remains() -> None:
    given_up, newer = (load(1, 601), load(4, 602)), (load(1, 611), load(2, 612), load(3, 613))
    refresh = filled(*FIRST).select(*given_up, *newer)
    assert (refresh.files, held_files(refresh)) == ((), {load(4, 602).file_id, *ids(newer)})


def test_first_load_that_begins_again_with_fewer_parts_is_held_and_the_refusal_names_the_command() -> None:
    table = Table()
    parts = (*FIRST, load(1, 601))
    refresh = table.select(*parts, change(1, 700))
    assert refresh.files == ()
    assert held_files(refresh) == {load(2, 2).file_id, load(3, 3).file_id, load(1, 601).file_id}
    with pytest.raises(RejectedInputError, match=r"first full load is held .* with odp reload"):
        table.take(*parts, change(1, 700))
    assert change(1, 700).file_id not in table.history


def test_reload_that_ends_with_an_old_part_uploaded_again_is_held_because_it_may_have_shrunk() -> None:
    table = filled(load(1, 1), load(2, 2), load(3, 3, "old"))
    refresh = table.select(load(1, 600), load(2, 601), load(3, 602, "old"))
    assert (held_files(refresh), "LOAD00000003" in why_held(refresh)) == (
        set(ids([load(1, 600), load(2, 601), load(3, 602, "old")])),
        True,
    )


def test_reload_whose_part_was_overwritten_by_an_old_one_is_held() -> None:
    table = filled(load(1, 1), load(2, 2, "old"), load(3, 3))
    refresh = table.select(load(1, 600), load(2, 601), load(3, 602), load(2, 603, "old"))
    assert "LOAD00000002" in why_held(refresh)


def test_reload_of_which_a_part_in_the_middle_did_not_change_replaces_the_table() -> None:
    table = filled(load(1, 1), load(2, 2, "same"), load(3, 3))
    assert table.select(load(1, 600), load(2, 601, "same"), load(3, 602)).kind is RefreshKind.RELOAD


def test_reload_without_one_of_the_segments_is_held() -> None:
    table = filled(load(1, 1, segment="SEGMENT1_"), load(1, 2, segment="SEGMENT2_"))
    refresh = table.select(load(1, 600, segment="SEGMENT1_"))
    assert (refresh.files, len(held_files(refresh))) == ((), 1)


@pytest.mark.parametrize(("late", "is_held"), [(QUIET - 1, False), (QUIET, True)])
def test_segment_that_begins_long_after_the_load_is_held(late: int, is_held: bool) -> None:
    table = filled(load(1, 1, segment="SEGMENT1_"))
    part = load(1, 1 + late, segment="SEGMENT2_")
    refresh = table.select(part)
    assert (held_files(refresh) == {part.file_id}) == is_held
    assert (ids(refresh.files) == [part.file_id]) != is_held


def test_first_load_that_seems_to_begin_with_an_overwritten_part_of_the_load_before_is_held() -> None:
    """An old second segment, uploaded between the loads, makes the second load's segment start a third load."""
    one, other = "SEGMENT1_", "SEGMENT2_"
    first = load(1, 1, "a", segment=one), load(1, 2, "b", segment=other), load(1, 3, "b", segment=other)
    second = load(1, 60, "c", segment=one), load(1, 61, "d", segment=other)
    shrunk = load(1, 120, "e", segment=one)
    copy = load(1, 125, "d", segment=other, copied=True)
    refresh = Table().select(*first, *second, change(1, 62), shrunk, copy)
    assert "nobody knows where it begins" in why_held(refresh)


def test_first_load_began_with_its_deleted_part_also_if_its_next_part_was_copied_long_after() -> None:
    """Seed 80021419: the first segment of another load was added to the load instead of replacing it."""
    one, other = "SEGMENT1_", "SEGMENT2_"
    table, gone = Table(), load(1, 3, "a", segment=one)
    table.history = {gone.file_id: gone.skipped(SkipReason.VANISHED)}
    copied = load(1, 2000, "b", segment=other, copied=True)
    table.take(load(1, 4, "b", segment=other), copied, change(1, 2001))
    assert table.state.load_landing_order == gone.landing_order
    table.take(load(1, 9000, "c", segment=one))
    table.take(*table.approve())
    assert (table.state.generation, len(table.state.load_keys)) == (2, 1)


def landed_at(part: LandedFile, at: int) -> LandedFile:
    return landed(part.key.removeprefix("s/t/").removesuffix(".parquet"), at)


def table_without_its_first_part() -> Table:
    """Its first part was deleted before it was applied; the second is in the table."""
    table, gone = Table(), load(1, 1, "was")
    first = table.select(gone, load(2, 2), unreadable={gone.file_id: SkipReason.VANISHED})
    table.state = first.state
    table.history |= {file.file_id: file for file in (*first.files, *first.skipped)}
    return table


def test_first_load_that_is_there_again_before_it_was_applied_is_held_as_it_may_have_shrunk_meanwhile() -> None:
    parts = load(1, 1, "a"), load(2, 2, "b"), load(1, 20, "a"), load(2, 21, "b")
    assert "may have had more" in why_held(Table().select(*parts))


def test_first_load_of_one_part_that_is_there_again_before_it_was_applied_is_the_same_load() -> None:
    refresh = Table().select(load(1, 1, "a"), load(1, 20, "a"))
    assert (ids(refresh.files), refresh.state.load_landing_order) == (ids([load(1, 20, "a")]), load(1, 1).landing_order)


def test_first_load_of_one_part_that_is_there_again_is_held_if_nobody_knows_what_it_was() -> None:
    table = Table(expired={load(1, 1, "a").file_id})
    assert "same content" in why_held(table.select(load(1, 1, "a"), change(1, 10), load(1, 20, "a")))


@pytest.mark.parametrize("at", [60, 9000])
def test_deleted_part_that_is_restored_as_it_was_is_added_to_its_load_after_a_long_time_by_a_person(at: int) -> None:
    table = table_without_its_first_part()
    table.take(load(1, at, "was"))
    if at > QUIET:
        table.take(*table.approve())
    assert table.state.load_keys == {load(1, 0).key, load(2, 0).key}
    assert table.state.generation == 1


def test_load_that_was_deleted_unread_is_no_part_of_the_one_before_when_it_is_written_again() -> None:
    table, first, second = Table(), load(1, 1, "a"), load(1, 20, "b")
    deleted = dict.fromkeys((first.file_id, second.file_id), SkipReason.VANISHED)
    step = table.select(first, load(2, 2), second, unreadable=deleted)
    table.state = step.state
    table.history |= {file.file_id: file for file in (*step.files, *step.skipped)}
    table.take(load(1, 9000, "b"))
    table.take(*table.approve())
    assert (table.state.generation, len(table.state.load_keys)) == (2, 1)


@pytest.mark.parametrize("at", [60, 9000])
def test_another_load_after_a_deleted_part_is_held_and_replaces_the_table_when_a_person_says_so(at: int) -> None:
    table = table_without_its_first_part()
    table.take(load(1, at, "new"))
    assert [part.status for part in table.loads() if part.file_id == load(1, at, "new").file_id] == [FileStatus.HELD]
    table.take(*table.approve())
    assert table.state.load_keys == {load(1, 0).key}
    assert table.state.generation == 2


@pytest.mark.parametrize(("content", "is_held"), [("b", False), ("c", True)])
def test_approved_load_is_held_again_if_a_part_was_overwritten_since_by_another_content(
    content: str, is_held: bool
) -> None:
    table = filled(load(1, 1, "a"), load(2, 2, "b"))
    table.take(load(1, 600, "a"), load(2, 601, "b"))
    approved = table.approve()
    table.take(*approved, load(2, 9000, content))
    of_first = table.history[approved[0].file_id]
    assert (of_first.status is FileStatus.HELD, of_first.approved) == (is_held, not is_held)
    assert table.state.generation == (1 if is_held else 2)


@pytest.mark.parametrize("later", [load(3, 9000, "c"), load(4, 9000, "d")], ids=["of the load in the table", "new"])
def test_part_that_lands_after_a_person_approved_its_load_is_held_and_added_when_it_is_approved_too(
    later: LandedFile,
) -> None:
    table = filled(load(1, 1), load(2, 2), load(3, 3))
    table.take(load(1, 600, "a"), load(2, 601, "b"))
    table.take(*table.approve(), later, now=9001)
    assert later.file_id not in table.history
    table.take(later)
    assert table.history[later.file_id].status is FileStatus.HELD
    table.take(*table.approve())
    assert table.state.generation == 2
    assert table.state.load_keys == {load(1, 0).key, load(2, 0).key, later.key}


def test_approved_late_change_does_not_hide_a_load_that_is_held() -> None:
    table = filled(load(1, 1), load(2, 2), load(3, 3, "c"), change(1, 4), change(2, 5))
    table.take(load(1, 600, "a"), load(2, 601, "b"))
    third, late = load(3, 9000, "c"), replace(change(0, 9000), approved=True)
    table.take(third, late)
    assert table.history[third.file_id].status is FileStatus.HELD


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("versioning", RowHistory)
def test_no_part_of_the_last_load_is_skipped_however_early_a_person_approves(seed: int, versioning: RowHistory) -> None:
    """DMS alone writes, with pauses of any length; whatever is held is approved at any time, and in the end."""
    draw, table = Random(seed), Table(versioning)  # noqa: S311 - draws must repeat, not be secret
    pending: list[LandedFile] = []
    loads = [draw.randint(1, 4) for _ in range(draw.randint(1, 3))]
    at = 0
    for number, parts in enumerate(loads):
        for part in range(1, parts + 1):
            at += draw.choice([1, MINUTE, 20 * MINUTE])
            pending += [load(part, at, f"{number}.{part}"), *([change(at, at)] if draw.random() < 0.3 else [])]
            pending = refreshed(table, pending, at, draw)
        at += draw.choice([2 * MINUTE, 60 * MINUTE])
        pending = refreshed(table, pending, at, draw)
    for _ in range(4):
        at += 60 * MINUTE
        table.take(*pending, now=at)
        pending = [*(file for file in pending if file.file_id not in table.history), *table.approve()]
    table.take(*pending, now=at + 60 * MINUTE)
    last = {f"LOAD{part:08X}.parquet" for part in range(1, loads[-1] + 1)}
    newest = {part.name: part for part in sorted(table.loads(), key=lambda part: part.landing_order)}
    assert {name for name in last if newest[name].status is FileStatus.APPLIED} == last


def refreshed(table: Table, pending: list[LandedFile], at: int, draw: Random) -> list[LandedFile]:
    """Run a few executions; gives what is pending after a person has perhaps approved what is held."""
    for minutes in range(draw.randint(0, 2)):
        table.take(*pending, now=at + minutes * 20 * MINUTE)
        pending = [file for file in pending if file.file_id not in table.history]
    return [*pending, *(table.approve() if draw.random() < 0.3 else [])]


@pytest.mark.parametrize("reason", [SkipReason.VANISHED, SkipReason.OVERWRITTEN])
@pytest.mark.parametrize("gone", range(3))
def test_approved_load_is_held_again_if_a_part_of_it_cannot_be_read_any_more(gone: int, reason: SkipReason) -> None:
    """Also one whose newer version has no event yet."""
    table = filled(load(1, 1, "a"), load(2, 2, "b"), load(3, 3, "c"))
    table.take(load(1, 600, "a"), load(2, 601, "b"), load(3, 602, "c"))
    approved = table.approve()
    refresh = table.select(*approved, unreadable={approved[gone].file_id: reason})
    assert "overwritten or deleted after a person approved it" in why_held(refresh)


def test_approved_load_that_was_uploaded_again_as_it_was_began_when_what_was_approved_landed() -> None:
    """Seed 80015575: the changes in between counted as in the load."""
    table = filled(load(1, 1, "a"))
    between = change(1, 9000)
    table.take(load(1, 600, "a"))
    table.take(*table.approve(), between, load(1, 9001, "a"))
    assert (table.state.generation, table.state.load_landing_order) == (2, load(1, 600).landing_order)
    assert table.history[between.file_id].status is FileStatus.APPLIED


def test_approved_part_that_was_overwritten_since_is_of_the_load_that_it_was_written_with() -> None:
    """Seed 70061468: its siblings became the beginning of the next load, so that this had the changes before it."""
    table, second = Table(RowHistory.ALL), replace(load(1, 7, "b"), approved=True)
    siblings, third = [load(2, 3000, "b")], [load(1, 3600, "c"), load(2, 3601, "c")]
    changes = [change(1, 3010), change(2, 3020)]
    table.history = {file.file_id: file.skipped(SkipReason.DISMISSED) for file in (load(2, 2), load(3, 3))}
    steps = table.take(second, *siblings, *changes, *third)
    assert [file.file_id for step in steps for file in step.files][:2] == ids(changes)


def test_approved_load_is_held_again_if_a_part_was_overwritten_and_what_it_was_has_expired() -> None:
    table = filled(load(1, 1, "a"), load(2, 2, "b"))
    table.take(load(1, 600, "a"), load(2, 601, "b"))
    approved = table.approve()
    table.expired = {part.file_id for part in approved}
    table.take(*approved, load(2, 9000, "b"))
    assert (table.history[approved[0].file_id].status, table.state.generation) == (FileStatus.HELD, 1)


def test_part_uploaded_again_is_held_where_its_former_version_has_expired_and_skipped_where_it_is_the_same() -> None:
    table = filled(load(1, 1), load(2, 2, "b"))
    again = load(2, 600, "b")
    assert [file.status_reason for file in table.select(again).skipped] == [SkipReason.COPY]
    table.expired = {load(2, 2, "b").file_id}
    assert "uploaded again without a reload" in why_held(table.select(again))


def test_deleted_part_that_is_restored_is_held_if_nobody_knows_what_it_was() -> None:
    table = table_without_its_first_part()
    table.expired = {load(1, 1, "was").file_id}
    table.take(load(1, 60, "was"))
    assert table.history[load(1, 60, "was").file_id].status is FileStatus.HELD


@pytest.mark.parametrize("is_applied", [True, False])
def test_reload_that_goes_on_after_its_first_parts_were_copied_is_held_if_changes_landed_in_between(
    *, is_applied: bool
) -> None:
    table = filled(load(1, 1), load(2, 2))
    begun, between, again = (load(1, 600, "a"), change(1, 601), (load(1, 602, "a"), load(2, 603)))
    if is_applied:
        table.take(begun, between, now=602)
    refresh = table.select(begun, *again, *(() if is_applied else (between,)))
    assert "changes landed in between" in why_held(refresh)


def test_reload_that_begins_again_with_the_same_part_replaces_the_table_if_nothing_landed_in_between() -> None:
    table = filled(load(1, 1), load(2, 2))
    assert table.select(load(1, 600, "a"), load(1, 602, "a"), load(2, 603)).kind is RefreshKind.RELOAD


def test_first_load_whose_first_segment_follows_an_old_version_of_it_is_held_as_it_may_be_of_the_load_before() -> None:
    first = load(1, 1, "a", segment="SEGMENT1_"), load(1, 2, "b", segment="SEGMENT2_")
    second = (
        load(1, 60, "c", segment="SEGMENT1_"),
        load(1, 61, "b", segment="SEGMENT2_"),
        load(1, 62, "d", segment="SEGMENT2_"),
    )
    refresh = Table().select(*first, *second, load(1, 65, "e", segment="SEGMENT1_"))
    assert "nobody knows where it begins" in why_held(refresh)


@pytest.mark.parametrize(("one", "other"), [("SEGMENT1_", "SEGMENT2_"), ("SEGMENT2_", "SEGMENT1_")])
@pytest.mark.parametrize("versioning", RowHistory)
def test_reload_that_seems_to_begin_with_another_segment_is_held_where_the_load_in_the_table_began_within_one_second(
    one: str, other: str, versioning: RowHistory
) -> None:
    """Seed 450002886: a load without rows for its second segment was taken for one with the second segment before it.

    An operator uploaded a second segment again, so each first segment after it seemed to be of the load before.
    """
    table = filled(load(1, 1, segment=one), load(1, 1, segment=other), versioning=versioning)
    given_up = load(1, 18, "a", segment=one), load(1, 19, "b", segment=other), load(1, 20, "b", segment=other)
    before = load(1, 22, "c", segment=one), load(1, 23, "d", segment=other)
    refresh = table.select(*given_up, *before, load(1, 30, "e", segment=one))
    assert "nobody knows where it begins" in why_held(refresh)


PLAIN = load(1, 0), load(2, 0)
SEGMENTS = load(1, 0, segment="SEGMENT1_"), load(1, 0, segment="SEGMENT2_")


@pytest.mark.parametrize("after", [60, 9000])
@pytest.mark.parametrize(("before", "new"), [(PLAIN, SEGMENTS), (SEGMENTS, PLAIN)])
def test_load_after_parallel_load_was_switched_on_or_off_is_held_and_replaces_the_table_when_approved(
    before: tuple[LandedFile, ...], new: tuple[LandedFile, ...], after: int
) -> None:
    """A load has segments or none; a partition's segment has its own folder."""
    table = filled(*(landed_at(part, 1) for part in before))
    table.take(*(landed_at(part, after) for part in new))
    assert {part.status for part in table.loads() if part.key in {part.key for part in new}} == {FileStatus.HELD}
    table.take(*table.approve())
    assert table.state.load_keys == {part.key for part in new}
    assert table.state.generation == 2


@pytest.mark.parametrize(("before", "new"), [(PLAIN, SEGMENTS), (SEGMENTS, PLAIN)])
def test_first_load_that_began_again_with_or_without_segments_is_held(
    before: tuple[LandedFile, ...], new: tuple[LandedFile, ...]
) -> None:
    pending = (*(landed_at(part, 1) for part in before), *(landed_at(part, 60) for part in new))
    assert "were not written again" in why_held(Table().select(*pending))


def test_first_part_of_a_segment_that_a_person_approves_is_added_to_a_load_that_lacks_it() -> None:
    table = filled(load(1, 1, segment="SEGMENT1_"), load(2, 2, segment="SEGMENT2_"), change(1, 3), change(2, 4))
    table.limits = Limits(replayed_files=0)
    late = load(1, 5, segment="SEGMENT2_")
    table.take(late)
    assert table.history[late.file_id].status is FileStatus.HELD
    table.take(*table.approve())
    assert table.state.generation == 1
    assert late.key in table.state.load_keys


def test_copied_first_part_that_a_person_approves_never_replaces_a_table_of_several_parts() -> None:
    table = filled(load(1, 1), load(2, 2))
    table.take(load(1, 9000, "other", copied=True))
    table.take(*table.approve())
    assert table.state.load_keys == {load(1, 0).key, load(2, 0).key}
    assert table.state.generation == 1


def test_copied_folder_that_a_person_approves_replaces_the_table() -> None:
    table = filled(load(1, 1), load(2, 2))
    table.take(load(1, 9000, "x", copied=True), load(2, 9001, "y", copied=True))
    table.take(*table.approve())
    assert table.state.generation == 2


@pytest.mark.parametrize("is_told", [True, False])
def test_first_load_in_a_folder_that_was_copied_is_held_and_its_changes_follow_it_once_a_person_approves(
    *, is_told: bool
) -> None:
    """Copied by key, all changes land before the load."""
    late = 3 * A_DAY
    changes = [change(number, late + number, copied=is_told) for number in (1, 2)]
    table = Table()
    with pytest.raises(RejectedInputError, match="approve it to apply them after it"):
        table.take(*changes, load(1, late + 3, copied=is_told), now=late + A_DAY)
    assert {file.status for file in table.history.values()} == {FileStatus.HELD}
    table.take(*table.approve(), *changes, now=late + A_DAY)
    assert {file.status for file in table.history.values()} == {FileStatus.APPLIED}
    assert len(table.history) == 3


@pytest.mark.parametrize("copies", [0, 1, 2])
def test_part_of_a_reload_that_its_former_version_overwrote_is_held_also_if_that_was_copied_since(copies: int) -> None:
    """Found by the history tester."""
    table = filled(load(1, 1, "was"), load(2, 2, "b"))
    copied = [load(1, 1002 + number, "was", copied=True) for number in range(copies)]
    refresh = table.select(load(1, 1000, "is"), load(1, 1001, "was"), *copied, load(2, 1010, "c"))
    assert "may be no part of it" in why_held(refresh)


@pytest.mark.parametrize("parts", [(1, 2), (1,)])
def test_first_load_is_another_one_than_a_deleted_one_with_another_first_part(parts: tuple[int, ...]) -> None:
    """Found by the history tester: DMS deleted a load that nobody had read, as its source was emptied."""
    table = Table()
    for number in (1, 2):
        gone = load(number, number, "was")
        table.history[gone.file_id] = gone.skipped(SkipReason.VANISHED)
    before, since = change(1, 10), change(2, 30)
    table.take(before, *(load(number, 20 + number, "is") for number in parts), since)
    assert table.history[before.file_id].status_reason == SkipReason.IN_LOAD
    assert table.history[since.file_id].status is FileStatus.APPLIED


def test_approved_first_load_began_with_its_own_first_part_whatever_was_deleted_before_it() -> None:
    table, gone = Table(), load(3, 3)
    before = change(1, 10)
    with pytest.raises(RejectedInputError):
        table.take(load(1, 1), load(2, 2), gone, before, load(1, 20), load(2, 21))
    table.history[gone.file_id] = gone.skipped(SkipReason.VANISHED)
    table.take(*(file for file in table.approve() if file.file_id != gone.file_id), before)
    assert table.history[before.file_id].status_reason == SkipReason.IN_LOAD


@pytest.mark.parametrize("second", [600, 601])
def test_old_part_that_overwrote_a_new_one_has_the_load_held_also_if_both_landed_within_one_second(second: int) -> None:
    """A listing, which found both, tells times to the second, and which of them can be read."""
    new, old = load(1, 600, "new"), load(1, second, "a")
    table = filled(load(1, 1, "a"), load(2, 2, "b"))
    refresh = table.select(new, old, load(2, 602, "c"), unreadable={new.file_id: SkipReason.OVERWRITTEN})
    assert (refresh.files, held_files(refresh)) == ((), {old.file_id, load(2, 602, "c").file_id})
    assert "may be no part of it" in why_held(refresh)
