"""The File Manager's sweep in memory: a run ends long before it has seen the whole bucket, and the next one goes on."""

from collections.abc import Callable
from datetime import datetime, timedelta

from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.staging_sweep import ROUND_EVERY, Sweep

from lake.landing.listings import SweepState
from rehearsal.torture.evidence import Version
from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.staging import BUCKET, StagingBucket
from rehearsal.torture.memory.troubles import Fire
from rehearsal.torture.reference_model import FOLDERS

_PAGES = 2
_A_PAGE_TAKES = timedelta(minutes=1)


class MemorySweepState:
    """What the sweep keeps from run to run."""

    def __init__(self) -> None:
        self.state = SweepState()

    def load(self) -> SweepState:
        """Load the position of the last run."""
        return self.state

    def save(self, state: SweepState) -> None:
        """Save the position of this run."""
        self.state = state


class MemorySweep:
    """A sweep whose every run has time for two pages; it takes rounds to be a week apart, so that one is always due.

    Change files are therefore recent to the first round at most, and only if that comes in the week when they landed.
    """

    def __init__(self, staging: StagingBucket, clock: Clock, weeks: int) -> None:
        self._staging = staging
        self._clock = clock
        self._states = MemorySweepState()
        self._weeks = weeks
        self._at_begin = 0
        self.seen: set[Version] = set()
        """What a round that has ended must have come by, since it lay in the bucket when the round began."""

    def run(self, reconciliation: Callable[[Fire], MissingFiles], fire: Fire) -> None:
        """Look at what there is time for."""
        listing, states, folders = fire(self._staging), fire(self._states), list(FOLDERS.values())
        sweep = Sweep(reconciliation(fire), listing, states, BUCKET, folders, self._now)
        stored, began = len(self._staging.stored), self._states.state.round_began
        try:
            sweep.run(self._now() + _PAGES * _A_PAGE_TAKES)
        finally:
            if self._states.state.round_began != began:
                self._at_begin = stored
        if self._states.state.round_ended:
            self._weeks += 1
            self.seen |= {(each.file.key, each.version_id) for each in self._staging.stored[: self._at_begin]}

    def run_through(self, reconciliation: Callable[[Fire], MissingFiles], fire: Fire) -> None:
        """Run as often as two rounds take: the one under way has passed by what landed behind it."""
        for _ in range(2 * (1 + len(self._staging.stored) // (_PAGES * self._staging.page_size))):
            self.run(reconciliation, fire)

    def _now(self) -> datetime:
        return self._clock.datetime() + self._weeks * ROUND_EVERY + self._staging.pages * _A_PAGE_TAKES
