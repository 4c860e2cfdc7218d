"""Runs every contender on the same files, holds all to the same rows, and tells who took how long."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from odp.file_processor.planning import FEWEST_WORKERS

from benchmarks.change_phase.contenders import TITLES
from benchmarks.change_phase.duckdb_rewrite import DUCKDB
from benchmarks.change_phase.entry import Entry, Step
from benchmarks.change_phase.odp_writer import ODP_NATIVE
from benchmarks.change_phase.textbook_hudi import HUDI
from benchmarks.change_phase.workload import KEY, LOAD, STAGING, Workload
from benchmarks.figures import Figures, Record
from benchmarks.stopwatch import Duration
from deployment_account.odp_settings import CadenceDefaults, OdpSettings
from rehearsal.demo.cost import function_usd, glue_usd

_MEGABYTE = 1_000_000
WORKLOADS = (Workload("small", 18, 20_000, 2_000), Workload("large", 1, 1_369_769, 20_000))


class UnequalRowsError(AssertionError):
    """A contender's table is not what the others' is, so that its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """One workload in a folder of its own, run by all contenders."""

    workload: Workload
    work: Path
    contenders: Sequence[str] = tuple(TITLES)

    def run(self, rounds: int) -> list[Record]:
        """Load once, then change the same loaded tables in every round; the quickest round of each counts."""
        self.workload.write(self.work / "s3")
        loads = {}
        for entry in self._entries:
            (loads[entry.contender],) = entry.run_in_own_process(Step.LOAD)
            _keep(entry)
        durations = {entry.contender: Duration(float("inf"), float("inf")) for entry in self._entries}
        for number in range(1, rounds + 1):
            for entry in self._entries:
                _restore(entry)
                steps = (Step.CHANGE, Step.EXPORT) if number == rounds else (Step.CHANGE,)
                best, took = durations[entry.contender], entry.run_in_own_process(*steps)[0]
                durations[entry.contender] = _best(best, took)
        self.demand_equal()
        return list(self._records(loads, durations))

    def demand_equal(self) -> None:
        """Compare every exported value of a contender with duckdb's value."""
        reference = Entry(DUCKDB, self.workload, self.work)
        for table in self.workload.source_tables:
            source = self.work / "s3" / STAGING / table.key(LOAD)
            for entry in self._entries:
                exported = entry.exported(table.name)
                if differing := count_differences(source, reference.exported(table.name), exported):
                    raise UnequalRowsError(
                        f"{entry.contender}: {differing} rows of {table.name} differ; see {exported}"
                    )

    @property
    def _entries(self) -> list[Entry]:
        return [Entry(contender, self.workload, self.work) for contender in self.contenders]

    def _records(self, loads: Mapping[str, Duration], durations: Mapping[str, Duration]) -> Iterator[Record]:
        rows, changes = self.workload.tables * self.workload.rows, self.workload.tables * self.workload.changes
        for contender, duration in durations.items():
            yield {
                "workload": f"{self.workload.tables} × {self.workload.rows:,}",
                "contender": TITLES[contender],
                "s": duration.wall,
                "CPU s": duration.cpu,
                "MB": duration.peak_bytes // _MEGABYTE,
                "changes / CPU s": round(changes / duration.cpu),
                "USD / million": _usd(contender, duration.wall) / changes * 1_000_000,
                "loaded rows / CPU s": round(rows / loads[contender].cpu),
                "faster than textbook": durations[HUDI].wall / duration.wall,
                "less CPU": durations[HUDI].cpu / duration.cpu,
                "× duckdb": duration.wall / durations[DUCKDB].wall,
                "× duckdb CPU": duration.cpu / durations[DUCKDB].cpu,
            }


def compare_on(workloads: Sequence[Workload], work: Path, rounds: int) -> Figures:
    """Run every workload."""
    records: list[Record] = []
    for workload in workloads:
        records += Course(workload, work / workload.name).run(rounds)
    title = f"Applying changes, from a session that has done nothing yet; the quickest of {rounds}"
    note = "USD / million: a million such changes on AWS, compute alone, if it took as long there (docs/cost.md)"
    return Figures("changes", title, records, (note,))


def _usd(contender: str, seconds: float) -> float:
    """What the compute would cost on AWS if it took as long there: a Lambda function, or a Glue run of two workers."""
    if contender in (ODP_NATIVE, DUCKDB):
        return function_usd(seconds, OdpSettings().native_memory_mb)
    return glue_usd(seconds, CadenceDefaults().glue_job_worker_type, FEWEST_WORKERS)


def _best(one: Duration, other: Duration) -> Duration:
    """Take the least of each; the most memory, because a limit must hold in every round."""
    return Duration(min(one.wall, other.wall), min(one.cpu, other.cpu), max(one.peak_bytes, other.peak_bytes))


def count_differences(source: Path, one: Path, other: Path) -> int:
    """Count the rows that only one of two folders has, in the columns of the source."""
    schema = pq.read_schema(source)
    first, second = (
        pq.read_table(folder).select(schema.names).cast(schema).sort_by(KEY).combine_chunks() for folder in (one, other)
    )
    return 0 if first.equals(second) else len(_rows(first) ^ _rows(second))


def _rows(table: pa.Table) -> set[tuple[object, ...]]:
    return set(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _keep(entry: Entry) -> None:
    for folder in entry.state:
        if folder.exists():
            shutil.copytree(folder, _kept(folder))


def _restore(entry: Entry) -> None:
    for folder in entry.state:
        shutil.rmtree(folder, ignore_errors=True)
        if _kept(folder).exists():
            shutil.copytree(_kept(folder), folder)


def _kept(folder: Path) -> Path:
    return folder.parent.parent / "loaded" / folder.parent.name / folder.name
