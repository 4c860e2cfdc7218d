"""The taxi benchmark on few trips: both flows give the same results, and one that does not is no contender."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from benchmarks.taxi_flow import comparison
from benchmarks.taxi_flow.comparison import RUNS, Source, UnequalResultsError
from benchmarks.taxi_flow.duckdb_flow import DuckDbFlow
from rehearsal.source.generator import generate_trips

pytestmark = pytest.mark.slow

TRIPS = 2_000


def test_both_flows_hold_what_the_files_say(spark: SparkSession, buckets: Path, tmp_path: Path) -> None:
    records = comparison.compare(spark, Source.of(generate_trips(TRIPS), buckets), tmp_path, buckets)
    assert [(record["flow"], record["run"]) for record in records] == [
        (flow, run) for flow in ("duckdb", "taxi flow") for run in RUNS
    ]
    assert all(float(record["trips/s"]) > 0 for record in records)


def test_a_flow_with_another_result_is_refused_by_name_and_table(tmp_path: Path, buckets: Path) -> None:
    source = Source.of(generate_trips(TRIPS), buckets)
    flow = DuckDbFlow(tmp_path / "flow", threads=1)
    flow.conform([buckets / file.bucket / file.key for file in source.landed[1:]])
    flow.build()
    with pytest.raises(UnequalResultsError, match="duckdb holds .*'trips': "):
        source.demand_equal(flow)
