"""odpf_file_processing_tracker: leases taken, kept and returned by conditional writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from odp.records import TableLease
from odp.refresh import Lease, RefreshStatus

from lake.errors import LeaseLostError
from rehearsal.torture.memory.clock import Clock

LEASE_SECONDS = 300


@dataclass(slots=True)
class TableItem:
    """What the tracker says of one table."""

    status: RefreshStatus = RefreshStatus.UPDATING
    owner: str | None = None
    expires_at: float = 0.0
    token: int = 0
    catalog_commit: str = ""
    written_with: Mapping[str, str] | None = None
    refused_registrations: int = -1
    refused_configuration: str = ""


class MemoryLeases:
    """One writer per table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.items: dict[str, TableItem] = {}
        self.claims: dict[str, str] = {}
        self.running: set[str] = set()
        """The executions of which Step Functions says that they run."""

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        """Give the leases of the given tables; tables that no refresh ever touched are left out."""
        return {
            name: TableLease(self.is_held(name), item.refused_registrations, item.refused_configuration)
            for name in qualified_names
            if (item := self.items.get(name)) is not None
        }

    def claim(self, refresh_cadence: str, execution: str) -> str:
        """Claim a cadence for an execution, also from one that has ended; gives the execution that has it."""
        if self.claims.get(refresh_cadence) not in self.running:
            self.claims[refresh_cadence] = execution
        return self.claims[refresh_cadence]

    def release(self, refresh_cadence: str, execution: str) -> None:
        """Give the cadence back."""
        if self.claims.get(refresh_cadence) == execution:
            del self.claims[refresh_cadence]

    def is_held(self, qualified_name: str) -> bool:
        """Whether a lease is held that has not expired."""
        item = self.items.get(qualified_name)
        return item is not None and item.owner is not None and item.expires_at >= self._clock()

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take the lease if it is free or expired."""
        return None if self.is_held(qualified_name) else self.take(qualified_name, owner)

    def take(self, qualified_name: str, owner: str) -> Lease:
        """Write a new owner down, whoever was there."""
        item = self.items.setdefault(qualified_name, TableItem())
        item.status, item.owner, item.token = RefreshStatus.UPDATING, owner, item.token + 1
        item.expires_at = self._clock() + LEASE_SECONDS
        return Lease(qualified_name, owner, item.token, item.expires_at, item.catalog_commit, item.written_with)

    def fence(self, qualified_name: str) -> bool:
        """Keep a run whose lease has expired from going on; False while a lease is held."""
        if self.is_held(qualified_name):
            return False
        if qualified_name in self.items:
            self.items[qualified_name].token += 1
        return True

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held."""
        self.mine(lease).expires_at = self._clock() + LEASE_SECONDS

    def is_mine(self, lease: Lease) -> bool:
        """Whether nobody took the lease over."""
        item = self.items[lease.qualified_name]
        return (item.owner, item.token) == (lease.owner, lease.fencing_token)

    def mine(self, lease: Lease) -> TableItem:
        """Give the item of a lease that is still held."""
        if not self.is_mine(lease):
            message = f"{lease.qualified_name}: the lease of {lease.owner} was taken over"
            raise LeaseLostError(message)
        return self.items[lease.qualified_name]
