"""What the contract test needs to know of each format besides the product: how others read its tables."""

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame, SparkSession

from lake.tables.change import TableDefinition
from tests.spark.metastore import catalog_comments

DATABASE = "contract"


def _hudi(spark: SparkSession, table: TableDefinition) -> DataFrame:
    return spark.read.format("hudi").load(table.location)


def _iceberg(spark: SparkSession, table: TableDefinition) -> DataFrame:
    return spark.table(f"glue_catalog.{DATABASE}.{table.name}")


READERS: Mapping[str, Callable[[SparkSession, TableDefinition], DataFrame]] = {"hudi": _hudi, "iceberg": _iceberg}


def _comments_of_hudi(spark: SparkSession, table: TableDefinition, _: str) -> dict[str, str]:
    return catalog_comments(spark, DATABASE, table.name)  # Spark shows the schema that Hudi keeps beside, without them


def _comments_of_iceberg(spark: SparkSession, table: TableDefinition, catalog: str) -> dict[str, str]:
    described = spark.sql(f"DESCRIBE {catalog}.{DATABASE}.{table.name}").collect()
    return {row.col_name.lower(): row.comment for row in described if row.comment and not row.col_name.startswith("#")}


COMMENTS: Mapping[str, Callable[[SparkSession, TableDefinition, str], dict[str, str]]] = {
    "hudi": _comments_of_hudi,
    "iceberg": _comments_of_iceberg,
}

CATALOGS: Mapping[str, str] = {"hudi": "spark_catalog", "iceberg": "glue_catalog"}
"""The catalog of the session in which people find a format's tables."""

TABLE_TYPES: Mapping[str, str] = {"hudi": "copy_on_write"}
