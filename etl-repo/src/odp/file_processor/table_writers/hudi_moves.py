"""Tells whether changes move rows of a Hudi table to other partitions, which most refreshes do not."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from odp.file_processor.table_writers.hudi_options import record_key
from odp.file_processor.table_writers.hudi_timeline import table_of
from odp.records import DELETE, OPERATION, RawTableConfig, VersioningType
from odp.spark_session import elements, java_class, literal_path

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_CHANGED = "_odp_changed_"


def moves_rows(spark: SparkSession, config: RawTableConfig, changes: DataFrame) -> bool:
    """Tell whether any change has another partition than the row that the table has of its key; in doubt it has.

    An index that may move rows joins the changes with all keys of the table three times. Reading keys and partitions
    once before costs less than two of these. An error towards True costs time only; and should another run move a row
    meanwhile, as may happen after a lease is lost, its change is newer than those here, which lose to it.
    """
    partition, keys = config.hudi_partition_key, record_key(config)
    if partition is None or partition in keys:
        return False
    if config.hudi_table_type != "copy_on_write":
        return True  # only data and log files together tell where a row is
    if config.table_data_versioning_type is VersioningType.SNAPSHOT:
        changes = changes.filter(F.col(OPERATION) != DELETE)  # it may have the key only, and finds its row anywhere
    columns = (*keys, partition)
    changed = changes.select(*columns)
    held = _held(spark, config.base_path, changed.schema)
    is_same = {name: F.col(name).eqNullSafe(F.col(_CHANGED + name)) for name in columns}
    same_key = reduce(and_, (is_same[key] for key in keys))
    moved = held.join(changed.toDF(*(_CHANGED + name for name in columns)), same_key).filter(~is_same[partition])
    return moved.count() > 0


def _held(spark: SparkSession, base_path: str, schema: StructType) -> DataFrame:
    """Read columns of a copy-on-write table from its data files; Hudi's reader takes longer to begin than is saved."""
    files = _data_files(spark, base_path)
    return spark.read.schema(schema).parquet(*files) if files else spark.createDataFrame([], schema)


def _data_files(spark: SparkSession, base_path: str) -> list[str]:
    """Name the newest data file of each file group; the driver's threads list the folders, without a Spark job."""
    table = table_of(spark, base_path)
    engine = java_class(spark, "org.apache.hudi.common.engine.HoodieLocalEngineContext")(table.getStorageConf())
    metadata = java_class(spark, "org.apache.hudi.common.config.HoodieMetadataConfig")
    views = java_class(spark, "org.apache.hudi.common.table.view.FileSystemViewManager")
    view = views.createInMemoryFileSystemView(engine, table, metadata.newBuilder().enable(False).build())
    try:
        view.loadAllPartitions()
        return [literal_path(file.getPath()) for file in elements(view.getLatestBaseFiles())]
    finally:
        view.close()
