"""A whole lake in memory: the framework's own code between a bucket, books and tables that tests can look into."""

from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any

from odp.errors import OdpError
from odp.file_manager.reconciliation import Reconciliation
from odp.file_manager.registration import register_batch
from odp.file_manager.s3_event import Staging
from odp.file_manager.sources import Sources
from odp.file_processor.batch_plan import BatchManager
from odp.file_processor.batch_refresh import refresh_batch
from odp.file_processor.late_files import Limits
from odp.file_processor.table_refresh import TableRefresher
from odp.records import BatchConfig, BatchPlan, FileStatus, LandedFile, RawTableConfig, VersioningType
from odp.refreshes import Refresh, RefreshKind, RefreshOutcome, RowCounts

from rehearsal.torture.delivery import Message
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import APPLIED, HELD, SKIPPED, BookedFile, CommitEvidence, Counts, TableEvidence
from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Killed, Process, UnderFire, conflict, throttled
from rehearsal.torture.memory.books import MemoryBooks, Outcomes
from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.leases import LEASE_SECONDS, MemoryLeases
from rehearsal.torture.memory.ledger import MemoryLedger, MemoryQuarantine
from rehearsal.torture.memory.staging import BUCKET, StagingBucket
from rehearsal.torture.memory.sweeps import MemorySweep
from rehearsal.torture.memory.writer import Commit, MemoryWriter, StoredTable
from rehearsal.torture.replica import FOLDERS, Kind, Replica
from rehearsal.torture.verdict import Finding
from rehearsal.torture.verdict import Kind as Wrong

BATCH_SIZE = 2
CADENCE = "torture"
SOURCES = Sources(FOLDERS)
_STATUSES = {FileStatus.APPLIED: APPLIED, FileStatus.SKIPPED: SKIPPED, FileStatus.HELD: HELD}


def config_of(replica: Replica) -> RawTableConfig:
    """Configure a table as its kind asks."""
    kind: Kind = replica.kind
    return RawTableConfig(
        refresh_cadence=CADENCE,
        source_table_name=kind.source_table_name,
        hudi_primary_key=kind.key,
        hudi_partition_key=kind.partition,
        hudi_precombine_field=kind.order,
        hudi_table_type="copy_on_write",
        table_data_versioning_type=VersioningType.HISTORICAL if kind.is_historical else VersioningType.SNAPSHOT,
        table_storage_type="hudi",
        is_active=True,
        raw_database_name="torture_raw",
        raw_database_s3_bucket="raw",
        raw_table_name=replica.name,
    )


