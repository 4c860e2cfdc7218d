"""Parts of two loads are never applied as one, even if a part of the first was deleted unread."""

from dataclasses import replace

import pytest
from odp.file_processor.selection.late_files import Limits
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.landings import (
    MINUTE,
    Table,
    change,
    held_files,
    ids,
    is_waiting,
    load,
    reasons,
    why_held,
)

GONE = [SkipReason.VANISHED, SkipReason.OVERWRITTEN, SkipReason.DISMISSED]
UNREAD = [SkipReason.VANISHED, SkipReason.OVERWRITTEN]
BEGINNINGS: list[tuple[LandedFile, ...]] = [(), (change(0, 0),)]
"""What is in the table: nothing, or changes alone."""


def lost(*parts: LandedFile, reason: SkipReason = SkipReason.VANISHED, table: Table | None = None) -> Table:
    """A table in whose history these parts are, each skipped with the reason."""
    table = table or Table()
    table.history |= {part.file_id: part.skipped(reason) for part in parts}
    return table


def applied(table: Table) -> set[str]:
    return {file.file_id for file in table.loads() if file.status is FileStatus.APPLIED}


@pytest.mark.parametrize("reason", GONE)
@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("versioning", RowHistory)
def test_new_first_part_and_an_old_second_part_are_held_apart_from_each_other(
    versioning: RowHistory, beginning: tuple[LandedFile, ...], reason: SkipReason
) -> None:
    """Seed 2474: the new load of one part was applied with the rows of the old one."""
    table = Table(versioning)
    table.take(*beginning)
    lost(load(1, 1, "old"), reason=reason, table=table)
    old, new = load(2, 10, "old"), load(1, 300, "new")
    assert is_waiting(table.select(old, new, now=301))
    refresh = table.select(old, new)
    assert (refresh.files, held_files(refresh)) == ((), {old.file_id, new.file_id})
    assert "not written again (LOAD00000002.parquet)" in why_held(refresh)


def test_new_first_part_replaces_what_is_left_of_the_old_load_when_a_person_approves_it_alone() -> None:
    table = lost(load(1, 1, "old"))
    old, new = load(2, 10, "old"), load(1, 300, "new")
    with pytest.raises(RejectedInputError, match="first full load is held"):
        table.take(old, new)
    approved = table.approve()
    lost(*(part for part in approved if part.key == old.key), reason=SkipReason.DISMISSED, table=table)
    table.take(*(part for part in approved if part.key == new.key))
    assert applied(table) == {new.file_id}


@pytest.mark.parametrize("gap", [10, 40 * MINUTE])
def test_pauses_of_the_old_load_do_not_matter(gap: int) -> None:
    table = lost(load(1, 1, "old"))
    old, new = load(2, 1 + gap, "old"), load(1, 1 + gap + 300, "new")
    assert held_files(table.select(old, new)) == {old.file_id, new.file_id}


def test_new_load_is_applied_alone_if_the_old_part_is_deleted_too() -> None:
    old, new = load(2, 10, "old"), load(1, 300, "new")
    table = lost(load(1, 1, "old"), old)
    assert ids(table.select(new, now=301).files) == [new.file_id]
    table = lost(load(1, 1, "old"))
    table.select(old, new, unreadable={old.file_id: SkipReason.VANISHED})
    table.take(new)
    assert applied(table) == {new.file_id}


def test_old_part_that_is_deleted_while_it_waits_with_the_new_load_is_never_applied() -> None:
    table, old, new = lost(load(1, 1, "old")), load(2, 10, "old"), load(1, 300, "new")
    refresh = table.select(old, new, unreadable={old.file_id: SkipReason.VANISHED})
    assert ids(refresh.files) in ([], [new.file_id])
    assert new.file_id in {*ids(refresh.files), *held_files(refresh)}


