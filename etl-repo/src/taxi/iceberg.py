"""The taxi flow's two kinds of Iceberg tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from lake.batched import batched
from lake.errors import RejectedInputError
from lake.spark_session import elements, java_class
from lake.tables.iceberg.catalog import TableName, load
from lake.tables.iceberg.commits import begin_branch, expire_old_snapshots, history
from lake.tables.iceberg.options import TABLE_PROPERTIES, days_condition, summary_options
from taxi.datasets.dataset import DAY, LOAD_COLUMNS, TYPE_RULES, Dataset
from taxi.tables import Days, Provenance

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriterV2, SparkSession


# The conformed trips of one dataset as an Iceberg table, partitioned by day without a column for it.


_KEYS_IN_LIST = 200
"""Iceberg compares a longer list with no file's statistics, and would read them all."""
_EPOCH = date(1970, 1, 1)
CheckRegion = Callable[[], None]
"""Raises StaleRegionError if another Region has become active."""
_PROPERTIES = TABLE_PROPERTIES | {
    # the rows of a file are found by the least and the greatest key in each data file, which may not be cut short
    "write.metadata.metrics.column.source_file": "full",
}


def one_region() -> None:
    """Allow each commit, as in a lake without a secondary Region."""


class IcebergConformedTable:
    """Written by one run at a time; a run that was overtaken by another publishes nothing."""

    def __init__(
        self, spark: SparkSession, name: TableName, dataset: Dataset, check_region: CheckRegion = one_region
    ) -> None:
        self._check_region = check_region
        self._spark = spark
        self._name = name
        self._dataset = dataset

    def prepare(self) -> None:
        """Create the table if it is missing, and add the columns that the dataset has since declared.

        Raises:
            RejectedInputError: the table has a column that the dataset declares otherwise, or no more.
            StaleRegionError: another Region has become active.
        """
        declared = self._columns()
        table = load(self._spark, self._name.sql)
        if table is None:
            self._check_region()
            self._create(declared)
            return
        present = {field.name: field.dataType.simpleString() for field in self._spark.table(self._name.sql).schema}
        differing = [
            f"{name} {type_} (declared: {declared.get(name, 'not at all')})"
            for name, type_ in present.items()
            if declared.get(name) != type_
        ]
        if differing:
            message = (
                f"{self._name.database}.{self._name.table} has columns that {self._dataset.name} declares otherwise: "
                f"{', '.join(differing)}; declare them as they are (not required, without a source, is enough)"
            )
            raise RejectedInputError(message)
        if added := ", ".join(f"`{name}` {type_}" for name, type_ in declared.items() if name not in present):
            self._check_region()
            self._spark.sql(f"ALTER TABLE {self._name.sql} ADD COLUMNS ({added})")

    def replace_files(self, rows: DataFrame, source_files: Collection[str]) -> None:
        """Put rows in place of all that came from these files before; readers see all of it or nothing of it.

        It is done on a branch, to which the table is moved at last: in one commit of the catalog, which is refused if
        the table is not what it was when the branch began.

        Raises:
            StaleRegionError: another Region has become active; the table stays as it is.
        """
        table = load(self._spark, self._name.sql)
        branch = begin_branch(table)
        branch_sql = branch.sql(self._name.sql)
        if _may_have_rows_of(self._spark, table, source_files):
            self._delete(branch_sql, source_files)
        rows.writeTo(branch_sql).append()
        self._check_region()
        branch.publish()
        expire_old_snapshots(table)

    def snapshot(self) -> str | None:
        """Name the present state; None while nothing was ever loaded."""
        table = load(self._spark, self._name.sql)
        return str(table.currentSnapshot().snapshotId()) if table and table.currentSnapshot() else None

    def days_changed_since(self, snapshot: str) -> Days | None:
        """Return the days that gained or lost rows after a snapshot; None if it has expired."""
        table = load(self._spark, self._name.sql)
        days: set[date] = set()
        for newer in history(table):
            if str(newer.snapshotId()) == snapshot:
                return frozenset(days)
            if newer.operation() != "replace":  # a compaction moves rows to other files, nothing else
                days |= self._days_of(newer, table)
        return None

    def trips(self, snapshot: str, days: Days | None) -> DataFrame:
        """Return the rows of some days, or all of them, as of a snapshot."""
        trips = self._spark.sql(f"SELECT * FROM {self._name.sql} VERSION AS OF {int(snapshot)}")  # noqa: S608 - a number
        return trips if days is None else trips.filter(days_condition(self._dataset.partition_by, days))

    def _delete(self, branch: str, source_files: Collection[str]) -> None:
        """Delete the rows of files; their keys are arguments, because anyone who drops a file chooses its key."""
        lists = [*_short_lists(source_files)]
        condition = " OR ".join(f"source_file IN ({', '.join('?' * len(keys))})" for keys in lists)
        self._spark.sql(f"DELETE FROM {branch} WHERE {condition}", args=[*chain.from_iterable(lists)])  # noqa: S608 - no key is in it

    def _columns(self) -> dict[str, str]:
        declared = {name: TYPE_RULES[column.type].sql_type for name, column in self._dataset.columns.items()}
        return declared | dict(zip(LOAD_COLUMNS, ("string", "string", "timestamp"), strict=True))

    def _create(self, columns: Mapping[str, str]) -> None:
        declared = ", ".join(f"`{name}` {type_}" for name, type_ in columns.items())
        properties = ", ".join(f"'{name}' = '{value}'" for name, value in _PROPERTIES.items())
        self._spark.sql(
            f"CREATE TABLE {self._name.sql} ({declared}) USING iceberg PARTITIONED BY "
            f"(days(`{self._dataset.partition_by}`)) LOCATION '{self._name.location}' TBLPROPERTIES ({properties})"
        )

    def _days_of(self, snapshot: Any, table: Any) -> set[date]:  # noqa: ANN401
        """Read a snapshot's own manifests: no Spark job, and no scan of the table."""
        integer = java_class(self._spark, "java.lang.Class").forName("java.lang.Integer")
        files = chain(elements(snapshot.addedDataFiles(table.io())), elements(snapshot.removedDataFiles(table.io())))
        return {_EPOCH + timedelta(days=file.partition().get(0, integer)) for file in files}


