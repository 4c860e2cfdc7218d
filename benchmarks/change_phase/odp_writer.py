"""The lake's own writers: decisions, commit and catalog as in a deployed run, without the ledger in DynamoDB."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import duckdb
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.batch_refresh import refresh_batch
from odp.file_processor.selection.file_selection import Selection
from odp.native.table_writer import NativeTableWriter
from odp.ports import TableWriter
from odp.records import LandedFile, RawTableConfig
from odp.refresh import TableState
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyspark.sql import SparkSession

from benchmarks.change_phase.workload import CHANGES, LOAD, STAGING, SourceTable
from lake.spark_session import task_slots, with_settings
from lake.tables.change import TableDefinition
from lake.tables.iceberg_native.table import NativeIcebergTable

ODP_HUDI, ODP_ICEBERG, ODP_NATIVE = "odp_hudi", "odp_iceberg", "odp_native"


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


def refresh(writer: TableWriter, config: RawTableConfig, file: LandedFile) -> None:
    """Read the latest commit, select files, write one commit and publish it."""
    last = writer.last_refresh(config)
    state, published = (last.state, last.commit_time) if last else (TableState(), "")
    chosen = Selection([file], state, config.history, NoHistory(), datetime.now(UTC)).select()
    writer.apply(config, chosen, check_lease=lambda: None)
    writer.publish(config, published)


class SparkWriter:
    """Refreshes several tables at a time, each in one commit."""

    def __init__(self, spark: SparkSession, buckets: Path, table_format: str, bucket: str) -> None:
        self._spark = with_settings(spark)
        self._buckets = buckets
        self._format = table_format
        self._bucket = bucket
        self._writer = SparkTableWriter(self._spark)

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Apply the full loads into a database that is there, as the lake's is deployed."""
        for database in {self._config(table).raw_database_name for table in tables}:
            self._spark.sql(f"CREATE DATABASE IF NOT EXISTS {database}")
        self._refresh(tables, LOAD)

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Apply the changes."""
        self._refresh(tables, CHANGES)

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder."""
        config = self._config(table)
        if self._format == "iceberg":
            rows = self._spark.table(f"glue_catalog.{config.raw_database_name}.{config.raw_table_name}")
        else:
            rows = self._spark.read.format(self._format).load(config.base_path)
        rows.write.parquet(f"file://{folder}")

    def _refresh(self, tables: Sequence[SourceTable], file: str) -> None:
        by_name = {self._config(table).source_table_name: table for table in tables}

        def refresh_one(name: str) -> None:
            table = by_name[name]
            refresh(self._writer, self._config(table), table.landed(file, self._buckets))

        refresh_batch(list(by_name), refresh_one, at_a_time=task_slots(self._spark))

    def _config(self, table: SourceTable) -> RawTableConfig:
        return table.config(self._format, self._bucket)


class NativeWriter:
    """Refreshes one table after the other in this process, without a JVM; the catalog is a database in a file."""

    def __init__(self, buckets: Path, metastore: Path) -> None:
        self._buckets = buckets
        metastore.mkdir(parents=True, exist_ok=True)
        self._catalog = SqlCatalog("lake", uri=f"sqlite:///{metastore}/catalog.db", warehouse=f"file://{buckets}")
        self._writer = NativeTableWriter(self._open, self._open_file)

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Apply the full loads."""
        self._refresh(tables, LOAD)

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Apply the changes."""
        self._refresh(tables, CHANGES)

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder, read by duckdb from the data files that the newest snapshot names."""
        config = self._config(table)
        live = self._catalog.load_table((config.raw_database_name, config.raw_table_name)).inspect.files()
        folder.mkdir(parents=True)
        files = [path.removeprefix("file://") for path in live["file_path"].to_pylist()]
        duckdb.read_parquet(files, hive_partitioning=False).write_parquet(f"{folder}/rows.parquet")

    def _refresh(self, tables: Sequence[SourceTable], file: str) -> None:
        for table in tables:
            config = self._config(table)
            with suppress(NamespaceAlreadyExistsError):
                self._catalog.create_namespace(config.raw_database_name)
            refresh(self._writer, config, table.landed(file, self._buckets))

    def _open(self, definition: TableDefinition) -> NativeIcebergTable:
        location = definition.location.replace("s3://", f"file://{self._buckets}/")
        return NativeIcebergTable(self._catalog, replace(definition, location=location))

    def _open_file(self, file: LandedFile) -> BinaryIO:
        return (self._buckets / STAGING / file.key).open("rb")

    @staticmethod
    def _config(table: SourceTable) -> RawTableConfig:
        return table.config("iceberg", ODP_NATIVE)