@pytest.mark.parametrize("reason", UNREAD)
@pytest.mark.parametrize("gap", [10, 40 * MINUTE])
def test_what_is_left_of_a_load_is_applied_and_the_next_load_is_not_added_to_it(gap: int, reason: SkipReason) -> None:
    table, old = lost(load(1, 1, "old"), reason=reason), load(2, 1 + gap, "old")
    assert ids(table.select(old, now=2 + gap).files) == [old.file_id]
    table.take(old, now=2 + gap)
    new = load(1, 1 + gap + 300, "new")
    refresh = table.select(new)
    assert (refresh.files, held_files(refresh)) == ((), {new.file_id})


ONE, OTHER = "SEGMENT1_", "SEGMENT2_"


@pytest.mark.parametrize(
    ("gone", "old", "new"),
    [
        (load(1, 1, "old", segment=ONE), load(1, 2, "old", segment=OTHER), load(1, 300, "new", segment=ONE)),
        (load(1, 1, "old", segment=ONE), load(2, 2, "old", segment=ONE), load(1, 300, "new", segment=ONE)),
        (load(1, 1, "old", segment=OTHER), load(2, 2, "old", segment=OTHER), load(1, 300, "new", segment=OTHER)),
        (load(1, 2, "old", segment=OTHER), load(1, 1, "old", segment=ONE), load(1, 300, "new", segment=OTHER)),
        (load(1, 1, "old", segment="p1/"), load(1, 2, "old", segment="p2/"), load(1, 300, "new", segment="p1/")),
        (load(1, 1, "old"), load(2, 2, "old"), load(1, 300, "new", segment=ONE)),
        (load(1, 1, "old", segment=ONE), load(1, 2, "old", segment=OTHER), load(1, 300, "new")),
    ],
)
@pytest.mark.parametrize("is_applied", [True, False])
@pytest.mark.parametrize("reason", UNREAD)
def test_parts_of_two_loads_with_segments_are_held_apart(
    gone: LandedFile, old: LandedFile, new: LandedFile, reason: SkipReason, *, is_applied: bool
) -> None:
    table = lost(gone, reason=reason)
    if is_applied:
        table.take(old, now=3)
    refresh = table.select(*(() if is_applied else (old,)), new)
    assert (refresh.files, new.file_id in held_files(refresh)) == ((), True)


def test_segments_of_a_load_that_follows_a_deleted_one_are_applied_as_they_come() -> None:
    table = lost(load(1, 1, "old", segment=ONE), load(1, 2, "old", segment=OTHER))
    first, second = load(1, 300, "new", segment=ONE), load(1, 301, "new", segment=OTHER)
    table.take(first, now=300)
    table.take(second, now=301)
    assert applied(table) == {first.file_id, second.file_id}
    table = lost(load(1, 1, "old", segment=ONE), load(1, 2, "old", segment=OTHER))
    assert ids(table.select(first, second, now=301).files) == [first.file_id, second.file_id]


def test_longer_load_replaces_what_is_left_of_a_load_that_lost_its_first_part() -> None:
    table, old = lost(load(1, 1, "old")), load(2, 10, "old")
    new = [load(part, 300 + part, "new") for part in (1, 2, 3)]
    assert is_waiting(table.select(old, *new, now=400))
    table.take(old, *new)
    assert applied(table) == set(ids(new))
    assert table.history[old.file_id].status_reason == SkipReason.OVERWRITTEN


def test_longer_load_of_which_a_part_is_not_there_yet_never_takes_the_old_part_for_its_own() -> None:
    table, old = lost(load(1, 1, "old")), load(2, 10, "old")
    new = load(1, 301, "new"), load(3, 303, "new")
    refresh = table.select(old, *new)
    assert (refresh.files, held_files(refresh)) == ((), {old.file_id, *ids(new)})


def loaded(*parts: LandedFile) -> Table:
    table = Table()
    table.take(*parts)
    return table


