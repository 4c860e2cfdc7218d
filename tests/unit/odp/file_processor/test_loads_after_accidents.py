"""What becomes of full loads after a person dismissed, approved or emptied, and after parts were lost."""

from dataclasses import dataclass, replace

import pytest
from odp.file_processor.selection.late_files import Limits
from odp.records import EMPTIED, FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.landings import (
    Table,
    change,
    filled,
    held_files,
    ids,
    load,
    why_held,
)
from tests.unit.odp.file_processor.refresh_world import World, add, killed, part

ONE, OTHER = "SEGMENT1_", "SEGMENT2_"


def emptied(at: int) -> LandedFile:
    """The load without rows that odp reload --empty registers."""
    key = "s/t/LOAD00000000.parquet"
    first = load(1, at)
    return replace(first, file_id=f"emptied@{at}", key=key, size=0, event_reason=EMPTIED, approved=True)


def table_that_lost(*parts: LandedFile, applied: tuple[LandedFile, ...]) -> Table:
    """A table whose load lost some parts unread, and has the others."""
    table = Table()
    table.history |= {part.file_id: part.skipped(SkipReason.VANISHED) for part in parts}
    table.take(*applied, now=5)
    return table


def refresh(table: Table, *pending: LandedFile, now: int) -> None:
    """Refresh the table as a run does, which ends where the first load is held."""
    try:
        table.take(*pending, now=now)
    except RejectedInputError:
        assert held(table)


def held(table: Table) -> list[str]:
    return ids([file for file in table.history.values() if file.status is FileStatus.HELD])


def in_table(table: Table) -> set[str]:
    applied = (file for file in table.loads() if file.status is FileStatus.APPLIED)
    return {file.file_id for file in applied if file.generation == table.state.generation}


@pytest.mark.parametrize("beginning", [(), (change(1, 0),), (load(1, 1, segment=ONE), emptied(5))])
@pytest.mark.parametrize(
    ("before", "cut_short", "next_ones"),
    [
        ((OTHER, ONE), (OTHER,), (ONE, OTHER)),
        ((OTHER,), (ONE, OTHER), (ONE, OTHER)),
        ((ONE,), (OTHER, ONE), (OTHER, ONE)),
    ],
)
def test_full_load_after_a_dismissed_one_is_applied(
    beginning: tuple[LandedFile, ...],
    before: tuple[str, ...],
    cut_short: tuple[str, ...],
    next_ones: tuple[str, ...],
) -> None:
    """Dismissed parts that begin with another segment cut each next load in two, however often DMS loads again."""
    table = Table()
    for file in beginning:
        table.take(file, now=6)
    parts = [load(1, 10 + number, segment=segment) for number, segment in enumerate(before)]
    parts += [load(1, 100 + number, segment=segment) for number, segment in enumerate(cut_short)]
    refresh(table, *parts, now=5000)
    assert held(table)
    for again in (1, 2, 3):
        table.dismiss()
        whole = [load(1, 100_000 * again + number, segment=segment) for number, segment in enumerate(next_ones)]
        refresh(table, *whole, now=100_000 * again + 50_000)
    assert not held(table)


@pytest.mark.parametrize("count", [1, 2])
def test_load_that_is_as_it_was_before_the_table_was_emptied_is_held_for_the_reason_whose_remedy_helps(
    count: int,
) -> None:
    """It has the reason of a first load; operations.md says about it: dismiss and load again. It comes again then."""
    table = filled(*(load(number, number, f"as {number}") for number in range(1, count + 1)))
    table.take(emptied(5000))
    again = [load(number, 9000 + number, f"as {number}") for number in range(1, count + 1)]
    assert why_held(table.select(*again)) == "its parts have the same content as parts that landed before"


@pytest.mark.parametrize("more", [(), (load(3, 303, "new"),)])
def test_load_that_begins_as_a_lost_part_is_told_by_another_lost_part_that_is_not_as_it_was(
    more: tuple[LandedFile, ...],
) -> None:
    """Part 1 and 2 were lost. A load with the same part 1 and another part 2 is added to part 4 of the one before."""
    old = load(4, 4, "old")
    table = table_that_lost(load(1, 1, "same"), load(2, 2, "old"), applied=(old,))
    table.take(load(1, 301, "same"), load(2, 302, "new"), *more)
    assert held(table) or old.file_id not in in_table(table)


def test_load_that_begins_as_a_lost_part_is_told_by_a_part_of_the_same_second() -> None:
    """A listing tells no order within a second; decision 11: in doubt a part 1 is earlier than other parts."""
    table = table_that_lost(load(1, 1, "same"), applied=(load(2, 2, "old"),))
    new = load(1, 300, "same"), load(2, 300, "new"), load(3, 301, "new")
    steps = table.take(*new)
    assert [step.kind for step in steps] == [RefreshKind.RELOAD]
    assert in_table(table) == set(ids(new))


