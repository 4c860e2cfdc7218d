"""The course of the benchmark on a deployed lake: loads, changes, a profile, and one warm table."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.change_phase.comparison import UnequalRowsError, count_differences
from benchmarks.change_phase.duckdb_rewrite import DuckDbRewrite
from benchmarks.change_phase.workload import CHANGES, LOAD, STAGING, SourceTable, Workload
from benchmarks.deployed_lake.lake import MeasuredLake, measured_lake
from benchmarks.deployed_lake.phases import phases
from benchmarks.deployed_lake.report import Measured, Report
from benchmarks.deployed_lake.requests_made import Window
from benchmarks.deployed_lake.warm_table import WarmTable
from benchmarks.figures import Figures

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """A lake with its tables, and the files that land in it."""

    lake: MeasuredLake
    buckets: Path
    work: Path
    say: Say

    def run(self, measured: Workload, landings: int) -> Report:
        """Load and change tables; profile the same with other tables; update one table several times."""
        profiled = Workload("profiled", measured.tables, measured.rows, measured.changes)
        warm = Workload("warm", 1, measured.rows, measured.changes)
        for workload in (measured, profiled, warm):
            workload.write(self.buckets)
        tables = [table for workload in (measured, profiled, warm) for table in workload.source_tables]
        self.lake.configure(tables)
        loaded = self._refresh("load", measured, LOAD)
        changed = self._refresh("changes", measured, CHANGES)
        self._demand_equal(measured)
        self._refresh("load of the profiled tables", profiled, LOAD)
        with self.lake.profiled() as folder:
            with_profile = self._refresh("changes with a profile", profiled, CHANGES)
            found = phases(folder, with_profile.sum("cpu"))
        self._demand_equal(profiled)
        self._refresh("load of the warm table", warm, LOAD)
        (table,) = warm.source_tables
        of_warm = WarmTable(self.lake, table, self.buckets)
        self.say(f"{landings} landings of the warm table")
        seconds = [of_warm.land(number) for number in range(1, landings + 1)]
        of_warm.write_expected(landings, self.work / "expected" / table.name)
        self.compare(table)
        return Report(measured, (loaded, changed), tuple(seconds), found)

    def _refresh(self, name: str, workload: Workload, file: str) -> Measured:
        """Land a file of each table, wait until all are registered, and run one execution."""
        self.say(f"{name}: {workload.tables} tables of {workload.rows:,} rows")
        since, wall = time.time(), time.perf_counter()
        self.lake.land(self.buckets, workload.source_tables, file)
        landed = time.perf_counter() - wall
        self.lake.wait_until_registered(workload.tables)
        registered = time.perf_counter() - wall
        self.lake.refresh()
        ended = time.perf_counter() - wall
        window = Window.read(self.lake.requests, self.lake.functions, since, time.time())
        return Measured(name, (landed, registered, ended), tuple(self.lake.calls(since)), window)

    def _demand_equal(self, workload: Workload) -> None:
        """Compare every value of every table with what duckdb makes of the same files."""
        oracle = DuckDbRewrite(self.buckets, threads=1)
        oracle.load(workload.source_tables)
        oracle.change(workload.source_tables)
        for table in workload.source_tables:
            oracle.export(table, self.work / "expected" / table.name)
            self.compare(table)

    def compare(self, table: SourceTable) -> None:
        """Compare every value of a table with what is expected of it."""
        source = self.buckets / STAGING / table.key(LOAD)
        found = self.work / "found" / table.name
        found.mkdir(parents=True)
        pq.write_table(self.lake.read(table), found / "rows.parquet")
        if differing := count_differences(source, self.work / "expected" / table.name, found):
            raise UnequalRowsError(f"{differing} rows of {table.name} differ; see {found}")


def measure(work: Path, workload: Workload, landings: int, say: Say) -> Sequence[Figures]:
    """Deploy a lake, run the course, and give its figures."""
    say("deploying the lake")
    with measured_lake(work) as lake:
        return list(Course(lake, work / "s3", work, say).run(workload, landings).figures())
