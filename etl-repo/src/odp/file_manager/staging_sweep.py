"""The sweep over the staging bucket: finds files without an event, for tables that get no other file.

Every few hours it lists the recent files of every table: yesterday to tomorrow, and the parts of loads in its folder.
Once a week it begins a round over the whole bucket. The next run continues at the key where the time ended. So the cost
of a run does not depend on the number of old objects.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from lake.batched import batched
from lake.landing.listings import ObjectVersion, SweepState, SweepStates, is_due
from odp.file_manager.key_ranges import DAY, FLAT, KeyRange, layouts_of, ranges_of_days
from odp.file_manager.missing_files import Found, MissingFiles, versions_in
from odp.ports import Listing

logger = logging.getLogger(__name__)

RECENT_EVERY = timedelta(hours=6)
"""The longest wait of a missed recent file or LOAD file."""
ROUND_EVERY = timedelta(days=7)
"""The longest wait of any other missed file, plus the time of a round."""
_VERSIONS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of one run of the sweep."""

    found: Found
    round_hours: float = 0
    """The duration of the round that is under way, or that this run has finished; 0 without a round."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Registers files that landed in one bucket without an event; `folders` are the folders of its sources."""

    missing_files: MissingFiles
    listing: Listing
    states: SweepStates
    bucket: str
    folders: Sequence[str]
    clock: Callable[[], datetime]

    def run(self, ends_at: datetime) -> Swept:
        """Do the due work until the time is over."""
        state = self.states.load()
        found = Found()
        if _is_looking(state) or self._is_due(state.recent_began, RECENT_EVERY):
            found += self._recent(state, ends_at)
            state = self.states.load()
        if not state.is_round_under_way and not self._is_due(state.round_began, ROUND_EVERY):
            return Swept(found)
        if not state.is_round_under_way:
            state = state.with_round_begun(self._now())
        while self.clock() < ends_at and state.is_round_under_way:
            page = self.listing.page(self.bucket, state.key_marker, state.version_marker)
            found += self.missing_files.register_all(page.versions)
            state = replace(state, key_marker=page.next_key, version_marker=page.next_version)
            state = state if page.next_key else replace(state, round_ended=self._now())
            self.states.save(state)
        return Swept(found, self._hours_since(state.round_began))

    def _recent(self, state: SweepState, ends_at: datetime) -> Found:
        """List the recent files of every table, beginning after the last listed key."""
        found = Found()
        if not _is_looking(state):
            state = replace(state, recent_began=self._now())
        for folder in self._table_folders():
            if folder <= state.recent_after:
                continue
            for versions in self._recent_versions(folder, state.recent_key):
                found += self.missing_files.register_all(versions)
                state = replace(state, recent_key=_last_key(versions))
                self.states.save(state)
                if self.clock() >= ends_at:
                    return found
            state = replace(state, recent_after=folder, recent_key="")
            self.states.save(state)
            if self.clock() >= ends_at:
                return found
        self.states.save(replace(state, recent_after="", recent_key=""))
        return found

    def _recent_versions(self, folder: str, after: str) -> Iterator[Sequence[ObjectVersion]]:
        """List the recent files of a table after a key, in pages; the key may belong to another folder."""
        ranges = [KeyRange(max(each.start, after), each.end) for each in self._recent_ranges(folder)]
        left = [each for each in ranges if each.start < each.end]
        return map(tuple, batched(versions_in(self.listing, self.bucket, folder, left), _VERSIONS_AT_ONCE))

    def _table_folders(self) -> Iterator[str]:
        """List the tables' folders in order, so a marker shows which are left."""
        tables = (
            table
            for folder in self.folders
            for schema in self.listing.folders(self.bucket, folder)
            for table in self.listing.folders(self.bucket, schema)
        )
        yield from sorted(set(tables))

    def _recent_ranges(self, folder: str) -> list[KeyRange]:
        """The oldest key shows the layout of dates; a later layout is left to the round."""
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


def _is_looking(state: SweepState) -> bool:
    """Whether the recent files of some tables are not listed yet."""
    return bool(state.recent_after or state.recent_key)


def _last_key(versions: Sequence[ObjectVersion]) -> str:
    """Return the last key whose versions are all listed.

    A key with a thousand versions is passed anyway, or no run would get past it; the rest is left to the round.
    """
    *_, last = versions
    return next((each.key for each in reversed(versions) if each.key != last.key), last.key)
