"""Names Iceberg tables in the Data Catalog, loads them, and comments their columns; a commit is the catalog's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError

from lake.errors import RejectedInputError
from lake.spark_session import elements, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOG = "glue_catalog"
"""The name under which a job's own settings configure Iceberg's catalog."""


@dataclass(frozen=True, slots=True)
class TableName:
    """A table of a database, with its bucket."""

    bucket: str
    database: str
    table: str

    @property
    def sql(self) -> str:
        """The name in SQL."""
        return sql_name(self.database, self.table)

    @property
    def location(self) -> str:
        """Where its files lie: the catalog's default would put all databases into one bucket."""
        return f"s3://{self.bucket}/{self.database}/{self.table}"


def sql_name(database: str, table: str) -> str:
    """Give the name of a table in SQL."""
    return f"`{CATALOG}`.`{database}`.`{table}`"


def load(spark: SparkSession, sql: str) -> Any:  # noqa: ANN401 - py4j's view of the JVM has no types
    """Load Iceberg's own table as the catalog has it now; None if it does not exist."""
    if not spark.catalog.tableExists(sql):
        return None
    table = java_class(spark, "org.apache.iceberg.spark.Spark3Util").loadIcebergTable(spark._jsparkSession, sql)  # noqa: SLF001
    table.refresh()
    return table


class NotAnIcebergTableError(RejectedInputError):
    """The catalog has something else under the name of an Iceberg table."""


def catalog_of(spark: SparkSession) -> Any:  # noqa: ANN401
    """Give Iceberg's own catalog, a Java object.

    Spark looks for its settings in the session of the thread, and each table is refreshed in a thread of its own.
    """
    java_class(spark, "org.apache.spark.sql.SparkSession").setActiveSession(spark._jsparkSession)  # noqa: SLF001
    spark3 = java_class(spark, "org.apache.iceberg.spark.Spark3Util")
    return spark3.loadIcebergCatalog(spark._jsparkSession, CATALOG)  # noqa: SLF001


def identifier_of(spark: SparkSession, database: str, table: str) -> Any:  # noqa: ANN401
    """Give the name of a table as Iceberg's own catalog takes it."""
    namespace = java_class(spark, "org.apache.iceberg.catalog.Namespace")
    parts = spark.sparkContext._gateway.new_array(java_class(spark, "java.lang.String"), 1)  # type: ignore[union-attr]  # noqa: SLF001
    parts[0] = database
    return java_class(spark, "org.apache.iceberg.catalog.TableIdentifier").of(namespace.of(parts), table)


def load_from(spark: SparkSession, database: str, table: str) -> Any:  # noqa: ANN401
    """Give Iceberg's own table as the catalog has it at this moment; None if the catalog has no entry of the name.

    Raises:
        NotAnIcebergTableError: the entry is of something else.
    """
    try:
        return catalog_of(spark).loadTable(identifier_of(spark, database, table))
    except Py4JJavaError as error:
        kind = str(error.java_exception.getClass().getSimpleName())
        if kind == "NoSuchTableException":
            return None
        if kind == "NoSuchIcebergTableException":
            message = f"{database}.{table} is no Iceberg table"
            raise NotAnIcebergTableError(message) from error
        raise


def set_comments(table: Any, comments: Mapping[str, str]) -> None:  # noqa: ANN401
    """Comment columns where their comments differ."""
    present = {str(field.name()): field.doc() for field in elements(table.schema().columns())}
    differing = {name: text for name, text in comments.items() if present.get(name, text) != text}
    if differing:
        update = table.updateSchema()
        for name, text in differing.items():
            update.updateColumnDoc(name, text)
        update.commit()
