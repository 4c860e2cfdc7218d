"""Removes what must go before the next change: of an earlier release, or of a run that died while it made the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.spark_session import hadoop_configuration, java_class
from lake.tables.hudi.commits import metadata_path, table_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TABLE_CONFIG = "org.apache.hudi.common.table.HoodieTableConfig"
_ORDERING_FIELD = "hoodie.table.precombine.field"


def forget_ordering_field(spark: SparkSession, base_path: str) -> None:
    """Take the ordering field from the properties of a table that an earlier release made.

    Hudi would compare a change with the row that it finds, whatever the options of the write say; without an ordering
    field the last commit wins.
    """
    table = table_of(spark, base_path)
    names = java_class(spark, "java.util.HashSet")()
    names.add(_ORDERING_FIELD)
    java_class(spark, _TABLE_CONFIG).delete(table.getStorage(), table.getMetaPath(), names)


def remove_interrupted_creation(spark: SparkSession, base_path: str) -> None:
    """Delete the empty folders of a table whose creation was interrupted.

    Hudi takes them for a table, which it can neither load nor complete.
    """
    folder = metadata_path(spark, base_path)
    files = folder.getFileSystem(hadoop_configuration(spark))
    if files.exists(folder) and not files.listFiles(folder, True).hasNext():
        files.delete(folder, True)
