"""odpf_file_processing_tracker in memory: leases by conditional writes, and the run log that requires them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from odp.records import LandedFile, TableLease, engine_of_run
from odp.refresh import Lease, RefreshOutcome, RefreshStatus, RunRecord

from lake.errors import LeaseLostError
from lake.tables.capabilities import Engine
from lake.tables.size import TableSize
from rehearsal.torture.memory.ledger import MemoryLedger

# Time that passes only when the trial lets it.

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


class Clock:
    """The one clock of a lake in memory."""

    def __init__(self) -> None:
        self.seconds = _BEGIN

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.seconds

    def datetime(self) -> datetime:
        """Now."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def stamp(self) -> str:
        """Now as S3 says it: to the second."""
        return f"{self.datetime():%Y-%m-%dT%H:%M:%SZ}"


# odpf_file_processing_tracker: leases taken, kept and returned by conditional writes.

LEASE_SECONDS = 300
_SPARK_SECONDS = 86_400


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
    engine: Engine = Engine.SPARK
    beyond_engine: str = ""
    spark_until: float = 0.0
    size: TableSize | None = None


class MemoryLeases:
    """One writer per table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.items: dict[str, TableItem] = {}
        self.claims: dict[str, str] = {}
        self.running: set[str] = set()
        """The executions of which Step Functions says that they run."""

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        """Return the leases of the given tables; tables that no refresh ever touched are left out."""
        return {
            name: TableLease(
                self.is_held(name),
                item.refused_registrations,
                item.refused_configuration,
                engine=item.engine,
                size=item.size,
                beyond_engine=item.beyond_engine,
            )
            for name in qualified_names
            if (item := self.items.get(name)) is not None
        }

    def claim(self, refresh_cadence: str, execution: str) -> str:
        """Claim a cadence for an execution, also from one that has ended; returns the execution that has it."""
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
        item.engine = engine_of_run(owner)
        if item.engine is Engine.NATIVE:
            self.leave_to_spark(item, f"the run {owner} ended without recording its end", comes_again=True)
        written, reason, until = item.written_with, item.beyond_engine, item.spark_until
        return Lease(qualified_name, owner, item.token, item.expires_at, item.catalog_commit, written, reason, until)

    def leave_to_spark(self, item: TableItem, reason: str, *, comes_again: bool) -> None:
        """Let Spark refresh the table next, and for a day if the reason comes again."""
        item.beyond_engine = reason
        item.spark_until = self._clock() + (_SPARK_SECONDS if comes_again else 0)

    def clear(self, item: TableItem, outcome: RefreshOutcome) -> None:
        """Leave nothing to Spark after a native run, or after Spark's refresh at the end of that time."""
        is_over = outcome.status is RefreshStatus.COMPLETED and self._clock() >= item.spark_until
        if outcome.engine is Engine.NATIVE or is_over:
            item.beyond_engine, item.spark_until = "", 0.0

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
        """Return the item of a lease that is still held."""
        if not self.is_mine(lease):
            message = f"{lease.qualified_name}: the lease of {lease.owner} was taken over"
            raise LeaseLostError(message)
        return self.items[lease.qualified_name]


# The run log in memory: each transaction requires the lease, and succeeds or fails as a whole.

FILES_PER_TRANSACTION = 2
"""So few that runs die between two transactions."""

Outcomes = dict[tuple[str, str], RefreshOutcome]
"""odpf_file_processing_tracker_history: an item for each table and run."""


class MemoryRunLog:
    """Writes entries for one run, which may be interrupted before each transaction."""

    def __init__(
        self, ledger: MemoryLedger, leases: MemoryLeases, outcomes: Outcomes, before_transaction: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._leases = leases
        self._outcomes = outcomes
        self._before_transaction = before_transaction

    def append(self, lease: Lease, entry: RunRecord) -> None:
        """Move files from pending to history, a few at a time, and keep the outcome with the last of them."""
        *firsts, last = list(_chunks(entry.files)) or [()]
        for files in firsts:
            self._begin(lease)
            self._move(files)
        self._begin(lease)
        self._move(last)
        self.record(entry.outcome, lease.owner)
        if entry.closes:
            item = self._leases.mine(lease)
            item.status, item.catalog_commit, item.owner = entry.outcome.status, entry.catalog_commit, None
            item.written_with = entry.written_with or item.written_with
            item.size = entry.size or item.size
            if entry.outcome.is_left_to_spark:
                self._leases.leave_to_spark(item, entry.outcome.beyond_engine, comes_again=entry.comes_again)
            else:
                self._leases.clear(item, entry.outcome)
            item.refused_registrations = entry.refused_registrations if entry.refused else -1
            item.refused_configuration = entry.refused_configuration if entry.refused else ""

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Keep the outcome of a run."""
        self._outcomes[outcome.qualified_name, run_id] = outcome

    def _begin(self, lease: Lease) -> None:
        self._before_transaction()
        self._leases.mine(lease)

    def _move(self, files: Sequence[LandedFile]) -> None:
        for file in files:
            self._ledger.history[file.file_id] = file
            self._ledger.pending.pop(file.file_id, None)


def _chunks(files: Sequence[LandedFile]) -> Iterator[Sequence[LandedFile]]:
    for start in range(0, len(files), FILES_PER_TRANSACTION):
        yield files[start : start + FILES_PER_TRANSACTION]
