"""MERGE in SQL, as the guides of Iceberg and Delta show it: one statement and one commit a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.sql import SparkSession

from benchmarks.change_phase.latest import latest_changes
from benchmarks.change_phase.workload import KEY, LOAD, PARTITION, SCHEMA, SourceTable

ICEBERG, DELTA = "iceberg", "delta"
ICEBERG_CATALOG = "merged"

_MERGE = """
    MERGE INTO {target} AS target USING latest ON target.{key} = latest.{key}
    WHEN MATCHED AND latest.Op = 'D' THEN DELETE
    WHEN MATCHED THEN UPDATE SET *
    WHEN NOT MATCHED AND latest.Op <> 'D' THEN INSERT *
"""


class Merge:
    """One table after the other, in a format whose tables Spark finds under names."""

    def __init__(self, spark: SparkSession, names: str, creation: str) -> None:
        self._spark = spark
        self._names = names
        self._creation = creation

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Create the tables from the full loads."""
        for table in tables:
            self._spark.read.parquet(table.uri(LOAD)).createOrReplaceTempView("loaded")
            creation = self._creation.format(target=self._target(table), partition=PARTITION)
            self._spark.sql(f"{creation} AS SELECT * FROM loaded")  # noqa: S608 - constants

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Merge the latest changes."""
        for table in tables:
            latest_changes(self._spark, table).createOrReplaceTempView("latest")
            self._spark.sql(_MERGE.format(target=self._target(table), key=KEY))

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder."""
        self._spark.table(self._target(table)).write.parquet(f"file://{folder}")

    def _target(self, table: SourceTable) -> str:
        return self._names.format(table=table.name)


def iceberg_merge(spark: SparkSession) -> Merge:
    """MERGE with Iceberg."""
    return Merge(
        spark,
        f"{ICEBERG_CATALOG}.{SCHEMA}.{{table}}",
        "CREATE TABLE {target} USING iceberg PARTITIONED BY ({partition})",
    )


def delta_merge(spark: SparkSession) -> Merge:
    """MERGE with Delta."""
    return Merge(
        spark,
        f"delta.`s3://{DELTA}/{SCHEMA}/{{table}}`",
        "CREATE TABLE {target} USING delta PARTITIONED BY ({partition})",
    )


def merge_settings() -> Mapping[str, str]:
    """Return the session's settings for both formats."""
    iceberg = f"spark.sql.catalog.{ICEBERG_CATALOG}"
    return {
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions,io.delta.sql.DeltaSparkSessionExtension"
        ),
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        iceberg: "org.apache.iceberg.spark.SparkCatalog",
        f"{iceberg}.type": "hadoop",
        f"{iceberg}.warehouse": f"s3://{ICEBERG}",
    }
