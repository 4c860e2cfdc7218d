"""The lake's own writer: decisions, commit and catalog as in a Glue run, without the ledger in DynamoDB."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.batch_refresh import refresh_batch
from odp.file_processor.selection.file_selection import Selection
from odp.records import LandedFile
from odp.refresh import TableState
from pyspark.sql import SparkSession

from benchmarks.change_phase.workload import CHANGES, LOAD, SourceTable
from lake.spark_session import task_slots, with_settings


class NoHistory:
    """Tables that begin have none."""

    def loads(self) -> Sequence[LandedFile]:
        """No part of a load was processed."""
        return ()

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:  # noqa: ARG002 - the port's names
        """No change was processed."""
        return ()

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool:  # noqa: ARG002 - the port's names
        """No object has two versions."""
        return False

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Every object is there as it landed."""
        return {file.key: str(file.version_id) for file in files}


class OdpWriter:
    """Refreshes several tables at a time, each in one commit."""

    def __init__(self, spark: SparkSession, buckets: Path) -> None:
        self._spark = with_settings(spark)
        self._buckets = buckets
        self._writer = SparkTableWriter(self._spark)

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Apply the full loads into a database that is there, as the lake's is deployed."""
        for database in {table.config.raw_database_name for table in tables}:
            self._spark.sql(f"CREATE DATABASE IF NOT EXISTS {database}")
        self._refresh(tables, LOAD)

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Apply the changes."""
        self._refresh(tables, CHANGES)

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder."""
        self._spark.read.format("hudi").load(table.config.base_path).write.parquet(f"file://{folder}")

    def _refresh(self, tables: Sequence[SourceTable], file: str) -> None:
        by_name = {table.config.source_table_name: table for table in tables}

        def refresh_one(name: str) -> None:
            table = by_name[name]
            last = self._writer.last_refresh(table.config)
            state, published = (last.state, last.commit_time) if last else (TableState(), "")
            pending = [table.landed(file, self._buckets)]
            versioning = table.config.history
            refresh = Selection(pending, state, versioning, NoHistory(), datetime.now(UTC)).select()
            self._writer.apply(table.config, refresh, check_lease=lambda: None)
            self._writer.publish(table.config, published)

        refresh_batch(list(by_name), refresh_one, at_a_time=task_slots(self._spark))
