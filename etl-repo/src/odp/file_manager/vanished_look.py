"""The sweep's daily check for vanished loads: table by table; the next run continues at the next table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from lake.landing.listings import SweepState, SweepStates, is_due
from lake.log_keys import log_keys
from odp.file_manager.vanished_loads import VanishedLoads
from odp.records import KeptEntry

logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(days=1)
"""The interval of the check: a vanished load stays unnoticed no longer, apart from the time of the check."""
LOOK_LASTS = timedelta(minutes=3)
"""The time that a run keeps for a due check."""


@dataclass(frozen=True, slots=True)
class VanishedLook:
    """Checks the loads of all configured tables once a day."""

    loads: VanishedLoads
    states: SweepStates
    clock: Callable[[], datetime]
    tell: Callable[[str], None]
    """Called with each table whose load has vanished, before the next table begins."""

    def is_due(self) -> bool:
        """Whether a check is under way, or a day has passed since the last one began."""
        return self._is_due(self.states.load())

    def run(self, tables: Collection[str], ends_at: datetime) -> int:
        """Check until the time is over, and return the number of new vanished loads.

        A begun table is finished, so even a load of many parts is checked in one run. A table that fails, or with which
        the run dies, waits for the next check.

        Raises:
            ExceptionGroup: tables failed; the others were checked.
        """
        state = self._with_expiry(self.states.load())
        if not self._is_due(state):
            return 0
        if not state.loads_after:
            state = replace(state, loads_began=self.clock().isoformat(timespec="seconds"))
        left = sorted(name for name in tables if name > state.loads_after)
        new, errors, kept = 0, list[Exception](), self.loads.kept()
        for name in takewhile(lambda _: self.clock() < ends_at, left):
            state = replace(state, loads_after=name)
            self.states.save(state)
            try:
                new += self._look_at(name, kept[name])
            except Exception as error:
                with log_keys(table=name):
                    logger.exception("%s: the look for its load failed", name)
                errors.append(error)
        if not left or state.loads_after == left[-1]:
            self.states.save(replace(state, loads_after=""))
        if errors:
            raise ExceptionGroup(f"the look for the loads of {len(errors)} tables failed", errors)
        return new

    def _look_at(self, table: str, kept: Sequence[KeptEntry]) -> bool:
        is_new = self.loads.check_table(table, kept)
        if is_new:
            self.tell(table)
        return is_new

    def _with_expiry(self, state: SweepState) -> SweepState:
        """Note in every run, due or not, which objects may have expired under the present retention."""
        noted = replace(state, expired_until=max(state.expired_until, self.loads.may_have_expired_until))
        self.states.save(noted)
        return noted

    def _is_due(self, state: SweepState) -> bool:
        return bool(state.loads_after) or is_due(state.loads_began, LOOK_EVERY, self.clock())
