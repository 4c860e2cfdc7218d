"""A whole lake in memory: the framework's own code over a bucket, a ledger and tables that tests can inspect."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from random import Random
from typing import Any

from odp.commands import approval_of
from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.registration import Staging, register_message
from odp.file_manager.sources import Sources
from odp.file_manager.vanished_loads import VanishedLoads
from odp.file_processor.selection.late_files import Limits
from odp.ports import TableWriter
from odp.records import FileStatus, LandedFile, RawTableConfig, RowHistory
from odp.refresh import RefreshKind, RefreshPlan, RowCounts

from rehearsal.torture.check import Finding
from rehearsal.torture.check import Kind as Wrong
from rehearsal.torture.dms_files import DmsFile, Message
from rehearsal.torture.evidence import (
    APPLIED,
    BY_A_PERSON,
    HELD,
    SKIPPED,
    CommitEvidence,
    Counts,
    Lazy,
    RecordedFile,
    TableEvidence,
    Version,
)
from rehearsal.torture.faults import TROUBLE, Fault, Fire, Killed, Troubles
from rehearsal.torture.lake import Interrupted
from rehearsal.torture.memory.engines import BEFORE_LEASE, IcebergTables, InjectFault
from rehearsal.torture.memory.executions import CADENCE, Executions
from rehearsal.torture.memory.leases import Clock, MemoryLeases, Outcomes
from rehearsal.torture.memory.ledger import MemoryLedger, MemoryQuarantine
from rehearsal.torture.memory.region import Region
from rehearsal.torture.memory.staging import BUCKET, MemorySweep, StagingBucket
from rehearsal.torture.memory.writer import Commit, MemoryWriter, StoredTable
from rehearsal.torture.pairs import ICEBERG, Engine
from rehearsal.torture.reference_model import FOLDERS, Kind, ReferenceModel

SOURCES = Sources(FOLDERS)
_LANDED_FILE_DAYS = 60
_BYTES_OF_A_COMMIT = (1, 1500, 4000, 8_000_000_000, 8_000_000_000)
"""Less than a file, a few files, or more than a history has."""
_STATUSES = {FileStatus.APPLIED: APPLIED, FileStatus.SKIPPED: SKIPPED, FileStatus.HELD: HELD}


def config_of(replica: ReferenceModel) -> RawTableConfig:
    """Configure a table as its kind asks."""
    kind: Kind = replica.kind
    return RawTableConfig(
        refresh_cadence=CADENCE,
        source_table_name=kind.source_table_name,
        primary_key=kind.key,
        partition_key=kind.partition,
        change_sequence=kind.order,
        hudi_table_type="copy_on_write",
        history=RowHistory.ALL if kind.is_historical else RowHistory.LATEST,
        table_format=replica.storage.table_format,
        is_active=True,
        raw_database_name="torture_raw",
        raw_database_s3_bucket="raw",
        raw_table_name=replica.name,
        before_images="written" if replica.dms.before_images else "detect",
    )


class MemoryLake:
    """Receives files and events, runs executions, and notes what no execution may ever do."""

    def __init__(self, draw: Random, clock: Clock | None = None, region: Region | None = None) -> None:
        self.clock = clock or Clock()
        self.region = region or Region()
        self._approvals = count()
        is_keyed, forgets = draw.random() < 0.5, draw.random() < 0.3  # noqa: PLR2004 - shares
        self.staging = StagingBucket(self.clock, is_keyed=is_keyed, forgets=forgets, versions=self.region.versions)
        self.limits = Limits(files=draw.choice((1, 2, 5, 1000)), replayed_files=draw.choice((2, 6, 1000)))
        self.staging.page_size = draw.choice((1, 3, 1000))
        self._sweep = MemorySweep(self.staging, self.clock, draw.choice((0, 1, 1)))
        self.limits = replace(self.limits, bytes=draw.choice(_BYTES_OF_A_COMMIT))
        self.ledger = MemoryLedger()
        self.quarantine = MemoryQuarantine()
        self.leases = MemoryLeases(self.clock)
        self.outcomes: Outcomes = {}
        self.tables: dict[str, StoredTable] = {}
        self.configs: dict[str, RawTableConfig] = {}
        self.violations: list[Finding] = []
        self._executions = Executions(self)
        self.troubles = Troubles(lambda: self._executions.run_during_another(lambda: None))
        self._emptying: dict[str, set[Version]] = defaultdict(set)
        self.iceberg = IcebergTables(
            draw, self.staging, self.leases, self.violations, self._note_bounds, self._note_epoch
        )

    def set_up(self, replicas: Sequence[ReferenceModel]) -> None:
        """Make the tables known."""
        self.configs = {replica.kind.source_table_name: config_of(replica) for replica in replicas}
        self.iceberg.storages = {replica.kind.source_table_name: replica.storage for replica in replicas}

    def writer(
        self, config: RawTableConfig, run_id: str, cross: Callable[[str], None], inject_fault: InjectFault | None
    ) -> TableWriter:
        """Give the writer of one run of a table; with `inject_fault` its commits of Iceberg may have faults."""
        if config.table_format == ICEBERG:
            return self.iceberg.writer(config, run_id, cross, inject_fault)
        return MemoryWriter(
            self.tables,
            self.staging,
            lambda: cross(BEFORE_LEASE),
            lambda config, refresh: self.note_commit(config, refresh, run_id),
        )

    def expect(self, fault: Fault | None) -> None:
        """Let the calls outside of refreshes have this fault from now on."""
        self.troubles.expect(fault)

    def put(self, file: DmsFile, reason: str = "PutObject") -> dict[str, Any]:
        """Store a file; returns S3's event."""
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
        """Let the File Manager have a batch of messages; returns those that failed."""
        staging, fire = Staging(SOURCES, {BUCKET: BUCKET}), self.troubles.process()
        ledger, quarantine = fire(self.ledger), fire(self.quarantine)
        failed: list[str] = []
        with suppress(Killed):
            for message in messages:
                try:
                    register_message(message, self.region.landings(ledger), quarantine, staging)
                except Exception:  # noqa: BLE001 - as the function does: SQS delivers it again
                    failed.append(message["messageId"])
            return failed
        return [message["messageId"] for message in messages]  # SQS has heard of none of them

    def sweep(self) -> None:
        """Let the File Manager look at as much of the bucket as it has time for."""
        with suppress(Killed, *TROUBLE):
            self._sweep.run(self._reconciliation_under_fire, self.troubles.process())
        files = (*self.ledger.pending.values(), *self.ledger.history.values())
        known = {(file.key, file.version_id or "") for file in files}
        if missed := {key for key, _ in self._sweep.seen - known} - self.quarantined():
            self.violations.append(Finding(Wrong.LOST, f"a round of the sweep passed by {min(missed)}"))

    def sweep_through(self) -> None:
        """Let the File Manager look at the whole bucket."""
        self._sweep.run_through(self._reconciliation_under_fire, self.troubles.process())

    def _reconciliation_under_fire(self, fire: Fire) -> MissingFiles:
        return self.reconciliation(fire(self.staging), fire(self.ledger), fire(self.quarantine))

    def reconciliation(self, listing: Any, files: Any, quarantine: Any) -> MissingFiles:  # noqa: ANN401 - maybe with faults
        """Return the File Manager's look at the bucket."""
        return MissingFiles(listing, files, quarantine, SOURCES, self.clock.datetime)

    def _status(self, qualified_name: str) -> str:
        """Give a table's status; a run that died before it did anything, when nothing was left to do, changed none."""
        item = self.leases.items.get(qualified_name)
        if item is None:
            return ""
        if item.owner is None or self.leases.is_held(qualified_name) or (qualified_name, item.owner) in self.outcomes:
            return item.status.value
        statuses = [outcome.status for (name, _), outcome in self.outcomes.items() if name == qualified_name]
        return (statuses or [item.status])[-1].value

    def note_commit(self, config: RawTableConfig, refresh: RefreshPlan, run_id: str) -> None:
        """Look whether a run may make this commit."""
        if self.leases.items[config.qualified_name].owner != run_id:
            self.violations.append(Finding(Wrong.LEASE, config.qualified_name))
        self._note_epoch(run_id)
        self.iceberg.played[config.table_format, Engine.SPARK] += 1
        self._note_bounds(config, refresh)

    def _note_epoch(self, run_id: str) -> None:
        """Look whether a run may commit in its Region now."""
        if self.region.is_stale(run_id):
            self.violations.append(Finding(Wrong.EPOCH, run_id))

    def _note_bounds(self, _: RawTableConfig, refresh: RefreshPlan) -> None:
        """Look whether a commit may read so much."""
        ids = {file.version_id for file in refresh.files}
        total = sum(stored.size for stored in self.staging.stored if stored.version_id in ids)
        is_too_much = len(ids) > self.limits.files or (len(ids) > 1 and total > self.limits.bytes)
        if refresh.kind is not RefreshKind.RELOAD and is_too_much:
            self.violations.append(Finding(Wrong.BOUND, f"{len(ids)} files of {total} bytes in one commit"))

    def has_work(self) -> bool:
        """Whether any file is pending."""
        return bool(self.ledger.pending)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.seconds += seconds

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution of the cadence; S3 tells time to the second, and no run is that quick."""
        self.wait(1.0)
        self._executions.run(faults, arrive)

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        return {str(entry.details.get("file_ingestion_path")) for entry in self.quarantine.entries.values()}

    def held(self, replica: ReferenceModel) -> Sequence[DmsFile]:
        """The files of a table that wait for a person, as they can be read now."""
        files = self.ledger.held(replica.kind.source_table_name)
        current = (self.staging.current(file.key) for file in files)
        emptying = [DmsFile(file.key, {}, ()) for file in files if file.is_emptying]
        return [*emptying, *(version.file for version in current if version)]

    def decide(self, replica: ReferenceModel, approved: Collection[str]) -> None:
        """Approve what waits for a person and has one of these keys, and dismiss the rest."""
        seen, ledger = self.ledger.held(replica.kind.source_table_name), self.troubles.process()(self.ledger)
        current = [file for file in seen if self.staging.current_version(BUCKET, file.key) == file.version_id]
        meant = [file for file in current if file.key in approved]
        approval = approval_of(seen, {file.file_id for file in meant}, new=f"approval {next(self._approvals)}")
        try:
            for file in meant:
                ledger.choose(file, approval)
            for file in seen:
                (ledger.approve if file in meant else ledger.dismiss)(file)
        except (Killed, *TROUBLE) as trouble:
            raise Interrupted from trouble

    def skip(self, replica: ReferenceModel, keys: Collection[str]) -> bool:
        """Skip what is pending and has one of these keys; tells whether nothing of it is left."""
        table, ledger = config_of(replica), self.troubles.process()(self.ledger)
        fence = partial(self.leases.fence, table.qualified_name)
        try:
            files = ledger.pending_files(table.source_table_name, len(self.ledger.pending)).files
            return all(ledger.skip(file, BY_A_PERSON, fence) for file in files if file.key in keys)
        except (Killed, *TROUBLE) as trouble:
            raise Interrupted from trouble

    def empty(self, replica: ReferenceModel) -> bool:
        """Have the table emptied whose load vanished from staging; tells whether the lake sees that it did."""
        name, fire = replica.kind.source_table_name, self.troubles.process()
        asked: set[str] = set()
        try:
            # as `odp reload TABLE --empty` asks
            ports = fire(self.ledger), fire(self.staging), MemoryQuarantine()
            load = VanishedLoads(*ports, _LANDED_FILE_DAYS, self.clock.datetime).of(name)
            if load is None:
                return False
            part = load.emptying_part()
            self._emptying[name].add((part.key, part.version_id or ""))
            asked.add(part.file_id)
            return bool(fire(self.ledger).register(part))
        except (Killed, *TROUBLE) as trouble:
            if asked & self.ledger.pending.keys():  # as the person sees by the table's status
                return True
            raise Interrupted from trouble

    def evidence(self, replica: ReferenceModel) -> TableEvidence:
        """Read everything about one table."""
        source, config = replica.kind.source_table_name, config_of(replica)
        name = config.qualified_name
        table = self.tables.get(name, StoredTable())
        is_iceberg = config.table_format == ICEBERG
        told = (_counts(outcome.counts) for (table_name, _), outcome in self.outcomes.items() if table_name == name)
        return TableEvidence(
            landed=self.staging.landed(replica.dms.folder) | self._emptying[source],
            readable=self.staging.readable(replica.dms.folder),
            pending=_recorded(self.ledger.pending, source),
            history=_recorded(self.ledger.history, source),
            commits=[_evidence_of(each) for each in (self.iceberg.landed[name] if is_iceberg else table.commits)],
            told=sum(told, Counts()),
            status=self._status(name),
            rows=Lazy(partial(self.iceberg.rows, config) if is_iceberg else lambda: list(table.content.rows())),
        )


def _recorded(files: Mapping[str, LandedFile], source: str) -> list[RecordedFile]:
    return [
        RecordedFile(
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
    is_reload = refresh.kind in (RefreshKind.RELOAD, RefreshKind.EMPTY)
    return CommitEvidence(refresh.file_ids, _counts(commit.counts), is_reload)


def _counts(counts: RowCounts) -> Counts:
    return Counts(counts.inserted, counts.updated, counts.deleted, counts.updates_without_row)
