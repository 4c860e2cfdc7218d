"""The Iceberg tables of a lake in memory, and the engine that each refresh of one has."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from odp.file_processor.apply.commit_proof import read_commit
from odp.records import RawTableConfig, engine_of_run
from odp.refresh import RefreshPlan
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from lake.tables.change import Commit as TableCommit
from lake.tables.iceberg.proof import commit_time_of, read_proof
from lake.tables.iceberg_native.row_change import Limits
from rehearsal.torture.check import Finding, Kind
from rehearsal.torture.faults import FaultKind
from rehearsal.torture.memory.hudi_table import Row
from rehearsal.torture.memory.iceberg_catalog import AFTER_COMMIT, BEFORE_COMMIT, IcebergCatalog, RunCatalog, summary_of
from rehearsal.torture.memory.iceberg_files import rows_of, stored_files
from rehearsal.torture.memory.iceberg_writer import SparkOnIceberg
from rehearsal.torture.memory.leases import MemoryLeases
from rehearsal.torture.memory.native_writer import NativeEngine
from rehearsal.torture.memory.staging import StagingBucket
from rehearsal.torture.memory.writer import Commit
from rehearsal.torture.pairs import ON_HUDI, Engine, Pair, Storage

BEFORE_LEASE = "before the commit"
InjectFault = Callable[[FaultKind], None]
"""Lets a fault of this kind strike the run."""
_STRUCK_COMMITS = 0.4
OF_COMMITS = (FaultKind.KILL, FaultKind.NO_ANSWER, FaultKind.PAUSE, FaultKind.OVERLAP)
NoteCommit = Callable[[RawTableConfig, RefreshPlan], None]


@dataclass
class IcebergTables:
    """The catalog of a lake's Iceberg tables, with what landed in each."""

    draw: Random
    staging: StagingBucket
    leases: MemoryLeases
    violations: list[Finding]
    note: NoteCommit
    may_commit: Callable[[str], None]
    """Notes that a run is about to commit, which it may not under an epoch that is over."""
    storages: Mapping[str, Storage] = field(default_factory=dict)
    """By source table."""
    landed: dict[str, list[Commit]] = field(default_factory=lambda: defaultdict(list))
    played: Counter[Pair] = field(default_factory=Counter)
    """How many commits each engine made."""
    struck: Counter[tuple[str, FaultKind]] = field(default_factory=Counter)
    """The faults of commits."""

    def __post_init__(self) -> None:
        """Draw what the engines are told."""
        self.catalog = IcebergCatalog(self.draw)
        self.limits = Limits(changed_rows=self.draw.choice((3, 1_000_000, 1_000_000)))
        self.rows_per_file = self.draw.choice((1, 2, 1000))
        self._newest_tokens: dict[str, int] = {}
        self.seed = self.draw.getrandbits(32)

    def writer(
        self, config: RawTableConfig, run_id: str, cross: Callable[[str], None], inject_fault: InjectFault | None
    ) -> SparkOnIceberg | NativeEngine:
        """Give the engine that one run refreshes a table with."""
        engine = Engine(engine_of_run(run_id))
        run = _Run(self, config, engine, run_id, cross, inject_fault)
        catalog = RunCatalog(self.catalog, run.cross, run.landing)
        if engine is Engine.NATIVE:
            return NativeEngine(catalog, self.staging, self.catalog.bucket, self.limits, run.ask_lease)
        return SparkOnIceberg(catalog, self.staging, self.catalog.bucket, self.rows_per_file, run.ask_lease)

    def engine(self, source_table_name: str, moment: str) -> Engine:
        """Draw the engine that a table is configured with at a moment."""
        storage = self.storages.get(source_table_name, ON_HUDI)
        return storage.engine(Random(f"{self.seed}/{moment}/{source_table_name}"))

    def rows(self, config: RawTableConfig) -> Sequence[Row]:
        """Read all rows of a table; there are none if any file of it is missing."""
        metadata = self.catalog.tables.get((config.raw_database_name, config.raw_table_name))
        try:
            return rows_of(stored_files(self.catalog.io, metadata))
        except FileNotFoundError:
            return []

    def note_landed(self, run: "_Run", refresh: RefreshPlan, token: int, commit: Commit) -> None:
        """Note a commit that landed; that of a run whose lease a newer committer had is none."""
        name = run.config.qualified_name
        if not token or token < self._newest_tokens.get(name, 0):
            self.violations.append(Finding(Kind.LEASE, f"{name}: lease {token} after {self._newest_tokens.get(name)}"))
        self._newest_tokens[name] = max(token, self._newest_tokens.get(name, 0))
        self.landed[name].append(commit)
        self.played[run.config.table_format, run.engine] += 1
        self.note(run.config, refresh)


@dataclass
class _Run:
    """One run of a table: under which lease it asked for a commit, and of which refresh."""

    tables: IcebergTables
    config: RawTableConfig
    engine: Engine
    run_id: str
    go_on: Callable[[str], None]
    inject_fault: InjectFault | None
    token: int = 0
    refresh: RefreshPlan | None = None

    def __post_init__(self) -> None:
        """Draw the faults of commits, apart from all else."""
        self._draw = Random(f"{self.tables.seed}/{self.run_id}/{self.config.source_table_name}/commits")

    def cross(self, boundary: str) -> None:
        """Cross a boundary; commits meet trouble more often than other calls."""
        self.go_on(boundary)
        if self.inject_fault and boundary in (BEFORE_COMMIT, AFTER_COMMIT) and self._draw.random() < _STRUCK_COMMITS:
            self.tables.struck[boundary, kind := self._draw.choice(OF_COMMITS)] += 1
            self.inject_fault(kind)

    def ask_lease(self, refresh: RefreshPlan, check_lease: Callable[[], None]) -> None:
        """Ask for the lease once more, and go on if the run still has it."""
        self.token, self.refresh = 0, refresh
        self.cross(BEFORE_LEASE)
        check_lease()
        self.tables.may_commit(self.run_id)
        item = self.tables.leases.items[self.config.qualified_name]
        if item.owner == self.run_id:
            self.token = item.token

    def landing(self) -> Callable[[Snapshot, TableMetadata], None]:
        """Give what notes the commit that is asked for now, whenever it lands."""
        token, refresh = self.token, self.refresh

        def landed(snapshot: Snapshot, metadata: TableMetadata) -> None:
            proved = read_proof(summary_of(snapshot), metadata.properties)
            if proved is None or refresh is None:
                self.tables.violations.append(Finding(Kind.TWICE, f"{self.config.qualified_name}: no proof"))
                return
            committed = TableCommit(commit_time_of(snapshot.sequence_number or 0), *proved)
            commit = Commit(refresh, proved[0], read_commit(committed).counts)
            self.tables.note_landed(self, refresh, token, commit)

        return landed