class MemoryLake:
    """Receives files and events, runs executions, and notes what no execution may ever do."""

    def __init__(self, draw: Random) -> None:
        self.clock = Clock()
        self.staging = StagingBucket(self.clock, is_keyed=draw.random() < 0.5, forgets=draw.random() < 0.3)  # noqa: PLR2004 - shares
        self.limits = Limits(files=draw.choice((1, 2, 5, 1000)), replayed_files=draw.choice((2, 6, 1000)))
        self.staging.page_size = draw.choice((1, 3, 1000))
        self._sweep = MemorySweep(self.staging, self.clock, draw.choice((0, 1, 1)))
        self.ledger = MemoryLedger()
        self.quarantine = MemoryQuarantine()
        self.leases = MemoryLeases(self.clock)
        self.outcomes: Outcomes = {}
        self.tables: dict[str, StoredTable] = {}
        self.configs: dict[str, RawTableConfig] = {}
        self.violations: list[Finding] = []
        self._runs = 0

    def put(self, file: DmsFile, reason: str = "PutObject") -> dict[str, Any]:
        """Store a file; gives the event that S3 tells of it."""
        return self.staging.put(file, reason).event

    def objects(self, folder: str) -> Sequence[DmsFile]:
        """List what can be read below a folder now."""
        return self.staging.current_objects(folder)

    def delete(self, key: str) -> bool:
        """Delete an object; tells whether no table holds its content."""
        current = self.staging.current(key)
        self.staging.delete(key)
        version = current.version_id if current else ""
        files = [file for file in self.ledger.history.values() if file.key == key]
        return not any(file.version_id == version and file.status is FileStatus.APPLIED for file in files)

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; gives those that failed."""
        staging = Staging(SOURCES, {BUCKET: BUCKET})
        return register_batch(messages, self.ledger, self.quarantine, staging).failed_message_ids

    def sweep(self) -> None:
        """Let the File Manager look at as much of the bucket as it has time for."""
        self._sweep.run(self.reconciliation(self.staging, self.ledger))

    def sweep_through(self) -> None:
        """Let the File Manager look at the whole bucket."""
        self._sweep.run_through(self.reconciliation(self.staging, self.ledger))

    def reconciliation(self, listing: Any, files: Any) -> Reconciliation:  # noqa: ANN401 - ports, maybe under fire
        """Give the File Manager's look at the bucket."""
        return Reconciliation(listing, files, self.quarantine, SOURCES, self.clock.datetime)

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
        manager = BatchManager(self.ledger, self.leases, self, self, self.leases, job_timeout_minutes=60)
        manager.plan(CADENCE, execution)
        batches, self._planned = self._planned, ()
        for number, batch in enumerate(batches):
            run = _Run(self, f"run-{self._runs}.{number}", faults, arrive)
            try:
                refresh_batch(batch, run.refresh, at_a_time=1)
            except (OdpError, Killed):
                continue  # this job run failed: a later execution has to make it good
        manager.release(CADENCE, execution)

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        return {str(entry.details.get("file_ingestion_path")) for entry in self.quarantine.entries.values()}

    def held(self, replica: Replica) -> Sequence[DmsFile]:
        """The files of a table that wait for a person, as they can be read now."""
        files = self.ledger.held(replica.kind.source_table_name)
        current = (self.staging.current(file.key) for file in files)
        return [version.file for version in current if version]

    def decide(self, replica: Replica, approved: Collection[str]) -> None:
        """Approve what waits for a person and has one of these keys, and dismiss the rest."""
        for file in self.ledger.held(replica.kind.source_table_name):
            is_current = self.staging.current_version(BUCKET, file.key) == file.version_id
            (self.ledger.approve if file.key in approved and is_current else self.ledger.dismiss)(file)

    def evidence(self, replica: Replica) -> TableEvidence:
        """Read everything about one table."""
        source, name = replica.kind.source_table_name, config_of(replica).qualified_name
        table, item = self.tables.get(name, StoredTable()), self.leases.items.get(name)
        told = (_counts(outcome.counts) for (table_name, _), outcome in self.outcomes.items() if table_name == name)
        return TableEvidence(
            landed=self.staging.landed(replica.dms.folder),
            readable=self.staging.readable(replica.dms.folder),
            pending=_booked(self.ledger.pending, source),
            history=_booked(self.ledger.history, source),
            commits=[_evidence_of(commit) for commit in table.commits],
            told=sum(told, Counts()),
            status=item.status.value if item else "",
            rows=list(table.content.rows()),
        )

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """The configuration of the one cadence."""
        return BatchConfig(refresh_cadence, "hudi", "job", "G.1X", 2, BATCH_SIZE), list(self.configs.values())

    _planned: tuple[tuple[str, ...], ...] = ()

    def write(self, plan: BatchPlan) -> None:
        """Plans are handed on directly."""
        self._planned = plan.batches

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
            case FaultKind.CONFLICT:
                raise conflict()
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
            "reconciler": lake.reconciliation(listing, files),
            "contents": listing,
            "quarantine": UnderFire(lake.quarantine, boundaries),
            "leases": UnderFire(lake.leases, boundaries),
            "writer": UnderFire(writer, boundaries),
            "books": UnderFire(books, boundaries),
        }
        return TableRefresher(**ports, run_id=self._run_id, limits=lake.limits, clock=lake.clock.datetime)

    def _note_commit(self, config: RawTableConfig, refresh: Refresh) -> None:
        if self._lake.leases.items[config.qualified_name].owner != self._run_id:
            self._lake.violations.append(Finding(Wrong.LEASE, config.qualified_name))
        limit = self._lake.limits
        if refresh.kind is not RefreshKind.RELOAD and len(refresh.files) > limit.files:
            self._lake.violations.append(Finding(Wrong.BOUND, f"{len(refresh.files)} files in one commit"))


def _booked(files: Mapping[str, LandedFile], source: str) -> list[BookedFile]:
    return [
        BookedFile(
            file.file_id,
            file.key,
            file.version_id or "",
            file.is_load,
            _STATUSES.get(file.status, "pending"),
            file.status_reason,
        )
        for file in files.values()
        if file.source_table_name == source
    ]


def _evidence_of(commit: Commit) -> CommitEvidence:
    refresh = commit.refresh
    return CommitEvidence(refresh.file_ids, _counts(commit.counts), refresh.kind is RefreshKind.RELOAD)


def _counts(counts: RowCounts) -> Counts:
    return Counts(counts.inserted, counts.updated, counts.deleted)