@pytest.mark.parametrize("reason", UNREAD)
@pytest.mark.parametrize("at", [300, 9000])
def test_part_of_a_reload_whose_first_part_is_gone_is_not_added_to_the_load_in_the_table(
    at: int, reason: SkipReason
) -> None:
    table = lost(load(1, at, "new"), reason=reason, table=loaded(load(1, 1, "old")))
    part = load(2, at + 1, "new")
    assert is_waiting(table.select(part, now=at + 2))
    refresh = table.select(part)
    assert (refresh.files, held_files(refresh)) == ((), {part.file_id})
    assert "first part of another load, which was deleted or overwritten" in why_held(refresh)


@pytest.mark.parametrize("reason", UNREAD)
@pytest.mark.parametrize("at", [300, 9000])
def test_part_of_a_lost_reload_and_the_reload_after_it_are_not_one(at: int, reason: SkipReason) -> None:
    table = lost(load(1, at, "new"), reason=reason, table=loaded(load(1, 1, "old"), load(2, 2, "old")))
    middle, newest = load(2, at + 1, "new"), load(1, at + 300, "newest")
    refresh = table.select(middle, newest)
    assert (refresh.files, held_files(refresh)) == ((), {middle.file_id, newest.file_id})


def test_part_of_a_lost_reload_with_more_parts_and_the_reload_after_it_are_not_one() -> None:
    table = lost(load(1, 300, "new"), table=loaded(load(1, 1, "old")))
    middle, newest = load(2, 301, "new"), load(1, 600, "newest")
    refresh = table.select(middle, newest)
    assert not refresh.files
    assert newest.file_id in held_files(refresh)


@pytest.mark.parametrize("applies_between", [True, False])
def test_first_load_whose_parts_land_over_twenty_minutes_is_applied_by_itself(*, applies_between: bool) -> None:
    parts = [load(part, 7 * MINUTE * part) for part in (1, 2, 3, 4)]
    table, pending = Table(), list[LandedFile]()
    for number, part in enumerate(parts, start=1):
        pending.append(part)
        if applies_between or number == len(parts):
            table.take(*pending, now=7 * MINUTE * number + 1)
            pending = []
    assert applied(table) == set(ids(parts))


@pytest.mark.parametrize("again", [20, 5 * MINUTE, 40 * MINUTE])
def test_first_part_that_was_applied_and_is_copied_onto_itself_stops_no_load(again: int) -> None:
    table, copy = loaded(load(1, 1, "a")), load(1, again, "a", copied=True)
    table.take(copy, now=again + 60 * MINUTE)
    rest = load(2, 10 * MINUTE, "b")
    table.take(rest, now=10 * MINUTE + 1)
    assert (applied(table), reasons([table.history[copy.file_id]])) == (
        {load(1, 1, "a").file_id, rest.file_id},
        {copy.file_id: SkipReason.COPY},
    )


@pytest.mark.parametrize("reason", UNREAD)
def test_applied_first_part_that_was_uploaded_again_as_it_was_and_deleted_stops_no_load(reason: SkipReason) -> None:
    table = lost(load(1, 20, "a"), reason=reason, table=loaded(load(1, 1, "a")))
    rest = load(2, 60, "b")
    assert ids(table.select(rest, now=61).files) == [rest.file_id]


@pytest.mark.parametrize("reason", UNREAD)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_first_part_that_is_gone_and_uploaded_again_as_it_was_is_of_its_load(
    order: tuple[int, int], reason: SkipReason
) -> None:
    table, first = lost(load(1, 1, "a"), reason=reason), load(1, 60, "a")
    rest = load(2, (61, 30)[order[0]], "b")
    refresh = table.select(*((first, rest)[number] for number in order), now=62)
    assert (refresh.kind, set(ids(refresh.files))) == (RefreshKind.INITIAL, {first.file_id, rest.file_id})
    table.take(first, rest, now=62)
    more = load(3, 120, "c")
    assert ids(table.select(more, now=121).files) == [more.file_id]


