"""Ledger, quarantine and table of one refresh in memory; a run may die or fail at any step."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from odp.file_processor.batch_refresh import TableRefresher
from odp.file_processor.selection.late_files import Limits
from odp.records import FileStatus, FileType, LandedFile, PendingFiles, Quarantined, QuarantineKind, RawTableConfig
from odp.refresh import LastCommit, Lease, RefreshOutcome, RefreshPlan, RowCounts, RunRecord

from lake.errors import LeaseLostError
from lake.landing.listings import TableListing
from lake.tables.size import TableSize
from tests.unit.odp.samples import table_config

FENCE = 7
CONFIG = table_config()
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here: nothing catches it, as nothing catches SIGKILL."""


def file(number: int, version: str = "v1") -> LandedFile:
    """A file of changes that is known as f<number>."""
    key = f"s/t/20260101-{number:09d}.parquet"
    landed_at = f"2026-01-01T00:00:{number:02}Z"
    return LandedFile("s.t", f"f{number}", FileType.CHANGES, "s", "t", "staging", key, 1, "", landed_at, version)


def part(number: int, minutes_ago: int = 0, version: str = "v1") -> LandedFile:
    """A part of a full load that is known as p<number>.<version>."""
    landed_at = f"{NOW - timedelta(minutes=minutes_ago):%Y-%m-%dT%H:%M:%SZ}"
    key = f"s/t/LOAD{number:08X}.parquet"
    file_id = f"p{number}.{version}"
    return LandedFile("s.t", file_id, FileType.FULL_LOAD, "s", "t", "staging", key, 1, "", landed_at, version)


