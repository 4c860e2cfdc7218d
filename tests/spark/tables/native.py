"""Tables that both engines of Iceberg write: each has a catalog of its own, and gets a table's newest state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from lake.spark_session import java_class
from lake.tables.change import Commit, StoredTable, TableChange, TableDefinition
from lake.tables.format import CheckLease, CommentsOf
from lake.tables.iceberg.catalog import identifier_of
from lake.tables.iceberg_native.row_change import RowChange
from lake.tables.iceberg_native.table import NativeIcebergTable
from tests.unit.lake.iceberg_native.conftest import make_lake
from tests.unit.lake.iceberg_native.lake import Lake

CATALOG = "of_both"
"""A catalog of Spark whose metadata lies in files: that of other tests keeps it in the JVM."""


@dataclass(frozen=True)
class Catalogs:
    """The session's catalog of this name and pyiceberg's, which may be one: the Data Catalog."""

    spark: SparkSession
    lake: Lake
    name: str = CATALOG
    is_one: bool = False

    def to_spark(self, database: str, name: str) -> None:
        """Let the session have a table as pyiceberg's catalog has it now."""
        if self.is_one:
            return
        stored = self.lake.reader.load_table((database, name))
        catalog, identifier = self._of_spark(), identifier_of(self.spark, database, name)
        catalog.dropTable(identifier, False)
        catalog.registerTable(identifier, stored.metadata_location)

    def to_native(self, database: str, name: str) -> None:
        """Let pyiceberg's catalog have a table as the session has it now."""
        if self.is_one:
            return
        table = self._of_spark().loadTable(identifier_of(self.spark, database, name))
        if self.lake.reader.table_exists((database, name)):
            self.lake.reader.drop_table((database, name))
        self.lake.reader.register_table((database, name), table.operations().current().metadataFileLocation())

    def _of_spark(self) -> Any:
        spark3 = java_class(self.spark, "org.apache.iceberg.spark.Spark3Util")
        return spark3.loadIcebergCatalog(self.spark._jsparkSession, self.name)


def two_catalogs(spark: SparkSession, folder: Path, database: str) -> Catalogs:
    """Make a lake on local files that both know."""
    lake = make_lake(folder)
    lake.catalog.create_namespace_if_not_exists(database)
    settings = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "hive",
        ".hadoop.iceberg.engine.hive.lock-enabled": "false",  # this metastore has no tables for locks
        ".cache-enabled": "false",
    }
    for name, value in settings.items():
        spark.conf.set(f"spark.sql.catalog.{CATALOG}{name}", value)
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{database}")
    return Catalogs(spark, lake)


class NativeInSpark:
    """A table that the native engine writes from frames of Spark, and that Spark reads."""

    def __init__(self, catalogs: Catalogs, definition: TableDefinition) -> None:
        self._catalogs = catalogs
        self._name = definition.database, definition.name
        self._native = NativeIcebergTable(catalogs.lake.catalog, definition)

    def existing(self) -> StoredTable | None:
        return self._native.existing()

    def rows(self) -> DataFrame:
        return self._catalogs.spark.table(".".join((self._catalogs.name, *self._name)))

    def repair(self, stored: StoredTable | None, check_lease: CheckLease) -> None:
        self._native.repair(stored, check_lease)

    def apply(self, change: TableChange, check_lease: CheckLease) -> None:
        schema = to_arrow_schema(change.rows.schema)
        rows = pa.Table.from_batches(change.rows._collect_as_arrow(), schema)
        applied = RowChange(change.kind, rows, change.columns, change.proof, change.known is not None, change.fence)
        with self._shown():
            self._native.apply(applied, check_lease)

    def last_commit(self) -> Commit | None:
        return self._native.last_commit()

    def publish(self, published_commit: str, comments_of: CommentsOf) -> str:
        with self._shown():
            return self._native.publish(published_commit, comments_of)

    @contextmanager
    def _shown(self) -> Iterator[None]:
        yield
        self._catalogs.to_spark(*self._name)
