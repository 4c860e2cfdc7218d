"""The flow's two jobs on folders in place of S3, and files as people send them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from taxi.conformed.conforming import Conforming
from taxi.datasets.dataset import Dataset
from taxi.iceberg import IcebergConformedTable, IcebergPurposeBuiltTable, one_region
from taxi.purpose_built.building import Building, Rebuild
from taxi.purpose_built.rule import Rule, load_rules, rules_of
from taxi.records import FileOutcome, LandedFile

from lake.tables.iceberg.catalog import TableName
from rehearsal.local_spark import FolderFiles, MemoryQuarantine


class Lake:
    """One dataset from its files to its purpose-built tables."""

    def __init__(self, spark: SparkSession, buckets: Path, dataset: Dataset) -> None:
        self.spark, self.buckets, self.dataset = spark, buckets, dataset
        self.quarantine = MemoryQuarantine()
        self._raw = FolderFiles(buckets)
        self.name = TableName("conformed", "conformed", dataset.table)
        self.check_region = one_region

    @property
    def table(self) -> IcebergConformedTable:
        return IcebergConformedTable(self.spark, self.name, self.dataset, self.check_region)

    def put(self, name: str, content: bytes | str) -> LandedFile:
        """Send a file; gives the entry that a bundle has of it."""
        encoded = content.encode() if isinstance(content, str) else content
        return self._raw.put(self.dataset.name, f"{self.dataset.prefix}{name}", encoded)

    def put_parquet(self, name: str, table: pa.Table) -> LandedFile:
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        return self.put(name, sink.getvalue().to_pybytes())

    def remove(self, file: LandedFile) -> None:
        (self.buckets / file.bucket / file.key).unlink()

    def conform(self, *files: LandedFile) -> dict[str, FileOutcome]:
        """Run job 1 on a bundle; gives the outcomes by the names of the files' ids."""
        conforming = Conforming(self.spark, self.dataset, raw=self._raw, table=self.table, quarantine=self.quarantine)
        return {outcome.file_id: outcome for outcome in conforming.conform(files)}

    def publish(self, files: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        """Replace the rows of yellow files in the conformed table as job 1 does, which takes seconds to read files.

        Of each trip the table gets the time of its pick-up and the fare.
        """
        self.table.prepare()
        keys = {name: f"{self.dataset.prefix}{name}" for name in files}
        rows = [
            (trip["tpep_pickup_datetime"], trip["fare_amount"], keys[name])
            for name, trips in files.items()
            for trip in trips
        ]
        frame = self.spark.createDataFrame(rows, "pickup_at string, fare_amount string, source_file string")
        columns = (
            (F.col(field.name) if field.name in frame.columns else F.lit(None)).cast(field.dataType).alias(field.name)
            for field in self.spark.table(self.name.sql).schema
        )
        self.table.replace_files(frame.select(*columns), [*keys.values()])

    def build(self, rules: Sequence[Rule] = ()) -> dict[str, Rebuild]:
        """Run job 2."""
        building = Building(self.spark, self.table, lambda rule: self.purpose_built(rule.name), at_a_time=2)
        return dict(building.build(rules or rules_of(self.dataset.name, load_rules())))

    def purpose_built(self, rule: str) -> IcebergPurposeBuiltTable:
        return IcebergPurposeBuiltTable(self.spark, self.result_name(rule), self.check_region)

    def result_name(self, rule: str) -> TableName:
        return TableName("purpose-built", "purpose_built", f"{self.dataset.table}_{rule}")

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """Read the conformed table, as plain rows in the order of the columns."""
        frame = self.spark.table(self.name.sql).select(*columns)
        return sorted((tuple(row) for row in frame.collect()), key=repr)

    def result(self, rule: str, *columns: str) -> list[tuple[Any, ...]]:
        """Read a purpose-built table."""
        frame = self.spark.table(self.result_name(rule).sql).select(*columns)
        return sorted((tuple(row) for row in frame.collect()), key=repr)

    def data_files(self, name: TableName) -> dict[str, set[str]]:
        """Give the data files of a table by the partition that they belong to."""
        found: dict[str, set[str]] = {}
        for row in self.spark.table(f"{name.sql}.files").select("partition", "file_path").collect():
            found.setdefault(str(row[0][0]), set()).add(row[1])
        return found