@dataclass
class World:
    """`die_at` names the step before which the process is killed, `commits_and_fails` fails after the commit."""

    pending: dict[str, LandedFile] = field(default_factory=dict)
    history: dict[str, LandedFile] = field(default_factory=dict)
    moved_by: dict[str, str] = field(default_factory=dict)
    entries: dict[str, Quarantined] = field(default_factory=dict)
    recorded: list[RunRecord] = field(default_factory=list)
    vanished: set[str] = field(default_factory=set)
    limits: Limits = field(default_factory=Limits)
    commits_and_fails: bool = False
    told_registrations: int = 7
    commits: list[RefreshPlan] = field(default_factory=list)
    catalog: int = 0
    owner: str | None = None
    outcomes: dict[str, RefreshOutcome] = field(default_factory=dict)
    refused: str = ""
    die_at: str = ""
    fail_at: str = ""
    fail_with: str = "\nin many lines"
    lose_lease_at: str = ""
    written_with: Mapping[str, str] | None = None
    unannounced: Sequence[LandedFile] = ()
    announced_meanwhile: Sequence[LandedFile] = ()
    landing_amid_a_commit: Sequence[LandedFile] = ()
    vanishing_amid_a_commit: set[str] = field(default_factory=set)
    looked_behind: list[str] = field(default_factory=list)
    updates_without_row: int = 0
    added_columns: tuple[str, ...] = ()
    size: TableSize | None = None
    beyond_engine: str = ""
    fail_as: type[Exception] = RuntimeError
    time_for_commits: int = 1000

    def reach(self, step: str) -> None:
        if step == self.die_at:
            raise Killed
        if step == self.fail_at:
            raise self.fail_as(f"{step} failed{self.fail_with}")
        if step == self.lose_lease_at:
            self.owner = "another run"

    # FileTracker
    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        ordered = sorted(self.pending.values(), key=lambda landed: (not landed.is_load, landed.name))
        loads = [landed for landed in ordered if landed.is_load]
        changes = [landed for landed in ordered if not landed.is_load]
        oldest = changes[:most_changes]
        return PendingFiles((*loads, *oldest), len(oldest) == len(changes), self.told_registrations)

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        return [landed for landed in self.pending.values() if landed.is_load]

    def unrecorded_files(
        self, source_table_name: str, file_ids: Collection[str], pending: PendingFiles
    ) -> Sequence[LandedFile]:
        known = {name: landed for name, landed in self.history.items() if landed.status is not FileStatus.APPLIED}
        known |= self.pending
        return [known[file_id] for file_id in sorted(file_ids) if file_id in known]

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        return [landed for landed in self.history.values() if landed.is_load]

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        found = [landed for landed in self.history.values() if not landed.is_load and landed.name >= from_name]
        return sorted(found, key=lambda landed: landed.name)[:most]

    # ObjectContents
    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool:
        return version.version_id == earlier.version_id

    # Quarantine
    def keep(self, entry: Quarantined) -> bool:
        self.reach("quarantine")
        is_new = entry.entry_id not in self.entries
        self.entries.setdefault(entry.entry_id, entry)
        return is_new

    def replace(self, entry: Quarantined) -> None:
        self.reach("quarantine")
        self.entries[entry.entry_id] = entry

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        self.reach("take out")
        if entry_id in self.entries and self.entries[entry_id].kind is kind:
            del self.entries[entry_id]

    # StagedFiles
    def register_missing(
        self, pending: Sequence[LandedFile], newest_change_file: str, processed: Sequence[LandedFile] = ()
    ) -> TableListing:
        there = (*self.history.values(), *self.pending.values(), *self.unannounced)
        current = {landed.key: str(landed.version_id) for landed in there if landed.key not in self.vanished}
        self.pending |= {landed.file_id: landed for landed in (*self.unannounced, *self.announced_meanwhile)}
        self.looked_behind.append(newest_change_file)
        shows_more = bool(self.unannounced or self.announced_meanwhile)
        return TableListing(len(self.unannounced), len(self.unannounced), frozenset(current.items()), shows_more)

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        known = {landed.key: landed for landed in (*self.history.values(), *self.pending.values())}
        return {key: None if key in self.vanished else known[key].version_id for key in keys}

    # TableLeases
    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        if self.owner is not None:
            return None
        self.owner = owner
        return Lease(
            qualified_name, owner, FENCE, 0.0, written_with=self.written_with, beyond_engine=self.beyond_engine
        )

    def renew(self, lease: Lease) -> None:
        self.reach("renew")
        if self.owner != lease.owner:
            raise LeaseLostError("taken over")

    # RunLog
    def append(self, lease: Lease, entry: RunRecord) -> None:
        self.reach("run_log")
        if self.owner != lease.owner:
            raise LeaseLostError("taken over")
        self.recorded.append(entry)
        for moved in entry.files:
            assert moved.status is not FileStatus.PENDING
            self.pending.pop(moved.file_id, None)
            self.history[moved.file_id] = moved
            self.moved_by[moved.file_id] = lease.owner
        self.outcomes[lease.owner] = entry.outcome
        if entry.closes:
            self.owner = None
            self.written_with = entry.written_with or self.written_with
            self.refused = entry.outcome.error if entry.refused else ""

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        self.outcomes[run_id] = outcome

    # TableWriter
    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        if not self.commits:
            return None
        last = self.commits[-1]
        counts = RowCounts(inserted=len(last.files), updates_without_row=self.updates_without_row)
        return LastCommit(
            str(len(self.commits)), last.file_ids, last.state, counts, self.size, added_columns=self.added_columns
        )

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        self.reach("write")
        check_lease()
        self.reach("commit")
        self.commits.append(refresh)
        add(self, *self.landing_amid_a_commit)
        self.landing_amid_a_commit = ()
        self.vanished |= self.vanishing_amid_a_commit
        if self.commits_and_fails:
            raise RuntimeError("the answer was lost")
        committed = self.last_refresh(config)
        assert committed is not None
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        self.reach("catalog")
        self.catalog = len(self.commits)
        return str(self.catalog)

    def refresh(self, run_id: str = "run-1", config: RawTableConfig = CONFIG) -> RefreshOutcome | None:
        ports: dict[str, Any] = dict.fromkeys(
            ("files", "staged_files", "leases", "writer", "run_log", "quarantine", "contents"), self
        )
        ports |= {"clock": lambda: NOW, "has_time": lambda: len(self.commits) < self.time_for_commits}
        return TableRefresher(**ports, run_id=run_id, limits=self.limits).refresh(config)

    def refreshed(self, run_id: str = "run-1", config: RawTableConfig = CONFIG) -> RefreshOutcome:
        """Refresh a table that no other run has."""
        outcome = self.refresh(run_id, config)
        assert outcome is not None
        return outcome


def world(*numbers: int, **state: Any) -> World:
    """A table with these files pending."""
    return World(pending={f"f{number}": file(number) for number in numbers}, **state)


def add(lake: World, *files: LandedFile) -> None:
    """Let files be pending."""
    lake.pending |= {landed.file_id: landed for landed in files}


def killed(lake: World, step: str) -> None:
    """Let a run be killed before a step, and its lease expire."""
    lake.die_at = step
    try:
        lake.refresh("killed")
    except Killed:
        lake.die_at, lake.owner = "", None
        return
    raise AssertionError(f"the run never came to {step}")