def _may_have_rows_of(spark: SparkSession, table: Any, source_files: Collection[str]) -> bool:  # noqa: ANN401
    """Whether any data file can have rows of these files, by its statistics; most often none has."""
    is_in = getattr(java_class(spark, "org.apache.iceberg.expressions.Expressions"), "in")
    for keys in _short_lists(source_files):
        among = is_in("source_file", java_class(spark, "java.util.ArrayList")(list(keys)))
        with closing(table.newScan().filter(among).planFiles()) as files:
            if files.iterator().hasNext():
                return True
    return False


def _short_lists(source_files: Collection[str]) -> Iterable[Sequence[str]]:
    return batched(sorted(source_files), _KEYS_IN_LIST)


# The result of one rule as an Iceberg table, partitioned by day; each snapshot records its provenance.


_SNAPSHOT, _RULES_VERSION = "taxi.conformed-snapshot", "taxi.rules-version"


class IcebergPurposeBuiltTable:
    """Replaced by days or as a whole, never added to."""

    def __init__(self, spark: SparkSession, name: TableName, check_region: CheckRegion = one_region) -> None:
        self._check_region = check_region
        self._spark = spark
        self._name = name

    def provenance(self) -> Provenance | None:
        """Return what the table shows, from the newest snapshot with a record; None without a table."""
        table = load(self._spark, self._name.sql)
        for snapshot in history(table) if table else ():
            summary = snapshot.summary()
            if shown := summary.get(_SNAPSHOT):
                return Provenance(shown, summary.get(_RULES_VERSION))
        return None

    def replace_all(self, rows: DataFrame, provenance: Provenance) -> None:
        """Put rows in place of the whole table and its columns, in one step together with what they show."""
        writer = self._writer(rows, provenance).using("iceberg").partitionedBy(F.col(DAY))
        for name, value in {**TABLE_PROPERTIES, "location": self._name.location}.items():
            writer = writer.tableProperty(name, value)
        writer.createOrReplace()
        self._forget()

    def replace_days(self, rows: DataFrame, days: Days, provenance: Provenance) -> None:
        """Replace the rows of some days, and record their provenance in the same commit."""
        self._writer(rows, provenance).overwrite(F.expr(days_condition(DAY, days)))
        self._forget()

    def _writer(self, rows: DataFrame, provenance: Provenance) -> DataFrameWriterV2:
        """Prepare the write, which computes the rows and commits them; raises StaleRegionError."""
        self._check_region()
        shown = {_SNAPSHOT: provenance.snapshot, _RULES_VERSION: provenance.rules_version}
        return rows.writeTo(self._name.sql).options(**summary_options(shown))

    def _forget(self) -> None:
        expire_old_snapshots(load(self._spark, self._name.sql))
