"""Writes that only their writer sees until one commit of the catalog: columns, rows and properties of a table together.

Iceberg's own transactions are not used to commit. They put what they have onto another state of the table, if it has
moved meanwhile; a run that was overtaken must commit nothing. Nor can they be read, which a MERGE does.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError

from lake.errors import TableMovedError
from lake.spark_session import java_class
from lake.tables.iceberg.proof import ProofEntries
from lake.tables.partitions import Partition

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

_REFUSALS = ("CommitFailedException", "AlreadyExistsException")
"""What Iceberg answers if it is certain that nothing was committed; in any other case the next run looks."""
_CATALOG = "odp_staged"
_CACHED_TABLES = "org.apache.iceberg.spark.SparkCachedTableCatalog"
"""Iceberg's catalog of tables that exist in this process only, by which its own procedures write."""


@dataclass(frozen=True, slots=True)
class StagedTable:
    """A table as it will be; `table` is Iceberg's, a Java object, and `sql` its name in SQL.

    `before` is the table's metadata when the writes began, None of a new table.
    """

    table: Any
    sql: str
    transaction: Any
    before: Any

    def prove(self, entries: ProofEntries) -> None:
        """Add a snapshot without rows whose summary has the proof: the summary of a MERGE cannot be written."""
        append = self.table.newAppend()
        for name, value in entries.summary.items():
            append.set(name, value)
        append.commit()

    def keep_properties(self, entries: ProofEntries) -> None:
        """Keep the properties of a proof, in place of those of the proof before."""
        removed = entries.removed([str(name) for name in self.table.properties().keySet().toArray()])
        if entries.properties or removed:
            update = self.table.updateProperties()
            for name, value in entries.properties.items():
                update.set(name, value)
            for name in removed:
                update.remove(name)
            update.commit()

    def publish(self) -> None:
        """Commit everything at once.

        Raises:
            TableMovedError: the table is not as it was, whatever has changed; nothing was committed.
        """
        try:
            self.transaction.underlyingOps().commit(self.before, self.transaction.currentMetadata())
        except Py4JJavaError as error:
            if str(error.java_exception.getClass().getSimpleName()) not in _REFUSALS:
                raise
            message = f"{self.table.name()} has changed since this run read it, so its commit was refused"
            raise TableMovedError(message) from error


@contextmanager
def staged(spark: SparkSession, transaction: Any, name: str) -> Iterator[StagedTable]:  # noqa: ANN401
    """Give the table of a transaction for as long as the block lasts."""
    key = uuid.uuid4().hex
    before = transaction.underlyingOps().current()
    table = java_class(spark, "org.apache.iceberg.BaseTable")(transaction.table().operations(), name)
    # its static method has the name of another, so that py4j finds it by an instance only
    tables = java_class(spark, "org.apache.iceberg.spark.SparkTableCache")().get()
    spark.conf.set(f"spark.sql.catalog.{_CATALOG}", _CACHED_TABLES)
    tables.add(key, table)
    try:
        yield StagedTable(table, f"`{_CATALOG}`.`{key}`", transaction, before)
    finally:
        tables.remove(key)


def changed(table: Any) -> Any:  # noqa: ANN401
    """Begin to change a table that exists."""
    return table.newTransaction()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table is made as."""

    columns: StructType
    partition_by: Partition | None
    location: str
    properties: Mapping[str, str]


def replaced(spark: SparkSession, catalog: Any, identifier: Any, shape: Shape, *, exists: bool) -> Any:  # noqa: ANN401
    """Begin to replace a table's columns, partitions and rows, or to make the table; its history stays readable."""
    convert = java_class(spark, "org.apache.iceberg.spark.SparkSchemaUtil").convert
    schema = convert(java_type(spark, shape.columns.json()))
    builder = catalog.buildTable(identifier, schema).withPartitionSpec(_spec(spark, schema, shape.partition_by))
    builder = builder.withLocation(shape.location)
    for name, value in shape.properties.items():
        builder = builder.withProperty(name, value)
    return builder.replaceTransaction() if exists else builder.createTransaction()


def follow(spark: SparkSession, table: StagedTable, added: Mapping[str, str], widened: Mapping[str, str]) -> None:
    """Add columns, and widen those that may be widened in place; types are in Spark's words."""
    if not added and not widened:
        return
    convert = java_class(spark, "org.apache.iceberg.spark.SparkSchemaUtil").convert
    update = table.table.updateSchema()
    for name, type_ in added.items():
        update.addColumn(name, convert(java_type(spark, f'"{type_}"')))
    for name, type_ in widened.items():
        update.updateColumn(name, convert(java_type(spark, f'"{type_}"')).asPrimitiveType())
    update.commit()


def java_type(spark: SparkSession, json: str) -> Any:  # noqa: ANN401
    """Give Spark's own type from its JSON."""
    return java_class(spark, "org.apache.spark.sql.types.DataType").fromJson(json)


def _spec(spark: SparkSession, schema: Any, by: Partition | None) -> Any:  # noqa: ANN401
    builder = java_class(spark, "org.apache.iceberg.PartitionSpec").builderFor(schema)
    if by:
        if by.transform == "bucket":
            builder.bucket(by.column, by.buckets)
        elif by.transform == "day":
            builder.day(by.column)
        else:
            builder.identity(by.column)
    return builder.build()
