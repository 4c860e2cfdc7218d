"""One Iceberg table written with Spark: merges on a branch, replacements at once, the proof in a snapshot's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from lake.errors import RejectedInputError
from lake.spark_session import aggregated, computed_once
from lake.tables.change import ChangeKind, Commit, Proof, StoredTable, TableChange, TableDefinition, WrittenRows
from lake.tables.columns import Columns, promote
from lake.tables.format import CheckLease, CommentsOf
from lake.tables.iceberg.catalog import load, set_comments, sql_name
from lake.tables.iceberg.commits import (
    Branch,
    begin_branch,
    columns_as_of,
    columns_of,
    commit_time,
    expire_old_snapshots,
    newest_change,
    summary_of,
)
from lake.tables.iceberg.options import MERGED_TABLE_PROPERTIES, summary_options

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_KEY, _CHANGES = "_odp_stored_key", "_odp_changes_"


def open_table(spark: SparkSession, definition: TableDefinition) -> IcebergTable:
    """Open a table, whether or not it exists."""
    return IcebergTable(spark, definition)


class IcebergTable:
    """A table of the Data Catalog; whatever is seen of it is one commit of the catalog."""

    def __init__(self, spark: SparkSession, definition: TableDefinition) -> None:
        self._spark = spark
        self._definition = definition
        self._sql = sql_name(definition.database, definition.name)

    def existing(self) -> StoredTable | None:
        """Read what the table is; None if no change has reached it."""
        table = load(self._spark, self._sql)
        change = newest_change(table) if table else None
        if change is None:
            return None
        newest = table.currentSnapshot()
        return StoredTable(commit_time(newest), columns_as_of(table, newest), change.proof)

    def rows(self) -> DataFrame:
        """Give the rows as they are, with the technical columns."""
        return self._spark.table(self._sql)

    def repair(self, stored: StoredTable | None, check_lease: CheckLease) -> None:  # noqa: ARG002 - nothing is written
        """Refuse a table of someone else, whose rows the first change would replace; nothing else needs repair.

        The next merge removes the branches that a run left.

        Raises:
            RejectedInputError: naming the table.
        """
        if stored is None and load(self._spark, self._sql) is not None:
            message = (
                f"{self._definition.qualified_name} is an Iceberg table whose commits carry no proof, so this lake did "
                "not write it; drop it, or replicate the source table into a new raw_table_name"
            )
            raise RejectedInputError(message)

    def apply(self, change: TableChange, check_lease: CheckLease) -> None:
        """Make a change visible in one commit of the catalog that carries its proof.

        Columns that a merge adds or widens come first, in a commit of their own without rows. A run that loses its
        lease after it leaves them empty; `existing` does not show them.
        """
        if change.known is None:
            self._replace(change, check_lease)
        else:
            self._merge(change, check_lease)

    def last_commit(self) -> Commit | None:
        """Read the newest commit that carries a proof."""
        table = load(self._spark, self._sql)
        return newest_change(table) if table else None

    def publish(self, published_commit: str, comments_of: CommentsOf) -> str:  # noqa: ARG002 - a commit is published
        """Comment columns as the newest proof asks for; gives the newest commit's time."""
        table = load(self._spark, self._sql)
        if change := newest_change(table):
            set_comments(table, comments_of(change.proof))
        return commit_time(table.currentSnapshot())

    def _replace(self, change: TableChange, check_lease: CheckLease) -> None:
        """Put rows in place of the whole table and its columns; this restarts its history, so a proof is added."""
        rows = computed_once(self._spark, change.rows)
        summary = self._carried_proof() if change.kind is ChangeKind.REWRITE else self._replaced(change.proof, rows)
        writer = rows.writeTo(self._sql).options(**summary_options(summary)).using("iceberg")
        for name, value in {**MERGED_TABLE_PROPERTIES, "location": self._definition.location}.items():
            writer = writer.tableProperty(name, value)
        if self._definition.partition_by:
            writer = writer.partitionedBy(F.col(self._definition.partition_by))
        check_lease()
        writer.createOrReplace()

    def _replaced(self, proof: Proof, rows: DataFrame) -> Proof:
        (inserted,) = aggregated(rows, F.count(F.lit(1)))
        return summary_of(proof, WrittenRows(inserted=inserted))

    def _carried_proof(self) -> Proof:
        last = self.last_commit()
        return summary_of(last.proof, last.rows) if last else {}

    def _merge(self, change: TableChange, check_lease: CheckLease) -> None:
        table = load(self._spark, self._sql)
        rows = computed_once(self._spark, change.rows)
        written = self._count(rows)
        check_lease()
        self._follow(table, change.columns, rows)
        branch = begin_branch(table)
        self._merge_into(branch, rows)
        self._prove(branch, summary_of(change.proof, written))
        check_lease()
        branch.publish()
        expire_old_snapshots(table)

    def _follow(self, table: Any, columns: Columns, rows: DataFrame) -> None:  # noqa: ANN401 - a Java object
        """Add columns, and widen those that may be widened in place; a run that lost its lease may have done it."""
        present = columns_of(table.schema())
        added = {name: text for name, text in rows.dtypes if name not in present}
        if added:
            declared = ", ".join(f"`{name}` {text}" for name, text in added.items())
            self._spark.sql(f"ALTER TABLE {self._sql} ADD COLUMNS ({declared})")
        for name, type_ in columns.items():
            if name in present and promote(present[name], type_):
                self._spark.sql(f"ALTER TABLE {self._sql} ALTER COLUMN `{name}` TYPE {type_}")
        table.refresh()

    def _merge_into(self, branch: Branch, rows: DataFrame) -> None:
        """Merge by the record key, which may be NULL; every column of the table has a value."""
        given = {name.lower() for name in rows.columns}
        fields = [field for field in self._spark.table(self._sql).schema if field.name.lower() not in given]
        missing = [F.lit(None).cast(field.dataType).alias(field.name) for field in fields]
        view = f"{_CHANGES}{branch.name}"
        rows.select("*", *missing).createOrReplaceTempView(view)
        deletes, inserts = "", "WHEN NOT MATCHED THEN INSERT *"
        if self._definition.delete_marker:
            column, value = self._definition.delete_marker
            deletes = f"WHEN MATCHED AND s.`{column}` = '{value}' THEN DELETE"
            inserts = f"WHEN NOT MATCHED AND s.`{column}` <> '{value}' THEN INSERT *"
        key = self._definition.record_key
        try:
            self._spark.sql(
                f"MERGE INTO {branch.sql(self._sql)} t USING `{view}` s ON t.`{key}` <=> s.`{key}` "
                f"{deletes} WHEN MATCHED THEN UPDATE SET * {inserts}"
            )
        finally:
            self._spark.catalog.dropTempView(view)

    def _prove(self, branch: Branch, summary: Proof) -> None:
        """Add a snapshot without rows whose summary has the proof: the summary of a MERGE cannot be written."""
        branch.table.refresh()
        append: Any = branch.table.newAppend()
        for name, value in summary.items():
            append.set(name, value)
        append.toBranch(branch.name).commit()

    def _count(self, rows: DataFrame) -> WrittenRows:
        """Count what a merge does, by the keys that the table has; a row that moves counts as updated."""
        key = self._definition.record_key
        stored = self.rows().select(F.col(key).alias(_KEY), F.lit(True).alias(_CHANGES))
        joined = rows.join(stored, F.col(key).eqNullSafe(F.col(_KEY)), "left")
        is_known, is_delete = F.col(_CHANGES).isNotNull(), F.lit(False)
        if self._definition.delete_marker:
            column, value = self._definition.delete_marker
            is_delete = F.coalesce(F.col(column) == value, F.lit(False))
        inserted, updated, deleted, unknown = aggregated(
            joined,
            F.count_if(~is_known & ~is_delete),
            F.count_if(is_known & ~is_delete),
            F.count_if(is_known & is_delete),
            F.count_if(~is_known & is_delete),
        )
        return WrittenRows(inserted, updated, deleted, unknown)