@pytest.mark.parametrize("content", ["same", "new"])
def test_approved_first_load_of_several_commits_is_one_load_whatever_was_overwritten_before_it(content: str) -> None:
    """Seed 30000295 of the tester: its second segment replaced the first one."""
    table = Table(limits=Limits(files=1))
    given_up = load(1, 1, "same", segment=ONE), load(1, 2, "old", segment=OTHER)
    lost(*given_up, reason=SkipReason.OVERWRITTEN, table=table)
    parts = [replace(load(1, 300, content, segment=ONE), approved=True)]
    parts += [replace(load(1, 301, "new", segment=OTHER), approved=True)]
    table.take(*parts)
    assert (applied(table), table.state.generation) == (set(ids(parts)), 1)


def test_first_load_of_several_commits_is_one_load_whatever_was_lost_before_it() -> None:
    table = lost(load(1, 1, "a", segment=ONE), load(1, 2, "b", segment=OTHER), table=Table(limits=Limits(files=1)))
    parts = [load(number, 300 + number, "c", segment=segment) for segment in (ONE, OTHER) for number in (1, 2)]
    table.take(*parts)
    assert (applied(table), table.state.generation) == (set(ids(parts)), 1)


def test_later_segment_that_was_overwritten_before_a_first_load_is_of_an_earlier_load() -> None:
    """Seed 30002037: the first segment was dismissed and came again as it was, so that the second one replaced it."""
    table = Table(limits=Limits(files=1))
    lost(load(1, 1, "same", segment=ONE), reason=SkipReason.DISMISSED, table=table)
    lost(load(1, 2, "old", segment=OTHER), reason=SkipReason.OVERWRITTEN, table=table)
    parts = load(1, 300, "same", segment=ONE), load(1, 301, "old", segment=OTHER)
    table.take(*parts)
    more = load(2, 302, "new", segment=OTHER)
    table.take(more, now=303)
    assert (applied(table), table.state.generation) == ({*ids(parts), more.file_id}, 1)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_load_that_was_loaded_again_and_lost_its_first_segment_then_is_not_added_to_by_the_next_one(
    beginning: tuple[LandedFile, ...],
) -> None:
    """Seed 31000104 with more deletions: DMS dropped the first load, an operator deleted the first segment."""
    table = loaded(*beginning)
    lost(load(1, 3, "a", segment=ONE), load(1, 4, "b", segment=OTHER), load(1, 6, "c", segment=ONE), table=table)
    table.take(load(1, 7, "b", segment=OTHER))
    new = load(1, 9000, "d", segment=ONE)
    table.take(new)
    table.take(*table.approve())
    assert table.state.load_keys == {new.key}


def test_load_that_begins_as_a_lost_one_gets_its_other_segments_as_they_come() -> None:
    """Seed 51000614 with more deletions: its last segment replaced the others when a person approved it."""
    table = lost(load(1, 3, "same", segment=ONE), load(1, 9, "old", segment=OTHER))
    first, second = load(1, 12, "same", segment=ONE), load(1, 25, "new", segment=OTHER)
    table.take(first, now=13)
    table.take(second, now=26)
    assert (applied(table), table.state.generation) == ({first.file_id, second.file_id}, 1)


@pytest.mark.parametrize("versioning", RowHistory)
def test_load_that_is_as_one_before_a_dismissed_one_is_held_and_begins_by_itself_when_it_is_approved(
    versioning: RowHistory,
) -> None:
    """Seed 310005617: the part that the dismissed one had overwritten dated the next load, and changes came over it."""
    table = lost(load(1, 1, "as before"), reason=SkipReason.OVERWRITTEN, table=Table(versioning))
    lost(load(1, 3, "again"), reason=SkipReason.DISMISSED, table=table)
    table.take(change(10, 10))
    part = load(1, 300, "as before")
    assert held_files(table.select(part)) == {part.file_id}
    refresh = table.select(replace(part, approved=True))
    assert (refresh.kind, ids(refresh.files), refresh.replayed) == (RefreshKind.RELOAD, [part.file_id], ())


