"""What a demo asks of its operational database, whichever server that is."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa

from rehearsal.source.database import SourceTable


class Transaction(Protocol):
    """Statements that are kept together; `?` stands for a parameter."""

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Iterable[tuple[Any, ...]]:
        """Run a statement, and give the rows that it finds."""


class Snapshot(Protocol):
    """The whole database at one moment."""

    def rows(self, name: str) -> pa.Table:
        """Every row of a table, ordered by key, in the types of its schema."""


class OperationalDatabase(Protocol):
    """A database that can be filled, changed and read while others write."""

    tables: dict[str, SourceTable]

    def create_table(self, table: SourceTable) -> None:
        """Add an empty table."""

    def load(self, name: str, rows: pa.Table) -> None:
        """Insert many rows of the table's own columns in one transaction."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Run statements that are all kept, or none."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Read tables as they are now, while others go on writing."""
