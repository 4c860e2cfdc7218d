"""The benchmark of changes on small tables: all contenders end equal, and one that does not is found."""

from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from benchmarks.change_phase.comparison import Course, UnequalRowsError
from benchmarks.change_phase.contenders import ON_SPARK
from benchmarks.change_phase.duckdb_rewrite import DUCKDB, DuckDbRewrite
from benchmarks.change_phase.entry import Entry, Step
from benchmarks.change_phase.merges import DELTA, merge_settings
from benchmarks.change_phase.odp_writer import ODP_NATIVE, NativeWriter
from benchmarks.change_phase.workload import CHANGES, LOAD, STAGING, Workload

pytestmark = pytest.mark.slow

WORKLOAD = Workload("smoke", tables=2, rows=400, changes=100)
HERE = [name for name in ON_SPARK if name != DELTA]
"""Delta's jars are downloaded for the benchmark only, whose every run holds it to the same."""


@pytest.fixture
def work(buckets: Path, tmp_path: Path) -> Path:
    """A benchmark's folder with the session's buckets."""
    (tmp_path / "s3").symlink_to(buckets)
    return tmp_path


def test_contenders_end_equal_and_a_row_too_few_is_found(
    spark: SparkSession, buckets: Path, work: Path, tmp_path: Path
) -> None:
    session = spark.newSession()
    for name, value in merge_settings().items():
        if name.startswith("spark.sql.catalog.merged"):
            session.conf.set(name, value)
    WORKLOAD.write(buckets)
    contenders = {name: ON_SPARK[name](session, buckets) for name in HERE}
    contenders[DUCKDB] = DuckDbRewrite(buckets, threads=1)
    contenders[ODP_NATIVE] = NativeWriter(buckets, tmp_path / "catalog")
    for name, contender in contenders.items():
        took = Entry(name, WORKLOAD, work).take(tuple(Step), contender)
        assert all(each.wall > 0 and each.peak_bytes > 0 for each in took)
    course = Course(WORKLOAD, work, tuple(contenders))
    course.demand_equal()

    (table, _) = WORKLOAD.source_tables
    rows = Entry(DUCKDB, WORKLOAD, work).exported(table.name) / "rows.parquet"
    duckdb.execute(f"COPY (FROM read_parquet('{rows}') OFFSET 1) TO '{rows}' (FORMAT parquet)")
    with pytest.raises(UnequalRowsError, match="odp_hudi: 1 rows of smoke_1 differ"):
        course.demand_equal()


def test_changes_are_as_many_as_asked_for_and_some_keys_have_several(tmp_path: Path) -> None:
    WORKLOAD.write(tmp_path)
    (table, _) = WORKLOAD.source_tables
    folder = (tmp_path / STAGING / table.key(CHANGES)).parent
    changes = pq.read_table(folder / CHANGES)
    by_operation = Counter(changes["Op"].to_pylist())
    assert pq.read_table(folder / LOAD).num_rows == WORKLOAD.rows
    assert abs(changes.num_rows - WORKLOAD.changes) <= 10
    assert min(by_operation[operation] for operation in "IUD") > 0
    assert len(set(changes["PK_ID"].to_pylist())) < changes.num_rows
