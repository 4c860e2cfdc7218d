"""One Iceberg table of the Data Catalog: where it is, how it is made, and Iceberg's own view of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lake.spark_session import java_class
from taxi.tables import Days

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOG = "glue_catalog"
"""The name under which a job's own settings configure Iceberg's catalog."""

TABLE_PROPERTIES = {
    "format-version": "2",
    "write.delete.mode": "copy-on-write",  # a reader of any kind meets no delete files
    "write.distribution-mode": "hash",  # a day is written by one task: one file, not one for each task
    # every commit writes the table's metadata anew; only so many of the old ones are kept
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


@dataclass(frozen=True, slots=True)
class TableName:
    """A table of a database, with the bucket that it lies in."""

    bucket: str
    database: str
    table: str

    @property
    def sql(self) -> str:
        """The name in SQL."""
        return f"`{CATALOG}`.`{self.database}`.`{self.table}`"

    @property
    def location(self) -> str:
        """Where its files lie: the catalog's default would put all databases into one bucket."""
        return f"s3://{self.bucket}/{self.database}/{self.table}"


def load(spark: SparkSession, name: TableName) -> Any:  # noqa: ANN401 - py4j's view of the JVM has no types
    """Give Iceberg's own table as it is in the catalog at this moment; None if it does not exist."""
    if not spark.catalog.tableExists(name.sql):
        return None
    table = java_class(spark, "org.apache.iceberg.spark.Spark3Util").loadIcebergTable(spark._jsparkSession, name.sql)  # noqa: SLF001
    table.refresh()
    return table


def history(table: Any) -> Iterator[Any]:  # noqa: ANN401
    """Give the snapshots that led to the present state, the newest first, as far back as they are kept."""
    snapshot = table.currentSnapshot()
    while snapshot is not None:
        yield snapshot
        parent = snapshot.parentId()
        snapshot = None if parent is None else table.snapshot(parent)


def expire_old_snapshots(table: Any) -> None:  # noqa: ANN401
    """Forget the snapshots that the table keeps no longer (by default after five days), and delete their files."""
    table.refresh()
    table.expireSnapshots().commit()


def days_condition(column: str, days: Days) -> str:
    """Say in SQL that a timestamp or date lies in one of the days, by as few ranges as possible."""
    return " OR ".join(f"({column} >= DATE '{first}'{_before_end_of(column, last)})" for first, last in _ranges(days))


def _before_end_of(column: str, last: date) -> str:
    return "" if last == date.max else f" AND {column} < DATE '{last + timedelta(days=1)}'"


def _ranges(days: Days) -> Sequence[tuple[date, date]]:
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