def test_part_of_the_second_of_a_lost_part_1_waits_with_it_whatever_the_sequencers_say() -> None:
    """AWS promises the order of sequencers for one key only."""
    table = table_that_lost(load(1, 1, "same"), applied=(load(2, 2, "old"),))
    first = replace(load(1, 300, "same"), sequencer="0B")
    third = replace(load(3, 300, "new"), sequencer="0A")
    assert not table.select(first, third, now=301).files


def test_complete_load_after_an_approved_one_is_not_held_since_a_part_of_it_is_as_the_approved_one() -> None:
    """The reason says that part 2 never came. It did: it took over the approval of the version it has overwritten."""
    table = filled(load(1, 1), load(2, 2), load(3, 3))
    table.take(load(1, 10_000), load(2, 10_001, "as before"), now=12_000)
    approved = table.approve()
    assert len(approved) == 2
    new = load(1, 13_001), load(2, 13_002, "as before"), load(3, 13_003)
    refresh = table.select(*approved, *new)
    assert (refresh.kind, held_files(refresh)) == (RefreshKind.RELOAD, set())


def test_late_part_is_held_where_every_part_of_the_load_was_overwritten_amid_its_commit() -> None:
    """Nothing of the load counts as applied, so nobody knows when its last part landed: a late part is added."""
    table = filled(load(1, 1, "a"))
    (first,) = table.history.values()
    table.history[first.file_id] = first.skipped(SkipReason.OVERWRITTEN_AMID)
    copy, late = load(1, 3, "a", copied=True), load(2, 90_000)
    table.take(copy, late, now=180_000)
    assert late.file_id in held(table)


def test_segment_of_a_later_load_is_not_added_where_every_part_was_overwritten_amid_its_commit() -> None:
    """A run died after its commit, and DMS began again: the first segment is taken for one of the old load."""
    table = filled(load(1, 1, segment=ONE))
    (first,) = table.history.values()
    table.history[first.file_id] = first.skipped(SkipReason.OVERWRITTEN_AMID)
    assert not table.select(load(1, 90_000, segment=OTHER), now=90_001).files


def test_complete_load_that_begins_as_an_approved_one_is_not_mixed_with_it() -> None:
    """Parts 1, 2 and 4 were approved; DMS loads 1 and 2 as they were and another part 3, and there is no part 4."""
    table = filled(*(load(number, number) for number in (1, 2, 3, 4)))
    table.take(load(1, 10_000, "b1"), load(2, 10_001, "b2"), load(4, 10_002, "b4"), now=12_000)
    approved = table.approve()
    assert len(approved) == 3
    table.take(*approved, load(1, 13_000, "b1"), load(2, 13_001, "b2"), load(3, 13_002, "new"))
    assert not {approved[-1].file_id, load(3, 13_002, "new").file_id} <= in_table(table)


@pytest.mark.parametrize("versioning", RowHistory)
@pytest.mark.parametrize("files", [1, 1000])
def test_load_after_a_dismissed_one_is_applied_where_only_its_first_part_has_changed(
    versioning: RowHistory, files: int
) -> None:
    """The remedy of operations.md: dismiss, load again in DMS. Part 2 is as it was, and part 1 is applied first."""
    table = Table(versioning, limits=Limits(files=files))
    dismissed = load(1, 1, "a1"), load(2, 2, "same"), load(3, 3, "as well")
    table.history |= {part.file_id: part.skipped(SkipReason.DISMISSED) for part in dismissed}
    parts = load(1, 9000, "new"), load(2, 9060, "same"), load(3, 9120, "as well")
    for landed in range(1, 4):
        pending = (part for part in parts[:landed] if part.file_id not in table.history)
        table.take(*pending, now=9000 + 60 * landed)
    table.take(*(part for part in parts if part.file_id not in table.history))
    assert (held(table), in_table(table)) == ([], set(ids(parts)))


