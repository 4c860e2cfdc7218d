"""The flow's own two jobs, as their entry points assemble them, on folders in place of S3."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from taxi.conformed.conforming import Conforming
from taxi.datasets.dataset import load_datasets
from taxi.iceberg import IcebergConformedTable, IcebergPurposeBuiltTable
from taxi.purpose_built.building import Building
from taxi.purpose_built.job import TABLES_AT_A_TIME
from taxi.purpose_built.rule import Rule, load_rules, rules_of
from taxi.records import LandedFile, LoadStatus
from taxi.spark_session import with_settings

from lake.tables.iceberg.catalog import TableName
from rehearsal.local_spark import RAW_BUCKET, FolderFiles, MemoryQuarantine
from rehearsal.validation.taxi_results import Question

CONFORMED, PURPOSE_BUILT = "conformed", "purpose-built"
BUCKETS = (RAW_BUCKET, CONFORMED, PURPOSE_BUILT)
DATASET = "yellow"


class SparkFlow:
    """One run of the flow into tables of its own."""

    name = "taxi flow"

    def __init__(self, spark: SparkSession, buckets: Path, *, run: str) -> None:
        self._spark = with_settings(spark.newSession())
        self._raw = FolderFiles(buckets)
        self._quarantine = MemoryQuarantine()
        self._dataset = replace(load_datasets()[DATASET], table=f"{DATASET}_{run}")
        for database in ("conformed", "purpose_built"):
            self._spark.sql(f"CREATE NAMESPACE IF NOT EXISTS glue_catalog.{database}")
        self._name = TableName(CONFORMED, "conformed", self._dataset.table)
        self._table = IcebergConformedTable(self._spark, self._name, self._dataset)

    def conform(self, files: Sequence[LandedFile]) -> None:
        """Run job 1."""
        conforming = Conforming(
            self._spark, self._dataset, raw=self._raw, table=self._table, quarantine=self._quarantine
        )
        outcomes = conforming.conform(files)
        failed = [outcome.error for outcome in outcomes if outcome.status is not LoadStatus.LOADED]
        if failed:
            raise RuntimeError(f"files were not loaded: {failed}")

    def build(self) -> None:
        """Run job 2."""
        Building(self._spark, self._table, self._purpose_built, at_a_time=TABLES_AT_A_TIME).build(
            rules_of(self._dataset.name, load_rules())
        )

    def result(self, question: Question) -> pa.Table:
        """Read a purpose-built table."""
        name = self._result_name(question.table.removeprefix(f"{DATASET}_"))
        return pa.Table.from_pylist([row.asDict() for row in self._spark.table(name.sql).collect()])

    def rows(self) -> int:
        """Count the conformed trips."""
        return self._spark.table(self._name.sql).count()

    def quarantined(self) -> int:
        """Count the rows that were put aside."""
        return sum(map(len, self._quarantine.kept.values()))

    def _purpose_built(self, rule: Rule) -> IcebergPurposeBuiltTable:
        return IcebergPurposeBuiltTable(self._spark, self._result_name(rule.name))

    def _result_name(self, rule: str) -> TableName:
        return TableName(PURPOSE_BUILT, "purpose_built", f"{self._dataset.table}_{rule}")
