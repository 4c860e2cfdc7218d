"""Brings a Hudi table's schema and partitions into the Data Catalog with Hudi's own sync tool, and adds comments."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError

from lake.errors import RejectedInputError
from lake.spark_session import elements, hadoop_configuration, java_class
from lake.tables.change import TableDefinition
from lake.tables.hudi.capabilities import HUDI

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LONGEST_COMMENT = 255  # of a column in the Glue Data Catalog, which takes one line without control characters

logger = logging.getLogger(__name__)


def sync_options(table: TableDefinition) -> dict[str, str]:
    """Give the options of Hudi's hive sync; `--enable-glue-datacatalog` makes the metastore the Glue Data Catalog."""
    return {
        "hoodie.datasource.hive_sync.mode": "hms",
        "hoodie.datasource.hive_sync.use_jdbc": "false",
        "hoodie.datasource.hive_sync.database": table.database,
        "hoodie.datasource.hive_sync.table": table.name,
        "hoodie.datasource.hive_sync.partition_fields": table.partition_column or "",
        "hoodie.datasource.hive_sync.partition_extractor_class": _partition_extractor(table),
        "hoodie.datasource.hive_sync.support_timestamp": "true",
        "hoodie.datasource.meta.sync.base.path": table.location,
        "hoodie.datasource.hive_sync.base_file_format": "PARQUET",
    }


def refuse_entry_of_iceberg(spark: SparkSession, table: TableDefinition) -> None:
    """Refuse to make a table under the name of an Iceberg table, whose entry is all that knows its files.

    Raises:
        RejectedInputError: naming the way out.
    """
    catalog = _client(spark, _configuration(spark))
    for name in catalog_names(table):
        if catalog.tableExists(table.database, name):
            parameters = catalog.getTable(table.database, name).getParameters()
            if str(parameters.get("table_type")).upper() == "ICEBERG":
                message = (
                    f"{table.database}.{name} is an Iceberg table of the Data Catalog; remove that table, or replicate "
                    "the source table into a new raw_table_name"
                )
                raise RejectedInputError(message)


def sync_catalog(spark: SparkSession, table: TableDefinition, comments: Mapping[str, str]) -> None:
    """Create or update the catalog's table, its columns, their comments and its partitions.

    Hudi's tool drops comments when it changes columns, and could set those of Avro fields only, whose change would be
    one of the schema.

    An entry of something else under the table's name goes first: Hudi's tool would change it as far as it can, and fail
    where it cannot.
    """
    properties = java_class(spark, "java.util.Properties")()
    for name, value in sync_options(table).items():
        properties.setProperty(name, value)
    configuration = _configuration(spark)
    catalog = _client(spark, configuration)
    _drop_stale_entries(table, catalog)
    tool = java_class(spark, "org.apache.hudi.hive.HiveSyncTool")(properties, configuration)
    try:
        tool.syncHoodieTable()
    finally:
        tool.close()
    if comments:
        _comment_columns(spark, table, catalog, comments)


def set_comments(entry: Any, comments: Mapping[str, str]) -> bool:  # noqa: ANN401 - a Java object
    """Comment the columns of a catalog's entry; tells whether any comment is another now."""
    lines = {name.lower(): _one_line(comment) for name, comment in comments.items()}
    fields = [*elements(entry.getSd().getCols()), *elements(entry.getPartitionKeys())]
    others = [field for field in fields if lines.get(field.getName()) not in (None, field.getComment())]
    for field in others:
        field.setComment(lines[field.getName()])
    return bool(others)


def _comment_columns(
    spark: SparkSession,
    table: TableDefinition,
    catalog: Any,  # noqa: ANN401
    comments: Mapping[str, str],
) -> None:
    """Set the comments where they differ; the table is right without them, so a failure is only logged."""
    database = table.database
    try:
        for name in filter(lambda name: catalog.tableExists(database, name), catalog_names(table)):
            entry = catalog.getTable(database, name)
            if set_comments(entry, comments):
                context = java_class(spark, "org.apache.hadoop.hive.metastore.api.EnvironmentContext")()
                catalog.alter_table_with_environmentContext(database, name, entry, context)
    except Py4JJavaError:
        logger.warning("%s.%s: comments of columns were not set", database, table.name, exc_info=True)


def _one_line(comment: str) -> str:
    """Write a comment in one line, as a string of Python would have its control characters."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in comment)[:_LONGEST_COMMENT]


def _configuration(spark: SparkSession) -> Any:  # noqa: ANN401
    configuration = java_class(spark, "org.apache.hadoop.conf.Configuration")(hadoop_configuration(spark))
    # after a reload a column may be of any other type; a Hive metastore would mind, the Glue Data Catalog does not
    configuration.set("hive.metastore.disallow.incompatible.col.type.changes", "false")
    return configuration


def _client(spark: SparkSession, configuration: Any) -> Any:  # noqa: ANN401
    hive_conf = java_class(spark, "org.apache.hadoop.hive.conf.HiveConf")(configuration, configuration.getClass())
    return java_class(spark, "org.apache.hudi.hive.util.IMetaStoreClientUtil").getMSC(hive_conf)


def _drop_stale_entries(table: TableDefinition, catalog: Any) -> None:  # noqa: ANN401
    """Drop entries with another location or other partition columns, but none of their data."""
    database, partition = table.database, table.partition_column
    for name in catalog_names(table):
        if catalog.tableExists(database, name):
            entry = catalog.getTable(database, name)
            keys = [str(key.getName()) for key in elements(entry.getPartitionKeys())]
            is_here = _plain(str(entry.getSd().getLocation())) == _plain(table.location)
            if not is_here or keys != ([partition.lower()] if partition else []):
                logger.warning("%s.%s was an entry of something else in the catalog: dropped", database, name)
                catalog.dropTable(database, name, False, True)


def catalog_names(table: TableDefinition) -> tuple[str, ...]:
    """Name the entries that the catalog has of a table; of a merge-on-read table Hudi's tool writes three."""
    return (table.name, *(f"{table.name}{view}" for view in HUDI.extra_names.get(table.table_type, ())))


def _plain(location: str) -> str:
    return location.replace("s3a://", "s3://").rstrip("/")


def _partition_extractor(table: TableDefinition) -> str:
    extractor = "MultiPartKeysValueExtractor" if table.partition_by else "NonPartitionedExtractor"
    return f"org.apache.hudi.hive.{extractor}"
