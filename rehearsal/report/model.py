"""The figures of one run of the demo, which page and terminal summary both show."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.validation.comparison import Reconciliation
from rehearsal.validation.taxi_results import ResultComparison


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took its time."""

    name: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that was deployed."""

    name: str
    resources: int
    seconds: float


@dataclass(frozen=True, slots=True)
class GlueRun:
    """The Glue job run that refreshed one batch of tables."""

    batch: int
    run_id: str
    start: datetime
    end: datetime
    state: str

    @property
    def has_succeeded(self) -> bool:
        """Whether Glue says so."""
        return self.state == "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class TableRefresh:
    """What one refresh did to one table."""

    table: str
    batch: int
    start: datetime
    end: datetime
    inserted: int
    updated: int
    deleted: int
    files: int

    @property
    def rows(self) -> int:
        """Rows changed in any way."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of the file processor's state machine."""

    name: str
    execution: str
    batches: tuple[GlueRun, ...]
    tables: tuple[TableRefresh, ...]

    @property
    def start(self) -> datetime:
        """When the first Glue run began."""
        return min(batch.start for batch in self.batches)

    @property
    def end(self) -> datetime:
        """When the last Glue run ended."""
        return max(batch.end for batch in self.batches)

    @property
    def seconds(self) -> float:
        """From the first Glue run's start to the last one's end; a run without work took none."""
        return (self.end - self.start).total_seconds() if self.batches else 0.0

    @property
    def inserted(self) -> int:
        """Rows inserted into all tables."""
        return sum(table.inserted for table in self.tables)

    @property
    def updated(self) -> int:
        """Rows updated in all tables."""
        return sum(table.updated for table in self.tables)

    @property
    def deleted(self) -> int:
        """Rows deleted from all tables."""
        return sum(table.deleted for table in self.tables)

    @property
    def rows(self) -> int:
        """Rows changed in any way, in all tables."""
        return self.inserted + self.updated + self.deleted

    @property
    def files(self) -> int:
        """Files applied."""
        return sum(table.files for table in self.tables)


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What a configuration request did to one cadence or table: the fields that differ, before and after."""

    name: str
    kind: str
    differences: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigurationRequest:
    """What became of one request to change the configuration."""

    name: str
    decided: datetime
    status: str
    commit: str
    requested_by: str
    changes: tuple[EntryChange, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def was_refused(self) -> bool:
        """Whether nothing of it was applied."""
        return self.status == "refused"

    @property
    def summary(self) -> str:
        """How many entries changed in which way, or how many reasons stand against it."""
        if self.was_refused:
            return "1 reason" if len(self.reasons) == 1 else f"{len(self.reasons)} reasons"
        kinds = [change.kind for change in self.changes]
        return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "nothing to change"


@dataclass(frozen=True, slots=True)
class AuditedFile:
    """What the audit table says of one file that landed."""

    key: str
    status: str
    landed_at: str
    rows_loaded: int
    rows_quarantined: int
    error: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether none of its rows was loaded."""
        return self.status == "failed"


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that is no trip, where it stood, and why it was kept aside."""

    file: str
    line: int | None
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class TaxiReport:
    """What the NYC taxi flow made of its files, and whether that is right."""

    files: tuple[AuditedFile, ...]
    quarantined: tuple[QuarantinedRow, ...]
    broken_lines: frozenset[tuple[str, int]]
    """File and line of each row that is no trip."""
    trips: int
    expected_trips: int
    comparisons: tuple[ResultComparison, ...]
    demand: tuple[tuple[str, int, int], ...]
    """Pick-up zone, hour of the day, trips."""
    days: tuple[tuple[str, int, float], ...]
    """Day, trips, average fare."""

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not as the delivered files want it."""
        faults = [f"{file.key} {file.status}: {file.error}" for file in self.files if file.has_failed]
        if self.trips != self.expected_trips:
            faults.append(f"{self.trips:,} trips are in the conformed table instead of {self.expected_trips:,}")
        kept = {(row.file, row.line) for row in self.quarantined}
        if kept != self.broken_lines or len(kept) != len(self.quarantined):
            faults.append(f"quarantine holds {sorted(kept, key=str)} instead of {sorted(self.broken_lines)}")
        faults += [f"{found.table} is not what duckdb computes" for found in self.comparisons if not found.is_equal]
        return (*faults, *([] if self.comparisons else ["no table was compared"]))

    @property
    def is_right(self) -> bool:
        """Whether no row was lost, repeated or dropped and every table equals the independent computation."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Section:
    """A further part of the page; its body is finished HTML or SVG that the page does not escape."""

    anchor: str
    title: str
    lead: str
    body: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything that one run of the demo has to show."""

    title: str
    started: datetime
    environment: tuple[tuple[str, str], ...]
    steps: tuple[Span, ...]
    stacks: tuple[Stack, ...]
    runs: tuple[Run, ...]
    validation: Reconciliation
    configuration: tuple[ConfigurationRequest, ...] = ()
    taxi: TaxiReport | None = None
    sections: tuple[Section, ...] = field(default=())

    @property
    def has_passed(self) -> bool:
        """Whether all that the run has to prove is proved."""
        return self.validation.has_passed and (self.taxi is None or self.taxi.is_right)

    @property
    def seconds(self) -> float:
        """From the start to the end of the last step."""
        return (max((step.end for step in self.steps), default=self.started) - self.started).total_seconds()

    @property
    def lake_rows(self) -> int:
        """Rows of all tables as the lake has them."""
        return sum(table.lake_rows for table in self.validation.tables)

    @property
    def resources(self) -> int:
        """Resources of all stacks."""
        return sum(stack.resources for stack in self.stacks)

    @property
    def glue_runs(self) -> int:
        """Glue job runs of all executions."""
        return sum(len(run.batches) for run in self.runs)

    @property
    def identical_tables(self) -> int:
        """Tables that the lake holds exactly."""
        return sum(table.is_identical for table in self.validation.tables)


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort table_2 before table_10."""
    return sorted(names, key=_natural_key)


def _natural_key(name: str) -> tuple[str, int, str]:
    stem = name.rstrip("0123456789")
    return (stem, int(name[len(stem) :] or 0), name)
