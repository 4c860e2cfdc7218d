"""The refreshes of one phase of the demo: their engine, how long they took, their cost on AWS."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

SPARK, NATIVE = "spark", "native"
"""The engines, as the run log names them: a Glue run, or a call of a Lambda function."""


@dataclass(frozen=True, slots=True)
class BatchRun:
    """The run that refreshed one batch of tables."""

    batch: int
    run_id: str
    start: datetime
    end: datetime
    state: str
    engine: str = SPARK
    capacity: str = ""
    """The number and type of its workers, or its memory."""
    usd: float = 0.0
    """What it would cost on AWS if it took as long there."""

    @property
    def has_succeeded(self) -> bool:
        """Whether the service says so."""
        return self.state == "SUCCEEDED"

    @property
    def seconds(self) -> float:
        """From its start to its end."""
        return (self.end - self.start).total_seconds()


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
    left_because: str = ""
    """Why the native engine left this work to Spark, and changed nothing."""

    @property
    def rows(self) -> int:
        """Rows changed in any way."""
        return self.inserted + self.updated + self.deleted

    def with_next(self, other: "TableRefresh") -> "TableRefresh":
        """This and another refresh of the same table as one."""
        return replace(
            self,
            start=min(self.start, other.start),
            end=max(self.end, other.end),
            inserted=self.inserted + other.inserted,
            updated=self.updated + other.updated,
            deleted=self.deleted + other.deleted,
            files=self.files + other.files,
        )

    @property
    def seconds(self) -> float:
        """From its start to its end; other tables of its run may have been refreshed meanwhile."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Run:
    """One phase: the executions of the file processor's state machine that applied its files."""

    name: str
    executions: tuple[str, ...]
    batches: tuple[BatchRun, ...]
    tables: tuple[TableRefresh, ...]

    @property
    def start(self) -> datetime:
        """When the first run of a batch began."""
        return min(batch.start for batch in self.batches)

    @property
    def end(self) -> datetime:
        """When the last run of a batch ended."""
        return max(batch.end for batch in self.batches)

    @property
    def seconds(self) -> float:
        """How long any of its batches was at work; what lies between executions is no part of it."""
        total, until = timedelta(), datetime.min.replace(tzinfo=UTC)
        for batch in sorted(self.batches, key=lambda batch: batch.start):
            total += max(timedelta(), batch.end - max(until, batch.start))
            until = max(until, batch.end)
        return total.total_seconds()

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

    @property
    def usd(self) -> float:
        """The estimated cost of all its batches on AWS."""
        return sum(batch.usd for batch in self.batches)

    @property
    def by_table(self) -> tuple[TableRefresh, ...]:
        """What all refreshes of a table did together; a table may be refreshed many times in one phase."""
        found: dict[str, TableRefresh] = {}
        for refresh in self.tables:
            before = found.get(refresh.table)
            found[refresh.table] = before.with_next(refresh) if before else refresh
        return tuple(found.values())

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that refreshed a table, in the order of their batches."""
        return tuple(dict.fromkeys(batch.engine for batch in self.batches))

    def of_engine(self, engine: str) -> "Run":
        """The share of one engine."""
        batches = tuple(batch for batch in self.batches if batch.engine == engine)
        numbers = {batch.batch for batch in batches}
        return replace(self, batches=batches, tables=tuple(table for table in self.tables if table.batch in numbers))

    def tables_of(self, batch: BatchRun) -> tuple[TableRefresh, ...]:
        """The tables that a batch refreshed, in the order in which they began."""
        return tuple(sorted((t for t in self.tables if t.batch == batch.batch), key=lambda table: table.start))

    def usd_of(self, table: TableRefresh) -> float:
        """A table's part of the cost of its batch: its part of the seconds of the batch's tables."""
        (batch,) = (batch for batch in self.batches if batch.batch == table.batch)
        together = self.tables_of(batch)
        seconds = sum(each.seconds for each in together)
        return batch.usd * (table.seconds / seconds if seconds else 1 / len(together))