def without_first_part(versioning: RowHistory = RowHistory.LATEST) -> Table:
    """A table whose load lost its first part, "a", before anyone read it."""
    table = lost(load(1, 1, "a"), table=Table(versioning))
    table.take(load(2, 2, "b"), load(3, 3, "c"), now=4)
    return table


@pytest.mark.parametrize("versioning", RowHistory)
@pytest.mark.parametrize("rest", [("b", "new"), ("new", "c"), ("new",), ("b", "new", "d"), ("new", "new", "d", "e")])
def test_load_that_begins_as_the_lost_first_part_was_is_never_added_to_the_load_that_lost_it(
    rest: tuple[str, ...], versioning: RowHistory
) -> None:
    """Seed 330033019: its first and its last parts were, those between them were held and dismissed."""
    table = without_first_part(versioning)
    before = applied(table)
    new = [load(number, 300 + number, content) for number, content in enumerate(("a", *rest), start=1)]
    for count in range(1, len(new) + 1):
        assert not table.select(*new[:count], now=300 + count).files
    table.take(*new)
    assert applied(table) - before in (set(), set(ids(new)))
    if applied(table) == before:
        table.take(*table.approve())
    assert table.state.load_keys == {part.key for part in new}


def test_lost_first_part_that_is_restored_as_it_was_is_added_when_no_other_part_followed() -> None:
    table, first = without_first_part(), load(1, 300, "a")
    assert is_waiting(table.select(first, now=301))
    refresh = table.select(first)
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.INITIAL, [first.file_id])


def test_lost_first_part_that_is_restored_with_the_rest_as_it_was_is_added_and_the_rest_are_copies() -> None:
    table, again = without_first_part(), [load(1, 300, "a"), load(2, 301, "b"), load(3, 302, "c")]
    table.take(*again)
    assert again[0].file_id in applied(table)
    assert {table.history[part.file_id].status_reason for part in again[1:]} == {SkipReason.COPY}


@pytest.mark.parametrize("versioning", RowHistory)
@pytest.mark.parametrize("is_gone", [False, True])
def test_copy_of_a_part_that_a_person_dismissed_is_not_added_to_the_next_load(
    versioning: RowHistory, *, is_gone: bool
) -> None:
    """Seed 360032657: an operator copied the folder onto itself, and the copies landed beside the next load's."""
    table = lost(load(2, 2, "old"), load(3, 3, "old"), reason=SkipReason.DISMISSED, table=Table(versioning))
    table.expired = {part.file_id for part in table.loads() if is_gone}
    table.take(load(1, 300, "new"), now=301)
    again = [load(number, 300 + number, "old", copied=True) for number in (2, 3)]
    assert is_waiting(table.select(*again, now=304))
    refresh = table.select(*again)
    assert (refresh.files, held_files(refresh)) == ((), set(ids(again)))
    other = load(2, 305, "new")
    assert ids(table.select(other, now=306).files) == [other.file_id]


@pytest.mark.parametrize("versioning", RowHistory)
@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize(
    "own",
    [
        pytest.param([load(1, 300, "new")], id="DMS's"),
        pytest.param([replace(load(1, 5, "new"), approved=True)], id="approved"),
        pytest.param([replace(load(1, 5, "new"), approved=True), load(1, 300, "new", copied=True)], id="copied, too"),
    ],
)
def test_copy_of_a_part_that_a_person_dismissed_is_not_added_to_a_first_load(
    own: list[LandedFile], versioning: RowHistory, *, is_gone: bool
) -> None:
    """Seed 430091212: copies of dismissed parts came with the copy of the part that was approved."""
    table = lost(load(2, 2, "old"), load(3, 3, "old"), reason=SkipReason.DISMISSED, table=Table(versioning))
    table.expired = {part.file_id for part in table.loads() if is_gone}
    again = [load(number, 301 + number, "old", copied=True) for number in (2, 3)]
    now = table.select(*own, *again, now=306)
    assert (now.kind, ids(now.files)) == (RefreshKind.INITIAL, [own[-1].file_id])
    table.take(*own, *again)
    assert {table.history[part.file_id].status for part in again} == {FileStatus.HELD}
    assert applied(table) == {own[-1].file_id}


