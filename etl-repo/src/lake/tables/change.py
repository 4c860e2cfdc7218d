"""One change of a table as the core decides it, and what a table says of its commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lake.errors import TerminalError
from lake.tables.columns import Columns
from lake.tables.partitions import Partition
from lake.tables.size import TableSize

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PROOF_PREFIX = "odp."
"""Begins the name of every entry of a proof, by which a format tells it from what else a commit carries."""

Proof = Mapping[str, str]
"""What a commit carries of the change it made, by name; the core writes and reads it, a format only keeps it."""


class ChangeKind(StrEnum):
    """What a change means for the rows that the table has."""

    MERGE = "merge"
    """Each row takes the place of the row of its record key, deletes it, or is new."""
    REPLACE = "replace"
    """The rows, which may be none, take the place of all rows, and their columns that of all columns."""
    REWRITE = "rewrite"
    """The rows are those of the table in wider types. No reader notices, and the commit carries no proof."""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """What a table is whatever its rows: where it lies, and the columns by which its rows are kept.

    `delete_marker` is a column and its value in rows that delete the row of their record key; without one no row does.
    `table_type` is a choice that only some formats have, such as Hudi's copy_on_write.
    """

    database: str
    name: str
    location: str
    record_key: str
    key_columns: tuple[str, ...]
    """The columns from which the record key is made."""
    partition_by: Partition | None = None
    delete_marker: tuple[str, str] | None = None
    table_type: str = ""

    @property
    def partition_column(self) -> str | None:
        """The column whose values, or what is made of them, partition the table."""
        return self.partition_by.column if self.partition_by else None

    @property
    def qualified_name(self) -> str:
        """The table's name as people and the catalog have it."""
        return f"{self.database}.{self.name}"


@dataclass(frozen=True, slots=True)
class TableChange:
    """The final rows, one for each record key, with the table's new columns and the proof of the commit.

    `rows` has the technical columns besides. `known` are the rows whose record keys the table may have, in any number
    of each; it is None if the table does not exist yet, and in changes that are no merge.
    """

    kind: ChangeKind
    rows: DataFrame
    columns: Columns
    proof: Proof
    known: DataFrame | None = None
    fence: int = 0
    """The fencing token of the writer's lease, which commits of Iceberg carry; 0 if it has none."""


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """Rows that one commit inserted, updated and deleted; a row that moves may count as deleted and inserted.

    `deletes_without_row` are deletes of unknown keys that the format can tell from others; no row was deleted by them.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    deletes_without_row: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """A change that reached the table, read back from the table itself; times of one table sort as its commits."""

    time: str
    proof: Proof
    rows: WrittenRows
    size: TableSize | None = None
    """The table's size after the commit; None if the format's commits do not say it."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table that a change has reached: as of its newest commit, with the proof of its newest change.

    `columns` has the technical columns, but none that the format adds by itself.
    """

    commit_time: str
    columns: Columns
    proof: Proof
    needs_repair: bool = False
    """Whether an earlier release left something that must go before the next change."""


class KeyWithoutValueError(TerminalError):
    """A row has no value in its record key, and the format keeps no such row."""
