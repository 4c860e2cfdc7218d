"""Brings a Hudi table's schema and partitions into the Data Catalog with Hudi's own sync tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odp.file_processor.column_names import with_table_names
from odp.records import RawTableConfig
from odp.spark_session import hadoop_configuration, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def sync_options(config: RawTableConfig) -> dict[str, str]:
    """Give the options of Hudi's hive sync; `--enable-glue-datacatalog` makes the metastore the Glue Data Catalog."""
    return {
        "hoodie.datasource.hive_sync.mode": "hms",
        "hoodie.datasource.hive_sync.use_jdbc": "false",
        "hoodie.datasource.hive_sync.database": config.raw_database_name,
        "hoodie.datasource.hive_sync.table": config.raw_table_name,
        "hoodie.datasource.hive_sync.partition_fields": with_table_names(config).hudi_partition_key or "",
        "hoodie.datasource.hive_sync.partition_extractor_class": _partition_extractor(config),
        "hoodie.datasource.hive_sync.support_timestamp": "true",
        "hoodie.datasource.meta.sync.base.path": config.base_path,
        "hoodie.datasource.hive_sync.base_file_format": "PARQUET",
    }


def sync_catalog(spark: SparkSession, config: RawTableConfig) -> None:
    """Create or update the catalog's table, its columns and its partitions."""
    properties = java_class(spark, "java.util.Properties")()
    for name, value in sync_options(config).items():
        properties.setProperty(name, value)
    configuration = java_class(spark, "org.apache.hadoop.conf.Configuration")(hadoop_configuration(spark))
    # after a reload a column may be of any other type; a Hive metastore would mind, the Glue Data Catalog does not
    configuration.set("hive.metastore.disallow.incompatible.col.type.changes", "false")
    tool = java_class(spark, "org.apache.hudi.hive.HiveSyncTool")(properties, configuration)
    try:
        tool.syncHoodieTable()
    finally:
        tool.close()


def _partition_extractor(config: RawTableConfig) -> str:
    extractor = "MultiPartKeysValueExtractor" if config.hudi_partition_key else "NonPartitionedExtractor"
    return f"org.apache.hudi.hive.{extractor}"