@pytest.mark.parametrize("versioning", RowHistory)
@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize("segment", ["", ONE, OTHER])
def test_first_load_of_nothing_but_what_a_person_dismissed_is_held_and_the_next_load_begins_without_it(
    segment: str, versioning: RowHistory, *, is_gone: bool
) -> None:
    """Seed 460038876: an operator uploaded a segment of a dismissed load again, and it was applied as a first load."""
    old = load(1, 2, "old", segment=segment)
    table = lost(load(1, 1, "old", segment="SEGMENT7_"), old, reason=SkipReason.DISMISSED, table=Table(versioning))
    table.expired = {part.file_id for part in table.loads() if is_gone}
    again, follows = load(1, 3000, "old", segment=segment), change(1, 3001)
    assert is_waiting(table.select(again, follows, now=3002))
    refresh = table.select(again, follows)
    assert (refresh.files, held_files(refresh)) == ((), {again.file_id})
    with_others = table.select(again, load(1, 3001, "new", segment="SEGMENT8_"), now=3002)
    assert bool(with_others.files) == bool(segment)
    assert [part.file_id for part in table.select(replace(again, approved=True)).files] == [again.file_id]


@pytest.mark.parametrize("versioning", RowHistory)
@pytest.mark.parametrize(
    ("new", "is_gone"), [([load(1, 300, "new"), load(2, 301, "new")], False), ([], False), ([], True)]
)
def test_part_that_a_person_dismissed_is_not_added_if_it_comes_again_without_the_part_before_it(
    new: list[LandedFile], versioning: RowHistory, *, is_gone: bool
) -> None:
    """Seed 480069325: an operator uploaded a dismissed part again, and it was added to the load that DMS began."""
    dismissed = [load(number, number, "old") for number in range(1, 7)]
    table = lost(*dismissed, reason=SkipReason.DISMISSED, table=Table(versioning))
    table.expired = {part.file_id for part in dismissed if is_gone}
    again = load(5, 302, "old"), load(6, 303, "old")
    table.take(*new, *again, now=304)
    assert applied(table) == set(ids(new))
    refresh = table.select(*again)
    assert (refresh.files, held_files(refresh)) == ((), set(ids(again)))


def test_load_that_dms_writes_again_after_it_was_dismissed_is_applied_with_the_parts_that_are_as_they_were() -> None:
    parts = [load(number, number, "old") for number in (1, 2, 4)]
    table = lost(*parts, reason=SkipReason.DISMISSED)
    again = [load(1, 300, "new"), *(load(number, 300 + number, "old") for number in (2, 3, 4))]
    table.take(*again, now=305)
    assert applied(table) == set(ids(again))


def test_next_load_is_not_mixed_where_the_first_part_of_the_load_in_the_table_was_overwritten_while_it_was_read() -> (
    None
):
    """Seed 370002761: an operator wrote a segment again, and the segments of two later loads were taken for one."""
    table = loaded(load(1, 1, segment=ONE))
    (first,) = table.loads()
    table.history[first.file_id] = first.skipped(SkipReason.OVERWRITTEN_AMID)
    parts = [load(1, at, segment=segment) for at, segment in ((3, OTHER), (9, ONE), (10, OTHER), (18, ONE))]
    refresh = table.select(load(1, 2, segment=OTHER), *parts)
    assert (refresh.files, parts[-1].file_id in held_files(refresh)) == ((), True)
