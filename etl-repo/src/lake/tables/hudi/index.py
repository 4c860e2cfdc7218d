"""Chooses the Hudi index settings of one merge: tasks, and whether rows may move between partitions."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.spark_session import elements, java_class, literal_path, task_slots
from lake.tables.change import TableDefinition
from lake.tables.hudi.capabilities import COPY_ON_WRITE
from lake.tables.hudi.commits import table_of
from lake.tables.hudi.options import IndexSettings, look_up_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

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
    partition, key = table.partition_by, table.record_key
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
