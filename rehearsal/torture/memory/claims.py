"""The claims of cadences, and how far the sweep has come."""

from odp.listings import SweepState


class MemoryClaims:
    """One execution of a cadence at a time."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {}

    def claim(self, refresh_cadence: str, execution: str) -> str:
        """Claim a cadence; gives the execution that has it."""
        return self.owners.setdefault(refresh_cadence, execution)

    def release(self, refresh_cadence: str, execution: str) -> None:
        """Give the cadence back, unless another execution has it."""
        if self.owners.get(refresh_cadence) == execution:
            del self.owners[refresh_cadence]


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
