"""A standby sees what landed long enough ago, and decides as the active Region did at that time (decision 29)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from odp.file_processor.selection.landing_window import LandingWindow
from odp.file_processor.standby import FilesUntil, lost_on_the_way
from odp.records import LandedFile, PendingFiles
from odp.refresh import RefreshKind

from lake.errors import RejectedInputError
from lake.ledger.epochs import Epoch
from tests.unit.odp.file_processor.landings import (
    MINUTE,
    Table,
    change,
    filled,
    held_files,
    ids,
    load,
    why_held,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Ledger:
    """Pending files of one table, in memory."""

    def __init__(self, *files: LandedFile) -> None:
        self.files = files

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        return PendingFiles(self.files, True, len(self.files))

    def pending_loads(self, source_table_name: str) -> list[LandedFile]:
        return [file for file in self.files if file.is_load]

    def processed_loads(self, source_table_name: str) -> list[LandedFile]:
        return []

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> list[LandedFile]:
        return []

    def unrecorded_files(self, source_table_name: str, file_ids: object, pending: PendingFiles) -> Sequence[LandedFile]:
        return pending.files


def test_files_that_landed_within_the_lag_are_hidden_and_a_refused_table_is_planned_again_for_them() -> None:
    files = [load(1, 0), change(1, 60), change(2, 61)]
    seen = FilesUntil(Ledger(*files), lambda: BEGIN + timedelta(seconds=60))
    found = seen.pending_files("s.t", 10)
    assert ids(found.files) == ids(files[:2])
    assert found.registrations == 2
    assert ids(seen.pending_loads("s.t")) == ids(files[:1])
    committed = seen.unrecorded_files("s.t", [files[2].file_id], found)
    assert ids(committed) == ids(files)  # what a commit has is recorded, whenever it landed


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_order_in_which_replicas_come_a_standby_ends_with_the_active_regions_table(seed: int) -> None:
    """Refreshes of the active Region at random times; the standby sees the same files later, in another order."""
    random = Random(seed)  # noqa: S311 - chooses cases
    lag, now, files = 15 * MINUTE, 0, list[LandedFile]()
    for number in range(1, 12):
        now += random.choice([1, 30, 4 * MINUTE, 20 * MINUTE])
        parts = random.randint(1, 3)
        files += [load(n, now + n) for n in range(1, parts + 1)] if random.random() < 0.3 else [change(number, now + 5)]
    comes = {file.file_id: _second(file) + random.randint(0, lag) for file in files}
    active, standby = Table(), Table()
    looks = [*sorted(random.randint(0, now) for _ in range(8)), now + 1000, now + 2000, now + 4000]
    for at in looks:
        _refresh(active, [file for file in files if _second(file) <= at], at)
        here = [file for file in files if comes[file.file_id] <= at + lag]
        _refresh(standby, [file for file in here if _second(file) <= at], at)
        assert standby.state == active.state
        assert standby.history == active.history


def _second(file: LandedFile) -> int:
    return int((datetime.fromisoformat(file.landed_at) - BEGIN).total_seconds())


def _refresh(table: Table, landed: list[LandedFile], at: int) -> None:
    with suppress(RejectedInputError):  # its first load is held
        table.take(*(file for file in landed if file.file_id not in table.history), now=at)


LOST = LandingWindow(BEGIN + timedelta(seconds=1000), BEGIN + timedelta(seconds=5000))


@pytest.mark.parametrize("last", [1000, 3000, 5000])
def test_load_that_was_landing_when_its_region_was_lost_is_held(last: int) -> None:
    table = filled(load(1, 1), load(2, 2))
    table.lost_on_the_way = LOST
    refresh = table.select(load(1, last - 60), load(2, last), now=100_000)
    assert held_files(refresh) == {load(1, last - 60).file_id, load(2, last).file_id}
    assert "may not have been replicated" in why_held(refresh)


@pytest.mark.parametrize("last", [999, 5062])
def test_load_that_landed_before_or_in_this_region_after_it_is_applied(last: int) -> None:
    table = filled(load(1, 1), load(2, 2))
    table.lost_on_the_way = LOST
    refresh = table.select(load(1, last - 60), load(2, last), now=100_000)
    assert refresh.kind is RefreshKind.RELOAD


def test_approved_load_is_applied_although_its_region_was_lost() -> None:
    table = filled(load(1, 1), load(2, 2))
    table.lost_on_the_way = LOST
    approved = [replace(part, approved=True) for part in (load(1, 2940), load(2, 3000))]
    assert table.select(*approved, now=100_000).kind is RefreshKind.RELOAD


def test_first_load_that_was_landing_when_its_region_was_lost_is_held_with_all_its_parts() -> None:
    table = Table(lost_on_the_way=LOST)
    refresh = table.select(load(1, 940), load(2, 3000), change(1, 3100), now=100_000)
    assert not refresh.files
    assert held_files(refresh) == {load(1, 940).file_id, load(2, 3000).file_id}
    assert "may not have been replicated" in why_held(refresh)


def test_approved_first_load_is_applied_although_its_region_was_lost() -> None:
    table = Table(lost_on_the_way=LOST)
    approved = [replace(part, approved=True) for part in (load(1, 2940), load(2, 3000))]
    assert ids(table.select(*approved, now=100_000).files) == ids(approved)


def test_first_load_that_landed_before_its_region_was_lost_is_applied() -> None:
    table = Table(lost_on_the_way=LOST)
    assert ids(table.select(load(1, 900), load(2, 999), now=100_000).files) == ids([load(1, 900), load(2, 999)])


def test_changes_that_were_landing_are_applied() -> None:
    table = filled(load(1, 1), change(1, 5))
    table.lost_on_the_way = LOST
    assert ids(table.select(change(2, 3000), now=100_000).files) == ids([change(2, 3000)])


def test_window_of_a_lost_region_begins_before_its_last_sign_of_life_and_ends_with_the_failover() -> None:
    lost = Epoch(1, "us-west-2", at="2026-01-01T01:00:00Z", planned=False, last_seen="2026-01-01T00:30:00Z")
    window = lost_on_the_way(lost, timedelta(minutes=15))
    assert window == LandingWindow(BEGIN + timedelta(minutes=15), BEGIN + timedelta(minutes=60))
    assert lost_on_the_way(replace(lost, planned=True), timedelta(minutes=15)) is None
    unseen = lost_on_the_way(replace(lost, last_seen=""), timedelta(minutes=15))
    assert unseen == LandingWindow(BEGIN + timedelta(minutes=45), BEGIN + timedelta(minutes=60))
