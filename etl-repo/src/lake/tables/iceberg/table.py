"""One Iceberg table written with Spark: each change is one commit of the catalog, with its proof in it."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from lake.errors import TableMovedError
from lake.spark_session import aggregated, computed_once
from lake.tables.change import ChangeKind, Commit, StoredTable, TableChange, TableDefinition, WrittenRows
from lake.tables.columns import Columns, promote
from lake.tables.format import CheckLease, CommentsOf
from lake.tables.iceberg.catalog import (
    NotAnIcebergTableError,
    catalog_of,
    identifier_of,
    load_from,
    set_comments,
    sql_name,
)
from lake.tables.iceberg.commits import (
    columns_as_of,
    columns_of,
    commit_time,
    forget_old_snapshots,
    newest_change,
    newest_fence,
)
from lake.tables.iceberg.fencing import refuse_overtaken
from lake.tables.iceberg.options import MERGED_TABLE_PROPERTIES, summary_options
from lake.tables.iceberg.proof import ProofEntries, proof_entries
from lake.tables.iceberg.refused_entries import refuse_foreign_entry, refuse_without_proof
from lake.tables.iceberg.staged import Shape, StagedTable, changed, follow, replaced, staged

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

_NO_SNAPSHOT = -1
_KEY, _IS_STORED, _CHANGES = "_odp_stored_key", "_odp_is_stored", "_odp_changes_"


def open_table(spark: SparkSession, definition: TableDefinition) -> IcebergTable:
    """Open a table, whether or not it exists."""
    return IcebergTable(spark, definition)


class IcebergTable:
    """A table of the Data Catalog; whatever is seen of it is one commit of the catalog."""

    def __init__(self, spark: SparkSession, definition: TableDefinition) -> None:
        self._spark = spark
        self._definition = definition
        self._sql = sql_name(definition.database, definition.name)
        self._read: int | None = None
        """The snapshot for which the next change is made; none if it is made for any."""

    def existing(self) -> StoredTable | None:
        """Read what the table is; None if no change has reached it.

        Raises:
            RejectedInputError: the catalog has something else under the table's name.
        """
        table = self._load()
        self._read = _snapshot_id(table)
        change = newest_change(table) if table else None
        if change is None:
            return None
        newest = table.currentSnapshot()
        return StoredTable(commit_time(newest), columns_as_of(table, newest), change.proof)

    def rows(self) -> DataFrame:
        """Give the rows as they are, with the technical columns."""
        return self._spark.table(self._sql)

    def repair(self, stored: StoredTable | None, check_lease: CheckLease) -> None:  # noqa: ARG002 - nothing is written
        """Refuse a table of someone else, whose rows the first change would replace; nothing needs repair.

        Raises:
            RejectedInputError: naming the table.
        """
        if stored is None and self._load() is not None:
            refuse_without_proof(self._definition.qualified_name)

    def apply(self, change: TableChange, check_lease: CheckLease) -> None:
        """Make a change visible in one commit of the catalog: its columns, its rows, and its proof.

        `check_lease` is called last before that commit.

        Raises:
            TableMovedError: the table is not the one that `existing` read, or that the writing began with.
        """
        newest = newest_fence(self._load())
        refuse_overtaken(self._definition.qualified_name, newest, change.fence, check_lease)
        rows = computed_once(self._spark, change.rows)
        check_lease()  # the writing is the longest part, and in vain if another run has the lease
        if change.known is None:
            self._replace(change, rows, check_lease)
        else:
            self._merge(change, rows, check_lease)
        self._read = None
        self._forget_old_snapshots()

    def last_commit(self) -> Commit | None:
        """Read the newest commit that carries a proof."""
        table = self._load()
        return newest_change(table) if table else None

    def publish(self, published_commit: str, comments_of: CommentsOf) -> str:  # noqa: ARG002 - a commit is published
        """Comment columns as the newest proof asks for; gives the newest commit's time."""
        table = self._load()
        if change := newest_change(table):
            set_comments(table, comments_of(change.proof))
        return commit_time(table.currentSnapshot())

    def _forget_old_snapshots(self) -> None:
        """Only try: a change that reached the table is done, and the next one tries again."""
        try:
            forget_old_snapshots(self._load())
        except Py4JJavaError:
            logger.warning("%s keeps old snapshots", self._definition.qualified_name, exc_info=True)

    def _load(self) -> Any:  # noqa: ANN401 - a Java object
        try:
            return load_from(self._spark, self._definition.database, self._definition.name)
        except NotAnIcebergTableError as error:
            refuse_foreign_entry(self._definition.qualified_name, error)

    def _load_unmoved(self) -> Any:  # noqa: ANN401 - a Java object
        table = self._load()
        if self._read not in (None, _snapshot_id(table)):
            message = f"{self._definition.qualified_name} was changed after this run had read it; nothing was committed"
            raise TableMovedError(message)
        return table

    def _replace(self, change: TableChange, rows: DataFrame, check_lease: CheckLease) -> None:
        """Put rows in place of the whole table, its columns and its partitions; a rewriting keeps the proof."""
        table = self._load_unmoved()
        is_rewriting = change.kind is ChangeKind.REWRITE
        entries = self._carried_proof(table, change.fence) if is_rewriting else self._replaced(change, rows)
        columns = StructType([StructField(field.name, field.dataType) for field in rows.schema])
        shape = Shape(columns, self._definition.partition_by, self._definition.location, MERGED_TABLE_PROPERTIES)
        catalog, identifier = catalog_of(self._spark), identifier_of(self._spark, *self._name)
        transaction = replaced(self._spark, catalog, identifier, shape, exists=table is not None)
        with staged(self._spark, transaction, self._sql) as to_be:
            rows.writeTo(to_be.sql).options(**summary_options(entries.summary)).append()
            to_be.keep_properties(entries)
            check_lease()
            to_be.publish()

    @property
    def _name(self) -> tuple[str, str]:
        return self._definition.database, self._definition.name

    def _replaced(self, change: TableChange, rows: DataFrame) -> ProofEntries:
        (inserted,) = aggregated(rows, F.count(F.lit(1)))
        return proof_entries(change.proof, WrittenRows(inserted=inserted), change.fence)

    def _carried_proof(self, table: Any, fence: int) -> ProofEntries:  # noqa: ANN401
        last = newest_change(table)
        return proof_entries(last.proof, last.rows, fence) if last else ProofEntries({}, {})

    def _merge(self, change: TableChange, rows: DataFrame, check_lease: CheckLease) -> None:
        entries = proof_entries(change.proof, self._count(rows), change.fence)
        with staged(self._spark, changed(self._load_unmoved()), self._sql) as to_be:
            self._follow(to_be, change.columns, rows)
            self._merge_into(to_be, rows)
            to_be.prove(entries)
            to_be.keep_properties(entries)
            check_lease()
            to_be.publish()

    def _follow(self, to_be: StagedTable, columns: Columns, rows: DataFrame) -> None:
        present = columns_of(to_be.table.schema())
        types = {field.name: str(field.dataType.jsonValue()) for field in rows.schema}
        added = {name: text for name, text in types.items() if name not in present}
        wider = [name for name, type_ in columns.items() if name in present and promote(present[name], type_)]
        follow(self._spark, to_be, added, {name: types[name] for name in wider})

    def _merge_into(self, to_be: StagedTable, rows: DataFrame) -> None:
        """Merge by the record key, which may be NULL; every column of the table has a value."""
        given = {name.lower() for name in rows.columns}
        fields = [field for field in self._spark.table(to_be.sql).schema if field.name.lower() not in given]
        missing = [F.lit(None).cast(field.dataType).alias(field.name) for field in fields]
        view = f"{_CHANGES}{uuid.uuid4().hex}"
        rows.select("*", *missing).createOrReplaceTempView(view)
        deletes, inserts = "", "WHEN NOT MATCHED THEN INSERT *"
        if self._definition.delete_marker:
            column, value = self._definition.delete_marker
            deletes = f"WHEN MATCHED AND s.`{column}` = '{value}' THEN DELETE"
            inserts = f"WHEN NOT MATCHED AND s.`{column}` <> '{value}' THEN INSERT *"
        key = self._definition.record_key
        try:
            self._spark.sql(
                f"MERGE INTO {to_be.sql} t USING `{view}` s ON t.`{key}` <=> s.`{key}` "
                f"{deletes} WHEN MATCHED THEN UPDATE SET * {inserts}"
            )
        finally:
            self._spark.catalog.dropTempView(view)

    def _count(self, rows: DataFrame) -> WrittenRows:
        """Count what a merge does, by the keys that the table has; a row that moves counts as updated."""
        key = self._definition.record_key
        stored = self.rows().select(F.col(key).alias(_KEY), F.lit(True).alias(_IS_STORED))
        joined = rows.join(stored, F.col(key).eqNullSafe(F.col(_KEY)), "left")
        is_known, is_delete = F.col(_IS_STORED).isNotNull(), F.lit(False)
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


def _snapshot_id(table: Any) -> int:  # noqa: ANN401 - a Java object
    newest = table.currentSnapshot() if table else None
    return int(newest.snapshotId()) if newest else _NO_SNAPSHOT
