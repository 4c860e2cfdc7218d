"""The sweep over the staging bucket: finds files without an event of tables of which no other file comes.

Every few hours it looks at the recent files of every table: those of yesterday to tomorrow, and all LOAD files.
Once a week it begins a round over the whole bucket. Whatever it does not finish before its time is over goes on at the
same key in its next run, so its cost does not depend on how much staging holds from earlier days.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from odp.file_manager.key_ranges import DAY, FLAT, KeyRange, layouts_of, ranges_of_days
from odp.file_manager.reconciliation import Found, Reconciliation, versions_in
from odp.listings import SweepState
from odp.ports import SweepStates, WholeListing

logger = logging.getLogger(__name__)

RECENT_EVERY = timedelta(hours=6)
"""How long at most a missed file of these days waits, and any missed LOAD file."""
ROUND_EVERY = timedelta(days=7)
"""How long at most, and the time that the round takes, any other missed file waits."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run of the sweep did."""

    found: Found
    round_hours: float = 0
    """How long the round that is under way has been, or the one that this run has finished; 0 without a round."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Registers what landed in one bucket without an event; `folders` are those of the sources in it."""

    reconciliation: Reconciliation
    listing: WholeListing
    states: SweepStates
    bucket: str
    folders: Sequence[str]
    clock: Callable[[], datetime]

    def run(self, ends_at: datetime) -> Swept:
        """Look at what is due until the time is over."""
        state = self.states.load()
        found = Found()
        if state.recent_after or self._is_due(state.recent_began, RECENT_EVERY):
            found += self._recent(state, ends_at)
            state = self.states.load()
        if not _is_under_way(state) and not self._is_due(state.round_began, ROUND_EVERY):
            return Swept(found)
        if not _is_under_way(state):
            state = replace(state, round_began=self._now(), round_ended="", key_marker="", version_marker="")
        while self.clock() < ends_at and _is_under_way(state):
            page = self.listing.page(self.bucket, state.key_marker, state.version_marker)
            found += self.reconciliation.register_all(page.versions)
            state = replace(state, key_marker=page.next_key, version_marker=page.next_version)
            state = state if page.next_key else replace(state, round_ended=self._now())
            self.states.save(state)
        return Swept(found, self._hours_since(state.round_began))

    def _recent(self, state: SweepState, ends_at: datetime) -> Found:
        """Look at the recent files of every table, after the last one that was looked at."""
        found = Found()
        if not state.recent_after:
            state = replace(state, recent_began=self._now())
        for folder in self._table_folders():
            if folder <= state.recent_after:
                continue
            versions = versions_in(self.listing, self.bucket, folder, self._recent_ranges(folder))
            found += self.reconciliation.register_all(takewhile(lambda _: self.clock() < ends_at, versions))
            if self.clock() >= ends_at:
                return found
            state = replace(state, recent_after=folder)
            self.states.save(state)
        self.states.save(replace(state, recent_after=""))
        return found

    def _table_folders(self) -> Iterator[str]:
        """List the tables' folders in their order, so that a marker tells which are left."""
        tables = (
            table
            for folder in self.folders
            for schema in self.listing.folders(self.bucket, folder)
            for table in self.listing.folders(self.bucket, schema)
        )
        yield from sorted(set(tables))

    def _recent_ranges(self, folder: str) -> list[KeyRange]:
        """The oldest key shows the layout of dates; one that the task got later is for the round."""
        oldest = (version.key.removeprefix(folder) for version in islice(self.listing.versions(self.bucket, folder), 1))
        today = self.clock().date()
        days = [today - DAY, today, today + DAY]
        loads = [KeyRange.below(f"{folder}{prefix}") for prefix in ("LOAD", "SEGMENT")]
        return [*ranges_of_days(folder, layouts_of(oldest) or {FLAT}, days), *loads]

    def _is_due(self, began: str, every: timedelta) -> bool:
        return is_due(began, every, self.clock())

    def _hours_since(self, moment: str) -> float:
        return (self.clock() - datetime.fromisoformat(moment)) / timedelta(hours=1)

    def _now(self) -> str:
        return self.clock().isoformat(timespec="seconds")


def is_due(began: str, every: timedelta, now: datetime) -> bool:
    """Tell whether what begins every so often is to begin again."""
    return not began or now - datetime.fromisoformat(began) >= every


def _is_under_way(state: SweepState) -> bool:
    return bool(state.round_began) and not state.round_ended
