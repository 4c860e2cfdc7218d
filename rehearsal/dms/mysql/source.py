"""Asks a MySQL or MariaDB server: whether DMS can follow it, which tables it has, and how they look."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor, SSCursor

from rehearsal.dms.log import Position, Transaction
from rehearsal.dms.mysql.binlog import read_log
from rehearsal.dms.mysql.columns import ADDRESSES, declared_column, quoted, selected, selected_values
from rehearsal.dms.mysql.errors import told_apart
from rehearsal.dms.source import ROWS_AT_ONCE, TableDefinition
from rehearsal.dms.source_errors import ReplicationFailedError

_SECONDS_TO_CONNECT, _SECONDS_TO_ANSWER = 10, 120


_NEEDED = {
    "log_bin": ("ON", "switch the binary log on"),
    "binlog_format": ("ROW", "set binlog_format=ROW: other formats log statements, not rows"),
    "binlog_row_image": ("FULL", "set binlog_row_image=FULL: other images leave columns out"),
    "binlog_row_metadata": ("FULL", "set binlog_row_metadata=FULL, by which the stand-in knows names and types"),
    "log_bin_compress": ("OFF", "set log_bin_compress=OFF: DMS does not read compressed transactions"),
}
_RIGHTS = {
    "REPLICATION SLAVE": ("REPLICATION SLAVE",),
    "REPLICATION CLIENT": ("REPLICATION CLIENT", "BINLOG MONITOR"),
}


class MySqlSource:
    """A MySQL or MariaDB server by its connection: host, port, user, password."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.connection: dict[str, Any] = {
            **connection,
            "charset": "utf8mb4",
            "ssl_disabled": True,  # the server is on the loopback address
            "connect_timeout": _SECONDS_TO_CONNECT,
            "read_timeout": _SECONDS_TO_ANSWER,
            "init_command": "SET time_zone = '+00:00', tx_isolation = 'REPEATABLE-READ'",
        }

    @contextmanager
    def cursor(self) -> Iterator[DictCursor]:
        """Connect for some questions; what goes wrong is told as loss or failure."""
        with told_apart():
            connection = pymysql.connect(**self.connection, cursorclass=DictCursor, client_flag=CLIENT.FOUND_ROWS)
            with connection, connection.cursor() as cursor:
                yield cursor

    def check(self) -> None:
        """Fail if DMS could not follow this server's log, or the user may not."""
        with self.cursor() as cursor:
            cursor.execute("SHOW GLOBAL VARIABLES")
            variables = {row["Variable_name"]: row["Value"] for row in cursor.fetchall()}
            cursor.execute("SHOW GRANTS")
            grants = " ".join(str(value) for row in cursor.fetchall() for value in row.values())
        for name, (needed, advice) in _NEEDED.items():
            found = variables.get(name, needed if name == "log_bin_compress" else "not known")
            if found != needed:
                raise ReplicationFailedError(f"the source has {name}={found}: {advice}")
        for right, names in _RIGHTS.items():
            if "ALL PRIVILEGES" not in grants and not any(name in grants for name in names):
                user = self.connection["user"]
                raise ReplicationFailedError(f"user {user} lacks {right}: GRANT {right} ON *.* TO {user}")

    def keep_log(self, *, is_new: bool) -> None:
        """The server keeps its log for everyone, as long as it is configured to."""

    def confirm(self, position: Position) -> None:
        """The server asks nobody before it removes its log."""

    def read_log(self, start: Position, until: Position) -> Iterator[Transaction]:
        """Read every transaction that ends after `start` and begins before `until`."""
        return read_log(self.connection, start, until)

    def snapshots(self) -> "MySqlSnapshotReader":
        """What reads rows."""
        return MySqlSnapshotReader(self)

    def end_of_log(self) -> Position:
        """Where the log ends now."""
        with self.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            row = cursor.fetchone()
        if not row:
            raise ReplicationFailedError("the source has log_bin=OFF: switch the binary log on")
        return Position(row["File"], int(row["Position"]))

    def tables(self) -> list[tuple[str, str]]:
        """Schema and name of every table that the user may read."""
        with self.cursor() as cursor:
            cursor.execute(
                "SELECT table_schema AS `schema`, table_name AS `table` FROM information_schema.tables "
                "WHERE table_type = 'BASE TABLE' ORDER BY 1, 2"
            )
            return [(row["schema"], row["table"]) for row in cursor.fetchall()]

    def definition(self, schema: str, table: str, *, milliseconds: bool) -> TableDefinition:
        """How a table looks now; without columns if there is none."""
        where = "WHERE table_schema = %s AND table_name = %s"
        with self.cursor() as cursor:
            cursor.execute(
                f"SELECT * FROM information_schema.columns {where} ORDER BY ordinal_position",  # noqa: S608
                (schema, table),
            )
            rows = cursor.fetchall()
            cursor.execute(
                f"SELECT column_name AS name FROM information_schema.key_column_usage {where} "  # noqa: S608
                "AND constraint_name = 'PRIMARY' ORDER BY ordinal_position",
                (schema, table),
            )
            key = tuple(row["name"] for row in cursor.fetchall())
        hidden = tuple(row["COLUMN_NAME"] for row in rows if _is_hidden(row))
        columns = [row for row in rows if not _is_hidden(row)]
        made = tuple(declared_column(row, milliseconds=milliseconds) for row in columns)
        declared = tuple((row["COLUMN_NAME"], row["COLUMN_TYPE"].lower()) for row in columns)
        unnamed = {name: type_ for name, type_ in declared if type_ in ADDRESSES}
        return TableDefinition(schema, table, made, key, declared, hidden, unnamed)


def _is_hidden(row: Mapping[str, Any]) -> bool:
    return row["IS_GENERATED"] != "NEVER" or "INVISIBLE" in str(row["EXTRA"]).upper()


class MySqlSnapshotReader:
    """Reads tables at one moment, whose place in the log is known."""

    def __init__(self, source: MySqlSource) -> None:
        self._source = source
        self._connection: pymysql.Connection[Any] | None = None

    def __enter__(self) -> Self:
        with told_apart():
            self._connection = pymysql.connect(**self._source.connection, cursorclass=SSCursor)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def begin(self) -> Position:
        """Open a snapshot; SHOW MASTER STATUS may be ahead of what it sees, which would lose changes."""
        with told_apart(), self._open().cursor() as cursor:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            cursor.execute("SHOW STATUS LIKE 'binlog_snapshot_%'")
            status = {str(name).lower(): value for name, value in cursor.fetchall()}
        return Position(str(status["binlog_snapshot_file"]), int(status["binlog_snapshot_position"]))

    def end(self) -> None:
        """Leave the snapshot: what is read next is newer."""
        with told_apart(), self._open().cursor() as cursor:
            cursor.execute("COMMIT")

    def rows(self, table: TableDefinition) -> Iterator[Sequence[Sequence[Any]]]:
        """Every row of a table, some thousand at a time: the values of each column."""
        columns = ", ".join(selected(column) for column in table.columns)
        with told_apart(), self._open().cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {quoted(table.schema)}.{quoted(table.table)}")  # noqa: S608
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                by_column = zip(table.columns, zip(*rows, strict=True), strict=True)
                yield [selected_values(column, values) for column, values in by_column]

    def _open(self) -> "pymysql.Connection[Any]":
        if self._connection is None:
            raise RuntimeError("a snapshot is read within `with`")
        return self._connection
