"""A switch to one Region, as both Regions say they are; uses no service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.ledger.regions import Epoch
    from odp_cli.operate.region_report import RegionsReport
    from odp_cli.operate.region_state import RegionState


@dataclass(frozen=True, slots=True)
class Failover:
    """A switch to one Region, as both Regions say they are: planned, or without the Region that is active."""

    report: RegionsReport
    target: str
    without_active: bool
    environment: str

    @property
    def old(self) -> str:
        """The Region that stops being active."""
        return self.report.other(self.target)

    @property
    def target_state(self) -> RegionState | None:
        """The target, if it answers."""
        return self.report.states.get(self.target)

    @property
    def old_state(self) -> RegionState | None:
        """The other Region, if it answers."""
        return self.report.states.get(self.old)

    @property
    def is_begun(self) -> bool:
        """Whether the epoch in force names the target already, so that only what follows is left to do."""
        return self.report.epoch.active == self.target

    @property
    def is_planned(self) -> bool:
        """Whether the old Region takes part: its replications end and its files are waited for."""
        return self.old_state is not None and not self.without_active

    def next_epoch(self) -> int:
        """Return the number of the next epoch: even for the primary, odd for the secondary.

        So two Regions never begin the same number, even if neither knows what the other one began: DynamoDB judges the
        condition of a new epoch by the copy of one Region.
        """
        number = self.report.epoch.number + 1
        is_of_target = (number % 2 == 0) == (self.target == self.report.settings.primary)
        return number if is_of_target else number + 1


def begun_by(epoch: Epoch) -> str:
    """Say who began an epoch, when and why."""
    return f"epoch {epoch.number} ({epoch.active}) began {epoch.at} by {epoch.by}: {epoch.reason}"