def test_contents_compared_grow_with_the_parts_of_a_load_after_a_dismissed_one() -> None:
    """A comparison is up to eight requests. With 250 parts there are 10,000 of them, with 500 parts 40,000."""
    compared: dict[int, int] = {}
    for count in (100, 200):
        table = Counting(limits=Limits(files=count // 5))
        dismissed = [load(number, number // 50, f"c{number}") for number in range(1, count + 1)]
        table.history |= {part.file_id: part.skipped(SkipReason.DISMISSED) for part in dismissed}
        table.take(*(load(number, 9000, f"n{number}") for number in range(1, count // 5 + 1)), now=9001)
        table.take(*(load(number, 9002, f"c{number}") for number in range(count // 5 + 1, count + 1)), now=9003)
        compared[count] = table.compared
    assert compared[200] <= 3 * max(compared[100], 100)


@dataclass
class Counting(Table):
    """A table that counts how often contents are compared."""

    compared: int = 0

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        self.compared += 1
        return super().has_same_content(version, earlier)


def test_part_overwritten_amid_the_commit_of_a_run_that_died_is_recorded_with_its_load() -> None:
    """A run that lives records it with the generation of its load. Without it, nobody knows whose part it was."""
    lake = World(pending={"p1.v1": part(1, minutes_ago=60)})
    killed(lake, "catalog")
    add(lake, part(1, minutes_ago=1, version="v2"))
    lake.refreshed("next")
    recorded = lake.history["p1.v1"]
    assert (recorded.status_reason, recorded.generation) == (SkipReason.OVERWRITTEN_AMID, 1)


@pytest.mark.parametrize("reason", [SkipReason.OVERWRITTEN, SkipReason.VANISHED])
def test_load_is_not_dated_by_a_segment_of_another_load_that_nobody_can_read_any_more(reason: SkipReason) -> None:
    """Seed 380012403: what a dismissed load had overwritten waited while the table was refused, and dated the next."""
    table = filled(load(1, 1, segment=ONE))
    gone = [load(1, at, segment="SEGMENT3_") for at in (10, 27)]
    between, new = change(1, 30), [load(1, 40_000, segment=ONE), load(1, 40_001, segment="SEGMENT3_")]
    step = table.select(*gone, between, *new, unreadable={part.file_id: reason for part in gone})
    assert (step.kind, ids(step.files)) == (RefreshKind.RELOAD, ids(new))
    assert {file.file_id: file.status_reason for file in step.skipped}[between.file_id] == SkipReason.IN_LOAD


@pytest.mark.parametrize("content", ["as before", "new"])
def test_load_that_may_be_the_one_before_it_whose_content_is_gone_is_held_and_begins_by_itself_when_approved(
    content: str,
) -> None:
    """Seed 390051657: changes from before a wider column came over its load, which was refused."""
    table = filled(change(1, 4), change(2, 5))
    before, newer = load(1, 3, "as before"), load(1, 300, content)
    table.expired = {before.file_id}
    refresh = table.select(before, newer)
    assert (refresh.files, held_files(refresh)) == ((), {newer.file_id})
    refresh = table.select(replace(newer, approved=True))
    assert (refresh.kind, ids(refresh.files), refresh.replayed) == (RefreshKind.RELOAD, [newer.file_id], ())


@pytest.mark.parametrize("reason", [SkipReason.OVERWRITTEN, SkipReason.VANISHED])
def test_first_load_that_came_again_as_it_was_after_changes_is_held(reason: SkipReason) -> None:
    """Seed 400011887: DMS restarted, a row that the changes had inserted was gone, and the load was the same again."""
    table, before, newer = Table(), load(1, 3, "same"), load(1, 12, "same")
    if reason is SkipReason.VANISHED:
        table.history[before.file_id] = before.skipped(reason)
    pending = (newer, change(1, 4)) if reason is SkipReason.VANISHED else (before, newer, change(1, 4))
    refresh = table.select(*pending)
    assert (refresh.files, held_files(refresh)) == ((), {newer.file_id})


@pytest.mark.parametrize("counts", [(1, 2, 2), (2, 2), (1, 1), (1, 1, 2)])
def test_load_that_came_again_after_changes_replaces_a_table_of_changes_only_when_a_person_says_so(
    counts: tuple[int, ...],
) -> None:
    """Seed 410025549: DMS restarted twice, and earlier changes landed after the last load."""
    table = filled(change(1, 1))
    pending = [load(n, 100 * turn + n, f"as {n}") for turn, count in enumerate(counts) for n in range(1, count + 1)]
    newest = {part.key: part for part in pending}
    refresh = table.select(*pending, change(5, 50))
    assert not any(file.is_load for file in refresh.files)
    assert held_files(table.select(*pending, change(5, 50))) >= {part.file_id for part in newest.values()}


def test_first_load_that_may_have_come_again_after_it_was_deleted_and_changes_came_is_held() -> None:
    """Seed 410009045: nobody can compare what was deleted with what came."""
    table, before, newer = Table(), load(1, 3), load(1, 21)
    table.history[before.file_id] = before.skipped(SkipReason.VANISHED)
    table.expired = {before.file_id}
    refresh = table.select(newer, change(1, 17))
    assert (refresh.files, held_files(refresh)) == ((), {newer.file_id})
