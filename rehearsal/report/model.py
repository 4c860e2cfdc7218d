"""The figures of one run of the demo, which page and terminal summary both show."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.report.runs import Run
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
    def by_engine(self) -> tuple[tuple[str, int, float], ...]:
        """Each engine with its runs in all phases and their estimated cost in USD, the dearest first."""
        batches = [batch for run in self.runs for batch in run.batches]
        engines = {batch.engine for batch in batches}
        of_engine = {engine: [batch.usd for batch in batches if batch.engine == engine] for engine in engines}
        sums = ((engine, len(usd), sum(usd)) for engine, usd in of_engine.items())
        return tuple(sorted(sums, key=lambda each: (-each[2], each[0])))

    @property
    def usd(self) -> float:
        """The estimated cost of all refreshes on AWS."""
        return sum(run.usd for run in self.runs)

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
