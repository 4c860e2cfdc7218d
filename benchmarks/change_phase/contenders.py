"""Who takes part; each is known by the bucket that holds its tables."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pyspark.sql import SparkSession

from benchmarks.change_phase.duckdb_rewrite import DUCKDB
from benchmarks.change_phase.merges import DELTA, ICEBERG, delta_merge, iceberg_merge
from benchmarks.change_phase.odp_writer import ODP_HUDI, ODP_ICEBERG, ODP_NATIVE, SparkWriter
from benchmarks.change_phase.textbook_hudi import HUDI, TextbookHudi
from benchmarks.change_phase.workload import SourceTable


class Contender(Protocol):
    """A way to keep tables up to date."""

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Apply the full loads."""

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Apply the changes."""

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder, as Parquet."""


ON_SPARK: Mapping[str, Callable[[SparkSession, Path], Contender]] = {
    ODP_HUDI: lambda spark, buckets: SparkWriter(spark, buckets, "hudi", ODP_HUDI),
    ODP_ICEBERG: lambda spark, buckets: SparkWriter(spark, buckets, "iceberg", ODP_ICEBERG),
    HUDI: lambda spark, _: TextbookHudi(spark),
    ICEBERG: lambda spark, _: iceberg_merge(spark),
    DELTA: lambda spark, _: delta_merge(spark),
}
TITLES = {
    ODP_HUDI: "ODP, Hudi on Spark",
    ODP_ICEBERG: "ODP, Iceberg on Spark",
    ODP_NATIVE: "ODP, Iceberg native",
    HUDI: "textbook Hudi",
    ICEBERG: "Iceberg MERGE",
    DELTA: "Delta MERGE",
    DUCKDB: "duckdb, Parquet only",
}
