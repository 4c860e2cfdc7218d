"""Whether this Region plans a cadence now: the active one always, a warm standby now and then, a cold one never."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lake.ledger.epochs import Role, StandbyMode
from odp.ports import ActiveRegion, StandbyPlans

_SCHEDULES_DIFFER_BY = 60.0
"""A schedule starts within a minute, so the pause between two of its executions may be that much shorter."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The epoch under which a plan is made, and the role in it; why the cadence is left out, if it is."""

    epoch: int = 0
    is_standby: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RegionTurn:
    """Asks for the newest epoch before each plan; nothing switches schedules on and off."""

    regions: ActiveRegion
    plans: StandbyPlans
    clock: Callable[[], float] = time.time

    def of(self, refresh_cadence: str) -> Turn:
        """Decide about one cadence."""
        settings, newest = self.regions.settings, self.regions.newest()
        if newest.role_of(self.regions.own_region) is Role.ACTIVE:
            return Turn(newest.number)
        if settings.mode is StandbyMode.COLD:
            reason = f"{newest.active} is the active Region, and this standby is cold: the files wait"
            return Turn(newest.number, is_standby=True, reason=reason)
        last = self.plans.last_as_standby(refresh_cadence)
        if last and self._seconds_since(last) < settings.refresh_minutes * 60 - _SCHEDULES_DIFFER_BY:
            reason = (
                f"{newest.active} is the active Region, and this standby planned the cadence at {last}, which it does "
                f"every {settings.refresh_minutes} minutes"
            )
            return Turn(newest.number, is_standby=True, reason=reason)
        return Turn(newest.number, is_standby=True)

    def planned(self, refresh_cadence: str, turn: Turn) -> None:
        """Note that a plan was made, so that a standby waits before its next one."""
        if turn.is_standby:
            self.plans.planned_as_standby(refresh_cadence)

    def _seconds_since(self, planned_at: str) -> float:
        now = datetime.fromtimestamp(self.clock(), UTC)
        return (now - datetime.fromisoformat(planned_at)).total_seconds()
