"""Decides how Hudi's index looks for the rows of a table that changes are of; few refreshes move any."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.spark_session import elements, java_class, literal_path, task_slots
from odp.file_processor.apply.own_columns import record_key
from odp.file_processor.table_writers.hudi_options import IndexLookUp, look_up_tasks
from odp.file_processor.table_writers.hudi_timeline import table_of
from odp.records import DELETE, OPERATION, RawTableConfig, VersioningType

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_CHANGED = "_odp_changed_"


def decide_look_up(spark: SparkSession, config: RawTableConfig, changes: DataFrame) -> IndexLookUp:
    """Decide from a table's data files, and from where its rows are, how the look-up for changes of it must be."""
    data_files = _data_files(spark, config.base_path)
    tasks = look_up_tasks(data_files.values(), task_slots(spark))
    return IndexLookUp(tasks, _moves_rows(spark, config, changes, data_files))


def _moves_rows(spark: SparkSession, config: RawTableConfig, changes: DataFrame, data_files: Collection[str]) -> bool:
    """Tell whether any change has another partition than the row that the table has of its key; in doubt it has.

    An index that may move rows joins the changes with all keys of the table three times. Reading keys and partitions
    once x
    """
    partition, key = config.hudi_partition_key, record_key(config)
    if partition is None or partition in config.hudi_primary_key:
        return False
    if config.hudi_table_type != "copy_on_write":
        return True  # only data and log files together tell where a row is
    if not data_files:
        return False
    if config.table_data_versioning_type is VersioningType.SNAPSHOT:
        changes = changes.filter(F.col(OPERATION) != DELETE)  # it may have the key only, and finds its row anywhere
    changed = changes.select(key, partition)
    held = spark.read.schema(changed.schema).parquet(*data_files)  # Hudi's reader takes longer to begin than is saved
    is_same = {name: F.col(name).eqNullSafe(F.col(_CHANGED + name)) for name in (key, partition)}
    both = held.join(changed.toDF(*(_CHANGED + name for name in (key, partition))), is_same[key])
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
