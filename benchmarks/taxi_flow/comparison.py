"""Runs both flows on the same files, holds both to the same results, and tells rows per second."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from taxi.records import LandedFile

from benchmarks.figures import Figures, Record
from benchmarks.spark import CORES, benchmark_session
from benchmarks.stopwatch import Duration, cpu_with_jvm, measured
from benchmarks.taxi_flow.duckdb_flow import DuckDbFlow
from benchmarks.taxi_flow.spark_flow import BUCKETS, DATASET, SparkFlow
from rehearsal.local_spark import FolderFiles
from rehearsal.source.taxi_files import Delivery, taxi_deliveries
from rehearsal.validation.taxi_results import QUESTIONS, ExpectedResults

RUNS = ("first", "second")
"""A Glue job's JVM runs once; the second run shows what of the first was its warming up."""


class UnequalResultsError(AssertionError):
    """A flow's result is not what the files say, so that its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """The files of the benchmark, as the raw bucket has them."""

    deliveries: tuple[Delivery, ...]
    landed: tuple[LandedFile, ...]
    expected: ExpectedResults

    @classmethod
    def of(cls, trips: pa.Table, buckets: Path) -> "Source":
        """Put trips into three CSV files, one with broken lines, and one Parquet file."""
        raw, deliveries = FolderFiles(buckets), taxi_deliveries(trips).final
        landed = tuple(raw.put(DATASET, delivery.key, delivery.content) for delivery in deliveries)
        return cls(deliveries, landed, ExpectedResults(deliveries))

    @property
    def broken_lines(self) -> int:
        """How many lines are no trips."""
        return sum(len(delivery.broken_lines) for delivery in self.deliveries)

    def demand_equal(self, flow: DuckDbFlow | SparkFlow) -> None:
        """Refuse a flow that holds anything else than the files say."""
        found = {"trips": flow.rows(), "broken lines": flow.quarantined()}
        expected = {"trips": self.expected.trips, "broken lines": self.broken_lines}
        if found != expected:
            raise UnequalResultsError(f"{flow.name} holds {found}; the files hold {expected}")
        for question in QUESTIONS:
            comparison = self.expected.compare(question, flow.result(question))
            if not comparison.is_equal:
                raise UnequalResultsError(f"{flow.name}: {comparison}")


@dataclass(frozen=True, slots=True)
class FlowRun:
    """How long both steps of one run took."""

    flow: str
    run: str
    conformed: Duration
    purpose_built: Duration

    @property
    def seconds(self) -> float:
        """Both steps on the wall."""
        return self.conformed.wall + self.purpose_built.wall

    @property
    def cpu_seconds(self) -> float:
        """Both steps on all cores."""
        return self.conformed.cpu + self.purpose_built.cpu


def compare_on(trips: pa.Table, work: Path) -> Figures:
    """Run every contender in a folder of its own; raises UnequalResultsError unless all hold what the files say."""
    buckets = work / "s3"
    with benchmark_session(work, BUCKETS) as spark:
        source = Source.of(trips, buckets)
        records = compare(spark, source, work, buckets)
    title = f"{source.expected.trips:,} trips in {len(source.landed)} files, to typed days and six aggregations"
    return Figures("taxi", title, records)


def compare(spark: SparkSession, source: Source, work: Path, buckets: Path) -> list[Record]:
    """Run every contender on the same files; raises UnequalResultsError unless all hold what the files say."""
    runs = [*_duckdb_runs(source, work, buckets), *_spark_runs(source, spark, buckets)]
    return list(_records(runs, source.expected.trips))


def _duckdb_runs(source: Source, work: Path, buckets: Path) -> Iterator[FlowRun]:
    paths = [buckets / file.bucket / file.key for file in source.landed]
    for run in RUNS:
        flow = DuckDbFlow(work / f"duckdb-{run}", threads=CORES)
        with measured() as conformed:
            flow.conform(paths)
        with measured() as purpose_built:
            flow.build()
        source.demand_equal(flow)
        yield FlowRun(flow.name, run, conformed, purpose_built)


def _spark_runs(source: Source, spark: SparkSession, buckets: Path) -> Iterator[FlowRun]:
    timed = partial(measured, cpu_with_jvm(spark))
    for run in RUNS:
        flow = SparkFlow(spark, buckets, run=run)
        with timed() as conformed:
            flow.conform(source.landed)
        with timed() as purpose_built:
            flow.build()
        source.demand_equal(flow)
        yield FlowRun(flow.name, run, conformed, purpose_built)


def _records(runs: list[FlowRun], trips: int) -> Iterator[Record]:
    baseline: Mapping[str, FlowRun] = {run.run: run for run in runs if run.flow == DuckDbFlow.name}
    for run in runs:
        yield {
            "flow": run.flow,
            "run": run.run,
            "conformed s": run.conformed.wall,
            "purpose-built s": run.purpose_built.wall,
            "CPU s": run.cpu_seconds,
            "trips/s": trips / run.seconds,
            "trips/CPU s": trips / run.cpu_seconds,
            "× duckdb": run.seconds / baseline[run.run].seconds,
            "× duckdb CPU": run.cpu_seconds / baseline[run.run].cpu_seconds,
        }
