"""Finds files that landed without an event: S3 is the truth, events are only the faster way to it.

What it registers is pending, so the next look of the schedule loads it. A run that is not finished before its time is
over continues at the same key in the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lake.batched import batched
from lake.landing.listings import EVENTS_TAKE, SweepStates, is_due
from lake.landing.object_created import RejectedFile
from taxi.datasets.dataset import Dataset
from taxi.landing.registration import listed_object
from taxi.ports import EarlierState, FileRegister, RawListing
from taxi.records import LandedFile

if TYPE_CHECKING:
    from lake.landing.listings import ObjectVersion

logger = logging.getLogger(__name__)

ROUND_EVERY = timedelta(hours=6)
"""How long at most a missed file waits, and the time that the round takes."""
_VERSIONS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Missed:
    """The number of files without an event; `rejected` can be no file of a dataset, folders left out."""

    landed: int = 0
    rejected: int = 0

    def __add__(self, other: Missed) -> Missed:
        return Missed(self.landed + other.landed, self.rejected + other.rejected)


@dataclass(frozen=True, slots=True)
class RawSweep:
    """Registers what landed in some folders of the raw bucket without an event."""

    register: FileRegister
    listing: RawListing
    states: SweepStates
    datasets: Mapping[str, Dataset]
    bucket: str
    clock: Callable[[], datetime]

    def run(self, ends_at: datetime) -> Missed:
        """Continue the current round, or begin one if it is due, until the time is up."""
        state, missed = self.states.load(), Missed()
        if not state.is_round_under_way:
            if not is_due(state.round_began, ROUND_EVERY, self.clock()):
                return missed
            state = state.with_round_begun(self._now())
        for folder in landing_folders(self.datasets.values()):
            for versions in batched(self.listing.versions(self.bucket, folder, state.key_marker), _VERSIONS_AT_ONCE):
                missed += self._register(versions)
                state = replace(state, key_marker=versions[-1].key)
                self.states.save(state)
                if self.clock() >= ends_at:
                    return missed
        self.states.save(replace(state, round_ended=self._now()))
        return missed

    def _register(self, versions: Sequence[ObjectVersion]) -> Missed:
        latest = self.clock() - EVENTS_TAKE
        # one that was overwritten has nothing left to load, and one that is deleted is no version
        old = (each for each in versions if each.is_latest and datetime.fromisoformat(each.last_modified) <= latest)
        missed = Missed()
        listed = [listed_object(version, self.datasets) for version in old]
        for file in self.register.unknown(listed, self.datasets.keys()):
            logger.warning("%s had no event", file.key)
            missed += self._take_in(file)
        return missed

    def _take_in(self, file: LandedFile | RejectedFile) -> Missed:
        if isinstance(file, RejectedFile):
            self.register.record_rejected(file)
            return Missed(rejected=0 if file.is_folder else 1)
        # its event may have come at this moment
        return Missed(landed=int(self.register.register(file) is EarlierState.NEW))

    def _now(self) -> str:
        return self.clock().isoformat(timespec="seconds")


def landing_folders(datasets: Iterable[Dataset]) -> list[str]:
    """The folders of the bucket that hold the prefixes, so that a file beside all prefixes is seen and rejected."""
    return sorted({f"{dataset.prefix.split('/')[0]}/" for dataset in datasets})
