"""Brings a Hudi table's schema and partitions into the Data Catalog with Hudi's own sync tool."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from odp.file_processor.column_names import with_table_names
from odp.records import RawTableConfig
from odp.spark_session import elements, hadoop_configuration, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


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
    """Create or update the catalog's table, its columns and its partitions.

    An entry of something else under the table's name goes first: Hudi's tool would change it as far as it can, and fail
    where it cannot.
    """
    properties = java_class(spark, "java.util.Properties")()
    for name, value in sync_options(config).items():
        properties.setProperty(name, value)
    configuration = java_class(spark, "org.apache.hadoop.conf.Configuration")(hadoop_configuration(spark))
    # after a reload a column may be of any other type; a Hive metastore would mind, the Glue Data Catalog does not
    configuration.set("hive.metastore.disallow.incompatible.col.type.changes", "false")
    _drop_stale_entries(spark, config, configuration)
    tool = java_class(spark, "org.apache.hudi.hive.HiveSyncTool")(properties, configuration)
    try:
        tool.syncHoodieTable()
    finally:
        tool.close()


def _drop_stale_entries(spark: SparkSession, config: RawTableConfig, configuration: Any) -> None:  # noqa: ANN401
    """Drop entries with another location or other partition columns, but none of their data."""
    hive_conf = java_class(spark, "org.apache.hadoop.hive.conf.HiveConf")(configuration, configuration.getClass())
    catalog = java_class(spark, "org.apache.hudi.hive.util.IMetaStoreClientUtil").getMSC(hive_conf)
    database, partition = config.raw_database_name, with_table_names(config).hudi_partition_key
    for name in catalog_names(config):
        if catalog.tableExists(database, name):
            entry = catalog.getTable(database, name)
            keys = [str(key.getName()) for key in elements(entry.getPartitionKeys())]
            is_here = _plain(str(entry.getSd().getLocation())) == _plain(config.base_path)
            if not is_here or keys != ([partition.lower()] if partition else []):
                logger.warning("%s.%s was an entry of something else in the catalog: dropped", database, name)
                catalog.dropTable(database, name, False, True)


def catalog_names(config: RawTableConfig) -> tuple[str, ...]:
    """Name the entries that the catalog has of a table; of a merge-on-read table Hudi's tool writes three."""
    name = config.raw_table_name
    return (name,) if config.hudi_table_type == "copy_on_write" else (name, f"{name}_ro", f"{name}_rt")


def _plain(location: str) -> str:
    return location.replace("s3a://", "s3://").rstrip("/")


def _partition_extractor(config: RawTableConfig) -> str:
    extractor = "MultiPartKeysValueExtractor" if config.hudi_partition_key else "NonPartitionedExtractor"
    return f"org.apache.hudi.hive.{extractor}"
