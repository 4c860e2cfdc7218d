"""The File Manager's sweep in memory: a run ends long before it has seen the whole bucket, and the next one goes on."""

from datetime import datetime, timedelta

from odp.file_manager.bucket_sweep import ROUND_EVERY, Sweep
from odp.file_manager.reconciliation import Reconciliation
from odp.listings import SweepState

from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.staging import BUCKET, StagingBucket
from rehearsal.torture.replica import FOLDERS

_PAGES = 2
_A_PAGE_TAKES = timedelta(minutes=1)


class MemorySweepState:
    """What the sweep keeps from run to run."""

    def __init__(self) -> None:
        self.state = SweepState()

    def load(self) -> SweepState:
        """Give what the last run kept."""
        return self.state

    def save(self, state: SweepState) -> None:
        """Keep how far this run has come."""
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

    def run(self, reconciliation: Reconciliation) -> None:
        """Look at what there is time for."""
        sweep = Sweep(reconciliation, self._staging, self._states, BUCKET, list(FOLDERS.values()), self._now)
        sweep.run(self._now() + _PAGES * _A_PAGE_TAKES)
        if self._states.state.round_ended:
            self._weeks += 1

    def run_through(self, reconciliation: Reconciliation) -> None:
        """Run as often as two rounds take: the one under way has passed by what landed behind it."""
        for _ in range(2 * (1 + len(self._staging.stored) // (_PAGES * self._staging.page_size))):
            self.run(reconciliation)

    def _now(self) -> datetime:
        return self._clock.datetime() + self._weeks * ROUND_EVERY + self._staging.pages * _A_PAGE_TAKES
