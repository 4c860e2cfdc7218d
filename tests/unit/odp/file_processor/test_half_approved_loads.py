"""A person approves a load file by file: if the command is interrupted, approved parts wait for the held ones."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.landings import Table, change, filled, ids, is_waiting, load, reasons, why_held

FIRST = load(1, 1), load(2, 2), load(3, 3)
COPIED = load(1, 601, copied=True), load(2, 602, copied=True), load(3, 603, copied=True)
SOME = [parts for number in (1, 2) for parts in combinations(range(3), number)]


def holding(versioning: RowHistory = RowHistory.LATEST) -> Table:
    """A table with a load, and another one that is held."""
    table = filled(*FIRST, versioning=versioning)
    table.take(*COPIED)
    assert {file.status for file in table.history.values()} == {FileStatus.APPLIED, FileStatus.HELD}
    return table


def approve(table: Table, parts: Sequence[LandedFile], *, by_name: bool = False) -> list[LandedFile]:
    """Approve some parts of all that are held; what is approved by its name has nothing to do with the others."""
    for part in () if by_name else [file for file in table.history.values() if file.status is FileStatus.HELD]:
        table.history[part.file_id] = replace(part, approval="all")
    held = [table.history.pop(part.file_id) for part in parts]
    return [replace(part, status=FileStatus.PENDING, status_reason="", approved=True) for part in held]


@pytest.mark.parametrize("some", SOME)
@pytest.mark.parametrize("versioning", list(RowHistory))
def test_approved_parts_wait_for_the_others_of_their_load_and_are_applied_with_them(
    some: Sequence[int], versioning: RowHistory
) -> None:
    table = holding(versioning)
    first = approve(table, [COPIED[number] for number in some])
    (step,) = table.take(*first, change(1, 700))
    assert ids(step.files) == [change(1, 700).file_id], "changes go on, and nothing of the load"
    assert not step.set_aside
    rest = approve(table, [part for part in COPIED if part.file_id in table.history])
    (step,) = table.take(*first, *rest)
    assert (step.kind, ids(step.files)) == (RefreshKind.RELOAD, ids(COPIED))


@pytest.mark.parametrize("left", [0, 1])
def test_parts_of_several_entries_that_are_approved_together_wait_for_each_other(left: int) -> None:
    """The second part came so late that it was held by itself: seed 520000295."""
    table = Table(versioning=RowHistory.ALL)
    with pytest.raises(RejectedInputError, match="approve or dismiss it"):
        table.take(load(1, 1), load(2, 2), load(1, 601, "new"))
    with pytest.raises(RejectedInputError, match="approve or dismiss it"):
        table.take(load(2, 2601, "new"))
    meant = [
        part
        for part in table.history.values()
        if part.status is FileStatus.HELD and part.landing_order > FIRST[2].landing_order
    ]
    assert len({part.held_id for part in meant}) == len(meant) == 2
    for part in meant:
        table.history[part.file_id] = replace(part, approval="both")
    first = approve(table, [meant[1 - left]], by_name=True)
    with pytest.raises(RejectedInputError, match="approve or dismiss it"):
        table.select(*first, change(1, 700))
    step, end = table.take(*first, *approve(table, [meant[left]], by_name=True))
    assert ids(step.files) == ids(meant)
    assert reasons(end.set_aside) == {FIRST[1].file_id: SkipReason.ABANDONED_LOAD}, "the load before it is over"


@pytest.mark.parametrize("some", SOME)
def test_first_load_that_is_half_approved_waits_as_a_whole_with_the_changes(some: Sequence[int]) -> None:
    table = Table()
    same = [load(part, at + part, content) for at in (0, 600) for part, content in ((1, "a"), (2, "b"), (3, "c"))]
    with pytest.raises(RejectedInputError, match="approve or dismiss it"):
        table.take(*same)
    held = [file for file in table.history.values() if file.status is FileStatus.HELD]
    assert len(held) == len(same) // 2
    first = approve(table, [held[number] for number in some])
    with pytest.raises(RejectedInputError, match="approve or dismiss it"):
        table.select(*first, change(1, 700))
    rest = approve(table, [part for part in held if part.file_id in table.history])
    assert ids(table.take(*first, *rest)[0].files) == ids(held)


def test_parts_that_were_approved_by_name_wait_for_no_others() -> None:
    table = holding()
    refresh = table.select(*approve(table, COPIED[:1], by_name=True))
    assert ids(refresh.files) == ids(COPIED[:1])


def test_approved_part_waits_no_longer_once_the_others_are_dismissed() -> None:
    table = holding()
    first = approve(table, COPIED[:1])
    table.dismiss()
    assert ids(table.select(*first).files) == ids(COPIED[:1])


@pytest.mark.parametrize("reason", [SkipReason.VANISHED, SkipReason.OVERWRITTEN])
def test_part_that_is_gone_before_the_others_are_approved_has_the_load_held_again(reason: SkipReason) -> None:
    table = holding()
    first, gone = approve(table, COPIED[:1]), {COPIED[0].file_id: reason}
    refresh = table.select(*first, unreadable=gone)
    assert is_waiting(refresh)
    refresh = table.select(*first, *approve(table, COPIED[1:]), unreadable=gone)
    assert "overwritten or deleted after a person approved it" in why_held(refresh)


def test_part_that_was_written_again_as_it_was_keeps_the_approval_and_waits() -> None:
    table = filled(*FIRST)
    parts = load(1, 601, "a", copied=True), load(2, 602, "b", copied=True), load(3, 603, "c", copied=True)
    table.take(*parts)
    first, again = approve(table, parts[:1]), load(1, 9000, "a")
    assert not table.select(*first, again).files
    refresh = table.select(*first, again, *approve(table, parts[1:]))
    assert ids(refresh.files) == ids([again, *parts[1:]])


def test_load_that_comes_after_a_half_approved_one_replaces_the_table_without_it() -> None:
    table = holding()
    first = approve(table, COPIED[:1])
    newer = load(1, 9000), load(2, 9001), load(3, 9002)
    (step,) = table.take(*first, *newer)
    assert (step.kind, ids(step.files)) == (RefreshKind.RELOAD, ids(newer))
    table.dismiss()
    assert reasons(table.select(*first).skipped) == {COPIED[0].file_id: SkipReason.OVERWRITTEN}


@pytest.mark.parametrize("also_approved", [False, True])
def test_changes_before_an_approved_first_load_are_in_it_whatever_is_held_of_the_load_before(
    also_approved: bool,
) -> None:
    """The part that is held yet dated the load, so changes that the load contains were applied after it (530003546)."""
    table, new = Table(), load(1, 601, "new")
    with pytest.raises(RejectedInputError, match="approve or dismiss it"):
        table.take(load(1, 1), load(2, 590), new)
    (step,) = table.take(*approve(table, [new], by_name=True), *([change(1, 592)] if also_approved else []))
    assert step.kind is RefreshKind.INITIAL
    (step,) = table.take(change(2, 595))
    assert (ids(step.files), reasons(step.skipped)) == ([], {change(2, 595).file_id: SkipReason.IN_LOAD})
    (step,) = table.take(change(3, 605))
    assert ids(step.files) == [change(3, 605).file_id]
