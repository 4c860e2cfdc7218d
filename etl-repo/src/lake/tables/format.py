"""What every table format offers: one table that takes changes and tells what reached it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from lake.tables.capabilities import TableFormat
from lake.tables.change import Commit, Proof, StoredTable, TableChange, TableDefinition

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CheckLease = Callable[[], None]
"""Raises if the run no longer holds the table's lease."""
CommentsOf = Callable[[Proof], Mapping[str, str]]
"""Gives the comments of columns, by the columns' names, that a proof asks for."""


class Table(Protocol):
    """One table, written by one run at a time; it decides nothing."""

    def existing(self) -> StoredTable | None:
        """Read what the table is; None if no change has reached it."""

    def rows(self) -> DataFrame:
        """Give the rows as they are, with the technical columns; what else the format adds may be among the columns."""

    def repair(self, stored: StoredTable | None, check_lease: CheckLease) -> None:
        """Put right what an earlier release left, or a run that died while it made the table.

        Raises:
            RejectedInputError: there is a table of someone else, which only a person may remove.
        """

    def apply(self, change: TableChange, check_lease: CheckLease) -> None:
        """Make a change visible in one commit that carries its proof.

        `check_lease` is called last before the commit begins; what it raises leaves the table as it is.

        Raises:
            KeyWithoutValueError: a row cannot be kept.
        """

    def last_commit(self) -> Commit | None:
        """Read the newest commit that carries a proof; None if there is none."""

    def publish(self, published_commit: str, comments_of: CommentsOf) -> str:
        """Bring the catalog up to the newest commit, if it differs since the published one; gives the newest's time."""


def open_table(table_format: TableFormat, spark: SparkSession, definition: TableDefinition) -> Table:
    """Open a table of a format, whether or not it exists; only now the format's part for Spark is imported."""
    return cast("Table", import_module(table_format.spark_module).open_table(spark, definition))
