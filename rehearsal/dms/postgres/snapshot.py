"""Reads tables at a moment whose place in the log is known: that of a replication slot which lives as long."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from rehearsal.dms.log import Position
from rehearsal.dms.postgres.columns import value_of
from rehearsal.dms.postgres.connection import Connection, connect, quoted, texts
from rehearsal.dms.postgres.errors import told_apart
from rehearsal.dms.source import ROWS_AT_ONCE, TableDefinition

PLUGIN = "test_decoding"
SECONDS_TO_BE_SEEN = 0.01
_MASK = 0xFFFFFFFF


def position_of(place: str) -> Position:
    """A position by the text of a pg_lsn."""
    high, low = place.split("/")
    return Position("", int(high, 16) << 32 | int(low, 16))


class PostgresSnapshotReader:
    """Reads tables at one moment, whose place in the log is known."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._connection: Connection | None = None
        self._exporter: Connection | None = None

    def __enter__(self) -> Self:
        with told_apart():
            self._connection = connect(self._given)
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._connection, self._exporter):
            if connection:
                connection.close()

    def begin(self) -> Position:
        """Open the snapshot of a new slot, which sees exactly the transactions that end before the slot begins."""
        if self._exporter:
            self._exporter.close()
        with told_apart():
            # the snapshot is there until this connection is used again
            self._exporter = connect(self._given, replication="database")
            name = f"awsdms_load_{secrets.token_hex(8)}"
            (_,), (place,), (snapshot,), _ = texts(
                self._exporter, f"CREATE_REPLICATION_SLOT {name} TEMPORARY LOGICAL {PLUGIN}"
            )
            self._leave()
            self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._run(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        return position_of(str(place))

    def end(self) -> None:
        """Leave the snapshot: what is read next is newer.

        A transaction is in the log a moment before it is visible, so a newer snapshot may lack what the slot's has.
        """
        with told_apart():
            seen = Seen.by(self._open())
            while True:
                self._leave()
                self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                if Seen.by(self._open()).has(seen):
                    return
                time.sleep(SECONDS_TO_BE_SEEN)

    def rows(self, table: TableDefinition) -> Iterator[Sequence[Sequence[Any]]]:
        """Every row of a table, some thousand at a time: the values of each column."""
        columns = ", ".join(quoted(column.name) for column in table.columns)
        name = quoted(table.schema, table.table)
        with told_apart():
            self._run("SAVEPOINT load")
            try:
                self._run(f"DECLARE load NO SCROLL CURSOR FOR SELECT {columns} FROM ONLY {name}")  # noqa: S608
                while (found := texts(self._open(), f"FETCH {ROWS_AT_ONCE} FROM load"))[0]:
                    yield [
                        [value_of(column, text) for text in values]
                        for column, values in zip(table.columns, found, strict=True)
                    ]
            finally:
                self._run("ROLLBACK TO load")  # a table that fails must not end the snapshot of the others

    def _leave(self) -> None:
        self._run("ROLLBACK")

    def _run(self, statement: str) -> None:
        self._open().execute(statement.encode())

    def _open(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("a snapshot is read within `with`")
        return self._connection


class Seen:
    """The transactions that a snapshot sees, by its text `first unfinished:first unknown:unfinished,…`."""

    def __init__(self, snapshot: str) -> None:
        _, unknown, unfinished = snapshot.split(":")
        self.unknown = int(unknown)
        self.unfinished = {int(number) for number in unfinished.split(",") if number}

    @classmethod
    def by(cls, connection: Connection) -> Self:
        """What the next statement of the connection sees, or its transaction if that has a snapshot."""
        ((snapshot,),) = texts(connection, "SELECT pg_current_snapshot()")
        return cls(str(snapshot))

    def sees(self, transaction: int) -> bool:
        """Whether it sees a committed transaction; the log has the last 32 bits of its number."""
        is_older = 0 < (self.unknown - transaction & _MASK) <= _MASK // 2
        return is_older and transaction not in {number & _MASK for number in self.unfinished}

    def has(self, other: "Seen") -> bool:
        """Whether it sees all that the other sees."""
        unseen = {number for number in self.unfinished if number < other.unknown}
        return self.unknown >= other.unknown and unseen <= other.unfinished
