"""Hudi as its guides show it: default settings, an upsert commit, a delete commit, counts by query."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from benchmarks.change_phase.latest import latest_changes
from benchmarks.change_phase.workload import KEY, LOAD, PARTITION, SCHEMA, SEQUENCE, SourceTable

HUDI = "textbook_hudi"


class TextbookHudi:
    """One table after the other."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Insert the full loads in bulk."""
        for table in tables:
            self._write(table, self._spark.read.parquet(table.uri(LOAD)), "bulk_insert")

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Upsert what remains, delete what does not, and ask how much it was."""
        for table in tables:
            latest = latest_changes(self._spark, table)
            upserts, deletes = latest.filter("Op <> 'D'"), latest.filter("Op = 'D'")
            self._write(table, upserts.drop("Op"), "upsert")
            self._write(table, deletes.drop("Op"), "delete")
            for operation in ("I", "U", "D"):
                latest.filter(f"Op = '{operation}'").count()

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder."""
        self._spark.read.format("hudi").load(_path(table)).write.parquet(f"file://{folder}")

    def _write(self, table: SourceTable, rows: DataFrame, operation: str) -> None:
        options = {**_options(table), "hoodie.datasource.write.operation": operation}
        rows.write.format("hudi").options(**options).mode("append").save(_path(table))


def _path(table: SourceTable) -> str:
    return f"s3://{HUDI}/{SCHEMA}/{table.name}"


def _options(table: SourceTable) -> Mapping[str, str]:
    return {
        "hoodie.table.name": table.name,
        "hoodie.datasource.write.recordkey.field": KEY,
        "hoodie.datasource.write.partitionpath.field": PARTITION,
        "hoodie.datasource.write.precombine.field": SEQUENCE,
        "hoodie.datasource.write.hive_style_partitioning": "true",
        "hoodie.datasource.hive_sync.enable": "true",
        "hoodie.datasource.hive_sync.mode": "hms",
        "hoodie.datasource.hive_sync.database": HUDI,
        "hoodie.datasource.hive_sync.table": table.name,
    }
