"""What the log of a database says, whatever its engine: transactions with changed rows and with statements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from rehearsal.dms.columns import SourceColumn

INSERT, UPDATE, DELETE = "I", "U", "D"


class Position(NamedTuple):
    """A place in the log between two transactions; PostgreSQL's log has no files, so its `file` is empty."""

    file: str
    offset: int

    def __str__(self) -> str:
        if self.file:
            return f"{self.file}:{self.offset}"
        return f"{self.offset >> 32:X}/{self.offset & 0xFFFFFFFF:08X}"


class UnknownValueError(Exception):
    """The log leaves something out that the source cannot tell any more."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One changed row, with values as a SELECT has them."""

    operation: str
    after: dict[str, Any]
    """Of a delete, what the log has of the row that is gone: the row, or its key only."""
    before: dict[str, Any] | None = None


class TableChanges(Protocol):
    """Rows of one table that a transaction changed one after another."""

    @property
    def schema(self) -> str:
        """The schema in the source."""

    @property
    def table(self) -> str:
        """The name in the source."""

    @property
    def layout(self) -> object:
        """What the log says of the columns: as long as it is the same object, so are the columns."""

    @property
    def key(self) -> tuple[str, ...] | None:
        """The primary key as it is now; None if the table is gone, or if the log tells when its key changes."""

    @property
    def size(self) -> int:
        """The bytes in the log."""

    def __len__(self) -> int:
        """The number of rows."""

    def columns(
        self, unnamed: Mapping[str, str], hidden: tuple[str, ...], *, milliseconds: bool
    ) -> dict[str, SourceColumn]:
        """The columns that the rows were written with; `unnamed` has the types of which the log has only the bytes."""

    def rows(self, columns: Mapping[str, SourceColumn], key: tuple[str, ...]) -> Iterator[RowChange]:
        """The changed rows; only now they are decoded."""


class Verb(StrEnum):
    """What a statement does to a table."""

    TRUNCATE = "TRUNCATE"
    DROP = "DROP"
    RENAME = "RENAME"
    ALTER = "ALTER"
    CREATE = "CREATE"


@dataclass(frozen=True, slots=True)
class TableStatement:
    """One table of a statement."""

    verb: Verb
    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """What was committed together, in the log's order, and where the log goes on."""

    end: Position
    committed_at: datetime
    events: list[TableChanges | TableStatement]
