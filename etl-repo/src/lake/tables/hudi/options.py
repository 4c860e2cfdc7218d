"""The Hudi options of a write: table version 6 (the newest that Athena reads), one commit, keys global, the index.

What each option is for, and what was measured with and without it: docs/decisions/0003-hudi-settings.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.spark_session import elements, java_class, literal_path, task_slots
from lake.tables.change import PROOF_PREFIX, ChangeKind, Proof, TableDefinition
from lake.tables.columns import Binary, Columns, Timestamp
from lake.tables.hudi.capabilities import COPY_ON_WRITE
from lake.tables.hudi.commits import table_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


TIME_TRAVEL_COMMITS = 10
"""So many commits can be read as they were; each costs the storage of the files that it rewrote."""

_PAYLOAD = "org.apache.hudi.common.model.DefaultHoodieRecordPayload"
_KEY_GENERATORS = "org.apache.hudi.keygen"
_NEW_SCHEMA = {
    "hoodie.internal.write.schema.canonicalize": "false",
    "hoodie.datasource.write.schema.allow.auto.evolution.column.drop": "true",
    "hoodie.avro.schema.validate": "false",
}
"""No row of the table is left as it was, so its schema is that of the new ones.

Otherwise Hudi compares it with that of the last commit or, of a table without one, of a table of the same name in the
catalog, whatever that is.
"""

_FILES_OF_A_TASK, _BYTES_OF_A_TASK = 4, 4 << 20
"""What one task of a look-up reads the keys of; less would cost small tables more than the reading does."""


class Operation(StrEnum):
    """Hudi's write operations that this framework uses."""

    BULK_INSERT = "bulk_insert"
    UPSERT = "upsert"
    OVERWRITE_TABLE = "insert_overwrite_table"


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How Hudi finds the rows of changed keys: in how many tasks, and whether a row may move between partitions."""

    tasks: int
    moves_rows: bool


def look_up_tasks(data_files: Collection[int], task_slots: int) -> int:
    """Choose how many tasks read the keys of data files, from file sizes in bytes and task slots.

    Hudi then joins in as many. Its own 60 to 100 cost a small table more than the look-up itself.
    """
    return min(task_slots, max(1, ceil(len(data_files) / _FILES_OF_A_TASK), ceil(sum(data_files) / _BYTES_OF_A_TASK)))


def write_operation(kind: ChangeKind, *, exists: bool) -> Operation:
    """Give Hudi's operation for a change: only rows of a table that has none can be added without a look-up."""
    if kind is not ChangeKind.MERGE:
        return Operation.OVERWRITE_TABLE
    return Operation.UPSERT if exists else Operation.BULK_INSERT


def write_options(
    table: TableDefinition, kind: ChangeKind, columns: Columns, index: IndexSettings | None
) -> dict[str, str]:
    """Give all options of the one write that applies a change, of columns with these types, but for its proof.

    The index settings are None if the table does not exist. They may say that no row moves only if no change has
    another partition than the row that the table has of its key.
    """
    operation = write_operation(kind, exists=index is not None)
    return {
        **_table_options(table, columns),
        **(_index_options(table, index) if index and operation is Operation.UPSERT else {}),
        **_payload_options(table),
        **_speed_options(),
        **({} if operation is Operation.UPSERT else _NEW_SCHEMA),
        **({} if kind is ChangeKind.REWRITE else {"hoodie.clean.commits.retained": str(TIME_TRAVEL_COMMITS)}),
        "hoodie.datasource.write.operation": operation.value,
    }


def proof_options(proof: Proof) -> dict[str, str]:
    """Give the options by which Hudi's commit carries a proof."""
    return {"hoodie.datasource.write.commitmeta.key.prefix": PROOF_PREFIX, **proof} if proof else {}


def _table_options(table: TableDefinition, columns: Columns) -> dict[str, str]:
    generator = "SimpleKeyGenerator" if table.partition_by else "NonpartitionedKeyGenerator"
    return {
        "hoodie.table.name": table.name,
        "hoodie.database.name": table.database,
        "hoodie.datasource.write.table.type": table.table_type.upper(),
        "hoodie.datasource.write.recordkey.field": table.record_key,
        "hoodie.datasource.write.partitionpath.field": table.partition_column or "",
        "hoodie.datasource.write.keygenerator.class": f"{_KEY_GENERATORS}.{generator}",
        "hoodie.datasource.write.hive_style_partitioning": "true",
        "hoodie.datasource.write.partitionpath.urlencode": "true",  # or a value with / is a folder in a folder
        "hoodie.datasource.write.row.writer.enable": "true" if _has_row_writer(table, columns) else "false",
        "hoodie.write.table.version": "6",
        "hoodie.write.auto.upgrade": "false",
    }


