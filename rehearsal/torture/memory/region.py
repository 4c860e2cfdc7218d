"""What a lake in memory is told of its Region; a lake without a second one is told nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from odp.file_processor.batch_refresh import TableRefresher

T = TypeVar("T")


class Region:
    """The only Region of a lake."""

    versions = "v"
    """What the ids of versions begin with that its bucket makes."""
    epoch = 0
    """The epoch that a plan is made under now."""

    def landings(self, register: T) -> T | Any:  # noqa: ANN401 - maybe with faults
        """Give what registers the objects of events."""
        return register

    def leases(self, leases: T, epoch: int) -> T | Any:  # noqa: ANN401 - maybe with faults
        """Give the leases of a run that was planned under an epoch."""
        del epoch
        return leases

    def is_stale(self, run_id: str) -> bool:
        """Whether a run was begun under an epoch that is seen to be over."""
        del run_id
        return False

    def refresher(self, refresher: TableRefresher) -> TableRefresher:
        """Give the refresher of a run as the Region's role has it."""
        return refresher
