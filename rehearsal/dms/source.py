"""What a replication asks a source database for, whatever its engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from rehearsal.dms.columns import SourceColumn
from rehearsal.dms.log import Position, Transaction

ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """What the catalog says about one table."""

    schema: str
    table: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    declared: tuple[tuple[str, str], ...]
    """Each column's name and the type as it is written in CREATE TABLE."""
    hidden: tuple[str, ...] = ()
    """Columns that DMS does not replicate."""
    unnamed_types: dict[str, str] = field(default_factory=dict)
    """The columns whose type the log does not name."""
    obstacle: str = ""
    """Why DMS cannot replicate the table."""
    caution: str = ""
    """What DMS does not replicate of it."""


class SnapshotReader(Protocol):
    """Reads tables at one moment, whose place in the log is known."""

    def __enter__(self) -> Self:
        """Connect."""

    def __exit__(self, *_: object) -> None:
        """Disconnect."""

    def begin(self) -> Position:
        """Open a snapshot: it sees exactly the transactions that end at this position or before."""

    def end(self) -> None:
        """Leave the snapshot: what is read next is newer."""

    def rows(self, table: TableDefinition) -> Iterator[Sequence[Sequence[Any]]]:
        """Every row of a table, some thousand at a time: the values of each column."""


class Source(Protocol):
    """A database server."""

    def check(self) -> None:
        """Fail if DMS could not follow this server's log, or the user may not."""

    def keep_log(self, *, is_new: bool) -> None:
        """Let the source keep its log from now on for a new replication; for another, fail if it has not kept it."""

    def end_of_log(self) -> Position:
        """Where the log ends now."""

    def read_log(self, start: Position, until: Position) -> Iterator[Transaction]:
        """Read every transaction that ends after `start` and begins before `until`."""

    def confirm(self, position: Position) -> None:
        """Say that what is before the position is in files, so that the source may remove its log."""

    def tables(self) -> list[tuple[str, str]]:
        """Schema and name of every table that the user may read."""

    def definition(self, schema: str, table: str, *, milliseconds: bool) -> TableDefinition:
        """How a table looks now; without columns if there is none."""

    def snapshots(self) -> SnapshotReader:
        """What reads rows."""
