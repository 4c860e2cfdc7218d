"""One Hudi table written with Spark: one commit for each change, whose metadata proves what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from lake.tables.change import Commit, KeyWithoutValueError, StoredTable, TableChange, TableDefinition
from lake.tables.format import CheckLease, CommentsOf
from lake.tables.hudi.catalog import refuse_entry_of_iceberg, sync_catalog
from lake.tables.hudi.commits import (
    HudiCommit,
    catalog_differs,
    comments,
    commits_newest_first,
    commits_of,
    forget_ordering_field,
    is_made,
    remove_interrupted_creation,
    table_of,
)
from lake.tables.hudi.options import index_settings, proof_options, write_options

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def open_table(spark: SparkSession, definition: TableDefinition) -> HudiTable:
    """Open a table, whether or not it exists."""
    return HudiTable(spark, definition)


class HudiTable:
    """A copy-on-write or merge-on-read table at its location, published by Hudi's own sync tool."""

    def __init__(self, spark: SparkSession, definition: TableDefinition) -> None:
        self._spark = spark
        self._definition = definition
        self._path = definition.location

    def existing(self) -> StoredTable | None:
        """Read what the table is; None if no change has reached it."""
        if not is_made(self._spark, self._path):
            return None
        table = table_of(self._spark, self._path)
        has_ordering_field = bool(table.getTableConfig().getPreCombineField())
        newest: HudiCommit | None = None
        for commit in commits_of(table):
            newest = newest or commit
            if proof := commit.proof:
                return StoredTable(newest.time, newest.columns, proof, needs_repair=has_ordering_field)
        return None

    def rows(self) -> DataFrame:
        """Give the rows as they are, with the technical columns and Hudi's."""
        return self._spark.read.format("hudi").load(self._path)

    def repair(self, stored: StoredTable | None, check_lease: CheckLease) -> None:
        """Put right what an earlier release left, or a run that died while it made the table.

        Raises:
            RejectedInputError: the catalog has an Iceberg table under the table's name.
        """
        if stored is None:
            refuse_entry_of_iceberg(self._spark, self._definition)
            remove_interrupted_creation(self._spark, self._path)
        elif stored.needs_repair:
            check_lease()
            forget_ordering_field(self._spark, self._path)

    def apply(self, change: TableChange, check_lease: CheckLease) -> None:
        """Make a change visible in one commit that carries its proof.

        The lease is checked last before Hudi begins its instant. A run that is overtaken after that finds its instant
        rolled back, as each writer first does with those that it finds under way, and cannot complete it.
        """
        known = change.known
        index = None if known is None else index_settings(self._spark, self._definition, known)
        options = write_options(self._definition, change.kind, change.columns, index) | proof_options(change.proof)
        writer = change.rows.write.format("hudi").options(**options).mode("append")
        check_lease()
        try:
            writer.save(self._path)
        except (Py4JJavaError, PySparkException) as error:
            if "HoodieKeyException" in str(error):
                raise KeyWithoutValueError(str(error)) from error
            raise

    def last_commit(self) -> Commit | None:
        """Read the newest commit that carries a proof."""
        return next(filter(None, (commit.change for commit in commits_newest_first(self._spark, self._path))), None)

    def publish(self, published_commit: str, comments_of: CommentsOf) -> str:
        """Sync the Data Catalog if schema or partitions changed since the commit it shows; gives the newest commit."""
        commits = list(commits_newest_first(self._spark, self._path))
        if catalog_differs(iter(commits), published_commit, comments_of):
            sync_catalog(self._spark, self._definition, comments(commits, comments_of))
        return commits[0].time
