"""A person approves a load part by part while a run reads the ledger: the table never has only part of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from odp.records import FileStatus, LandedFile, PendingFiles

from tests.unit.odp.file_processor.refresh_world import World, add, file, part

pytestmark = pytest.mark.simulation

FIRST = [part(number, minutes_ago=600) for number in (1, 2, 3)]
COPIED = [replace(part(number, minutes_ago=300, version="v2"), event_reason="CopyObject") for number in (1, 2, 3)]
SAME = [replace(part(number, minutes_ago=300, version="v2"), version_id="v1") for number in (1, 2, 3)]
READS = range(8)
"""More than a run makes requests to the ledger."""


@dataclass
class Approving(World):
    """After each read of the ledger the person's command has come further: `approved_until` says to which part."""

    approved_until: Sequence[int] = ()
    reads: int = 0

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        found = super().pending_files(source_table_name, most_changes)
        self.go_on()
        return found

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        found = super().pending_loads(source_table_name)
        self.go_on()
        return found

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        found = super().processed_loads(source_table_name)
        self.go_on()
        return found

    def go_on(self) -> None:
        if self.reads < len(self.approved_until):
            self.approve(self.approved_until[self.reads])
        self.reads += 1

    def approve(self, until: int) -> None:
        held = [each for each in self.history.values() if each.status is FileStatus.HELD and each.part_number <= until]
        for each in held:
            del self.history[each.file_id]
            add(self, replace(each, status=FileStatus.PENDING, status_reason="", approved=True))


def holding(*landings: Sequence[LandedFile]) -> Approving:
    """A table that was refreshed after each of these landings, and holds the last load."""
    lake = Approving()
    for each in landings:
        add(lake, *each)
        lake.refresh()
    held = [each for each in lake.history.values() if each.status is FileStatus.HELD]
    assert {each.part_number for each in held} == {1, 2, 3}
    lake.history |= {each.file_id: replace(each, approval="all") for each in held}
    return lake


@pytest.mark.parametrize("second", READS)
@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("first", READS)
def test_load_that_is_approved_while_a_run_reads_is_applied_whole_or_not_yet(
    before: int, first: int, second: int
) -> None:
    lake = holding(FIRST, COPIED)
    commits = len(lake.commits)
    lake.approve(before)
    lake.approved_until = [3 if read >= max(first, second) else 2 if read >= first else before for read in READS]
    lake.reads = 0
    lake.refresh("amid")
    lake.approve(3)
    lake.refresh("after")
    applied = [sorted(commit.file_ids) for commit in lake.commits[commits:]]
    assert applied == [sorted(each.file_id for each in COPIED)]


@pytest.mark.parametrize("second", READS)
@pytest.mark.parametrize("first", READS)
def test_first_load_that_is_approved_while_a_run_reads_comes_before_its_changes(first: int, second: int) -> None:
    lake = holding([*FIRST, *SAME])
    add(lake, replace(file(1), landed_at="2026-01-01T23:00:00Z"))
    lake.approved_until = [3 if read >= max(first, second) else 2 if read >= first else 0 for read in READS]
    lake.reads = 0
    lake.refresh("amid")
    lake.approve(3)
    lake.refresh("after")
    assert {each.file_id for each in SAME} <= set(lake.commits[0].file_ids)
