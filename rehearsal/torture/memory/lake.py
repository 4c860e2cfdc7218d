"""A whole lake in memory: the framework's own code between a bucket, books and tables that tests can look into."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from odp.errors import OdpError
from odp.file_manager.bucket_sweep import Sweep
from odp.file_manager.reconciliation import Reconciliation
from odp.file_manager.registration import register_batch
from odp.file_processor.batch_plan import BatchManager
from odp.file_processor.batch_refresh import refresh_batch
from odp.file_processor.table_refresh import TableRefresher
from odp.records import BatchConfig, BatchPlan, LandedFile, RawTableConfig
from odp.refreshes import RefreshKind, RefreshOutcome, RowCounts

from rehearsal.torture.delivery import Message
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import BookedFile, CommitEvidence, TableEvidence
from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Killed, Process, UnderFire, throttled
from rehearsal.torture.memory.books import MemoryBooks, Outcomes
from rehearsal.torture.memory.claims import MemoryClaims, MemorySweepState
from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.leases import LEASE_SECONDS, MemoryLeases
from rehearsal.torture.memory.ledger import MemoryLedger, MemoryQuarantine
from rehearsal.torture.memory.staging import BUCKET, StagingBucket
from rehearsal.torture.memory.writer import Commit, MemoryWriter, StoredTable
from rehearsal.torture.verdict import Finding, Kind

BATCH_SIZE = 2
CADENCE = "torture"


class MemoryLake:
    """Receives files and events, runs executions, and notes what no execution may ever do."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.staging = StagingBucket(self.clock)
        self.ledger = MemoryLedger()
        self.quarantine = MemoryQuarantine()
        self.leases = MemoryLeases(self.clock)
        self.outcomes: Outcomes = {}
        self.tables: dict[str, StoredTable] = {}
        self.configs: dict[str, RawTableConfig] = {}
        self.violations: list[Finding] = []
        self.claims = MemoryClaims()
        self._runs = 0
        self._plans: dict[str, BatchPlan] = {}

    def put(self, file: DmsFile) -> dict[str, object]:
        """Store a file; gives the event that S3 tells of it."""
        return self.staging.put(file).event

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; gives those that failed."""
        return register_batch(messages, self.ledger, self.quarantine).failed_message_ids

    def sweep(self) -> None:
        """Let the File Manager look at the whole bucket, as if the last round were a week ago."""
        now = self.clock.datetime
        reconciliation = Reconciliation(self.staging, self.ledger, self.quarantine, clock=now)
        Sweep(reconciliation, self.staging, MemorySweepState(), BUCKET, ("",), now).run(now() + timedelta(minutes=15))

    def has_work(self) -> bool:
        """Whether any file is pending."""
        return bool(self.ledger.pending)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.seconds += seconds

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution; each batch is a Glue run of its own."""
        self._runs += 1
        execution = f"execution-{self._runs}"
        manager = BatchManager(self.ledger, self.leases, self, self, self.claims)
        state = manager.plan(CADENCE, execution)
        for number, batch in enumerate(self._plans.pop(state["plan_key"]).batches if state["batches"] else ()):
            run = _Run(self, f"run-{self._runs}.{number}", faults, arrive)
            try:
                refresh_batch(batch, run.refresh, at_a_time=1)
            except (OdpError, Killed):
                continue  # this job run failed: a later execution has to make it good
        manager.release(CADENCE, execution)

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        return {str(entry.details.get("file_ingestion_path")) for entry in self.quarantine.entries.values()}

    def evidence(self, config: RawTableConfig) -> TableEvidence:
        """Read everything about one table."""
        source, name = config.source_table_name, config.qualified_name
        table, item = self.tables.get(name, StoredTable()), self.leases.items.get(name)
        told = (outcome.counts for (table_name, _), outcome in self.outcomes.items() if table_name == name)
        return TableEvidence(
            landed=self.staging.landed(config.raw_table_name),
            readable=self.staging.readable(config.raw_table_name),
            pending=_booked(self.ledger.pending, source),
            history=_booked(self.ledger.history, source),
            commits=[_evidence_of(commit) for commit in table.commits],
            told=sum(told, RowCounts()),
            status=item.status if item else None,
            rows=list(table.content.rows()),
        )

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """The configuration of the one cadence."""
        return BatchConfig(refresh_cadence, "hudi", "job", "G.1X", 2, BATCH_SIZE), list(self.configs.values())

    def write(self, plan: BatchPlan) -> None:
        """Plans are handed on directly."""
        self._plans[plan.key] = plan

    def read(self, key: str) -> BatchPlan:
        """Nobody asks for one."""
        raise KeyError(key)


class _Run:
    """One Glue run under fire."""

    def __init__(self, lake: MemoryLake, run_id: str, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        self._lake = lake
        self._run_id = run_id
        self._faults = faults
        self._arrive = arrive
        self._process = Process()

    def refresh(self, source_table_name: str) -> RefreshOutcome | None:
        """Refresh one table."""
        config = self._lake.configs[source_table_name]
        fault = self._faults.get(source_table_name)
        boundaries = Boundaries(self._process, fault, lambda: self._strike(fault, config))
        return self._refresher(boundaries).refresh(config)

    def _strike(self, fault: Fault | None, config: RawTableConfig) -> None:
        match fault.kind if fault else None:
            case FaultKind.KILL:
                self._process.die()
            case FaultKind.THROTTLE:
                raise throttled()
            case FaultKind.ARRIVAL:
                self._arrive()
            case FaultKind.PAUSE:
                self._lake.wait(LEASE_SECONDS + 1)
                self._overlap(config)
            case FaultKind.OVERLAP:
                self._overlap(config)

    def _overlap(self, config: RawTableConfig) -> None:
        other = _Run(self._lake, f"{self._run_id}-other", {}, self._arrive)
        other.refresh(config.source_table_name)

    def _refresher(self, boundaries: Boundaries) -> TableRefresher:
        lake = self._lake
        writer = MemoryWriter(
            lake.tables, lake.staging, lambda: boundaries.cross("before the commit"), self._note_commit
        )
        books = MemoryBooks(lake.ledger, lake.leases, lake.outcomes, lambda: boundaries.cross("before a transaction"))
        listing, files = UnderFire(lake.staging, boundaries), UnderFire(lake.ledger, boundaries)
        ports: dict[str, Any] = {
            "files": files,
            "reconciler": Reconciliation(listing, files, lake.quarantine, clock=lake.clock.datetime),
            "leases": UnderFire(lake.leases, boundaries),
            "writer": UnderFire(writer, boundaries),
            "books": UnderFire(books, boundaries),
        }
        return TableRefresher(**ports, run_id=self._run_id, clock=lake.clock.datetime)

    def _note_commit(self, config: RawTableConfig) -> None:
        if self._lake.leases.items[config.qualified_name].owner != self._run_id:
            self._lake.violations.append(Finding(Kind.LEASE, config.qualified_name))


def _booked(files: Mapping[str, LandedFile], source: str) -> list[BookedFile]:
    return [
        BookedFile(file.file_id, file.key, file.version_id or "", file.file_type)
        for file in files.values()
        if file.source_table_name == source
    ]


def _evidence_of(commit: Commit) -> CommitEvidence:
    refresh = commit.refresh
    return CommitEvidence(refresh.file_ids, commit.counts, refresh.kind is RefreshKind.RELOAD)