def _has_row_writer(table: TableDefinition, columns: Columns) -> bool:
    """Hudi's faster bulk insert writes some keys otherwise than its upsert, which then finds no row and adds one.

    It writes a timestamp as text, a binary as the address of an object.
    """
    return not isinstance(columns.get(table.record_key), Timestamp | Binary)


def _index_options(table: TableDefinition, index: IndexSettings) -> dict[str, str]:
    """A change of the partition column must move its row, so the index spans partitions where there are any.

    If it may move rows, Hudi joins the changes with all keys three times instead of once, whether or not any moves.
    """
    tasks = str(index.tasks)
    if table.partition_by is None:
        return {"hoodie.index.type": "SIMPLE", "hoodie.simple.index.parallelism": tasks}
    return {
        "hoodie.index.type": "GLOBAL_SIMPLE",
        "hoodie.simple.index.update.partition.path": "true" if index.moves_rows else "false",
        "hoodie.global.simple.index.parallelism": tasks,
        "hoodie.global.index.reconcile.parallelism": tasks,
    }


def _payload_options(table: TableDefinition) -> dict[str, str]:
    """No ordering field is named: the last commit wins."""
    options = {
        "hoodie.datasource.write.payload.class": _PAYLOAD,
        "hoodie.combine.before.insert": "false",  # the core gives one final row of each key already
        "hoodie.combine.before.upsert": "false",
    }
    if table.delete_marker:
        column, value = table.delete_marker
        options |= {"hoodie.payload.delete.field": column, "hoodie.payload.delete.marker": value}
    return options


def _speed_options() -> dict[str, str]:
    return {
        "hoodie.metadata.enable": "false",
        "hoodie.embed.timeline.server": "false",
        "hoodie.write.markers.type": "DIRECT",
        # neither index reads it, and it is two thirds of a file of 10,000 rows; only bulk inserts write it all the same
        "hoodie.parquet.bloom.filter.enabled": "false",
        "hoodie.parquet.compression.codec": "zstd",  # smaller than Hudi's gzip
    }


# Index settings of one merge: parallelism, and whether rows may move between partitions.


_CHANGED = "_odp_changed_"


def index_settings(spark: SparkSession, table: TableDefinition, changes: DataFrame) -> IndexSettings:
    """Choose from a table's data files, and from where its rows are; the changes have its record key and partition."""
    data_files = _data_files(spark, table.location)
    tasks = look_up_tasks(data_files.values(), task_slots(spark))
    return IndexSettings(tasks, _moves_rows(spark, table, changes, data_files))


def _moves_rows(spark: SparkSession, table: TableDefinition, changes: DataFrame, data_files: Collection[str]) -> bool:
    """Tell whether any change has another partition than the row that the table has of its key; in doubt it has.

    An index that may move rows joins the changes with all keys of the table three times. Reading keys and partitions
    once costs less.
    """
    partition, key = table.partition_column, table.record_key
    if partition is None or partition in table.key_columns:
        return False
    if table.table_type != COPY_ON_WRITE:
        return True  # only data and log files together tell where a row is
    if not data_files:
        return False
    if table.delete_marker:
        column, value = table.delete_marker
        changes = changes.filter(F.col(column) != value)  # it may have the key only, and finds its row anywhere
    changed = changes.select(key, partition)
    stored = spark.read.schema(changed.schema).parquet(*data_files)  # Hudi's reader takes longer to begin than is saved
    is_same = {name: F.col(name).eqNullSafe(F.col(_CHANGED + name)) for name in (key, partition)}
    both = stored.join(changed.toDF(*(_CHANGED + name for name in (key, partition))), is_same[key])
    moved = both.filter(~is_same[partition])
    return not moved.isEmpty()  # a count would be a second stage, which costs a small table more


def _data_files(spark: SparkSession, base_path: str) -> dict[str, int]:
    """Give path and bytes of each file group's newest data file, listed by the driver's threads without a Spark job."""
    table = table_of(spark, base_path)
    engine = java_class(spark, "org.apache.hudi.common.engine.HoodieLocalEngineContext")(table.getStorageConf())
    metadata = java_class(spark, "org.apache.hudi.common.config.HoodieMetadataConfig")
    views = java_class(spark, "org.apache.hudi.common.table.view.FileSystemViewManager")
    view = views.createInMemoryFileSystemView(engine, table, metadata.newBuilder().enable(False).build())
    try:
        view.loadAllPartitions()
        return {literal_path(file.getPath()): file.getFileSize() for file in elements(view.getLatestBaseFiles())}
    finally:
        view.close()
