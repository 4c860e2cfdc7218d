"""The databases on which histories are played, and how each of them says what a history does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from rehearsal.dms.log import Position
from rehearsal.dms.mysql import columns as mysql
from rehearsal.dms.postgres import connection as postgres
from rehearsal.dms.postgres.snapshot import position_of
from rehearsal.dms.postgres.source import slot_of
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.postgres.server import DATABASE, PostgresServer
from rehearsal.source.server import DatabaseServer
from rehearsal.torture.source_table import BIGINT, DOUBLE, FLOAT, INT, STRING

Execute = Callable[[str, Sequence[Any]], int]
"""Runs a statement and returns how many rows it changed."""
_SECRET = {"SecretsManagerSecretId": "source", "SecretsManagerAccessRoleArn": "role"}


@dataclass
class RealEngine(ABC):
    """A running server and its language."""

    SQL_TYPES: ClassVar[Mapping[str, str]]
    PARQUET_TYPES: ClassVar[Mapping[str, pa.DataType]]
    """By the types of the tester's columns."""
    ENDPOINT: ClassVar[Mapping[str, Any]]
    """The source endpoint of a template."""
    DELETES_HAVE_KEYS_ONLY: ClassVar[bool]
    """Whether the log has nothing else of a deleted row."""

    server: DatabaseServer
    _connection: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._connection = self._connect()

    def close(self) -> None:
        """Disconnect; the server goes on."""
        self._connection.close()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; gives how many rows it changed."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values) or None)
            return int(cursor.rowcount)

    @abstractmethod
    def _connect(self) -> Any:  # noqa: ANN401 - of the engine's driver
        """Connect as the administrator; each statement is a transaction."""

    @abstractmethod
    def end_of_log(self) -> Position:
        """Where the log ends now."""

    @abstractmethod
    def quoted(self, *names: str) -> str:
        """A name for a statement."""

    @abstractmethod
    def create_schema(self, schema: str) -> None:
        """Create a schema."""

    @abstractmethod
    def drop_schema(self, schema: str) -> None:
        """Drop a schema with its tables, and what keeps the log for it."""

    @abstractmethod
    def retyped(self, column: str, type_: str) -> str:
        """How ALTER TABLE gives a column another type."""

    @abstractmethod
    def without_log(self, table: str) -> tuple[str, str]:
        """The statements between which changes of a table reach no log."""

    @abstractmethod
    def mark(self, folder: Path) -> None:
        """Remember where the replication of a folder is, if its server would forget the log from here."""

    @abstractmethod
    def go_back(self, folder: Path) -> None:
        """Let that replication start again from any checkpoint since the mark."""


class MariaDb(RealEngine):
    """MariaDB."""

    SQL_TYPES: ClassVar = {INT: "INT", BIGINT: "BIGINT", FLOAT: "FLOAT", DOUBLE: "DOUBLE", STRING: "VARCHAR(200)"}
    # DMS writes a FLOAT of MySQL as DOUBLE
    PARQUET_TYPES: ClassVar = {
        INT: pa.int32(), BIGINT: pa.int64(), FLOAT: pa.float64(), DOUBLE: pa.float64(), STRING: pa.string(),
    }  # fmt: skip
    ENDPOINT: ClassVar = {"EndpointType": "source", "EngineName": "mariadb", "MySqlSettings": _SECRET}
    DELETES_HAVE_KEYS_ONLY = False
    server: MariaDbServer

    def _connect(self) -> Any:  # noqa: ANN401 - pymysql's own
        return self.server.connect(autocommit=True, charset="utf8mb4")

    def end_of_log(self) -> Position:
        """By SHOW MASTER STATUS."""
        with self._connection.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            file, offset, *_ = cursor.fetchone()
        return Position(file, int(offset))

    def quoted(self, *names: str) -> str:
        """In backticks."""
        return ".".join(map(mysql.quoted, names))

    def create_schema(self, schema: str) -> None:
        """A database is a schema."""
        self.execute(f"CREATE DATABASE {self.quoted(schema)}")

    def drop_schema(self, schema: str) -> None:
        """The log is kept for nobody."""
        self.execute(f"DROP DATABASE {self.quoted(schema)}")

    def retyped(self, column: str, type_: str) -> str:
        """The type comes with all that is said of the column."""
        return f"MODIFY {self.quoted(column)} {type_} NULL"

    def without_log(self, _table: str) -> tuple[str, str]:
        """A session may write no log."""
        return "SET SESSION sql_log_bin = 0", "SET SESSION sql_log_bin = 1"

    def mark(self, folder: Path) -> None:
        """The server keeps its log."""

    def go_back(self, folder: Path) -> None:
        """The log is still there."""


class Postgres(RealEngine):
    """PostgreSQL."""

    SQL_TYPES: ClassVar = {
        INT: "INT",
        BIGINT: "BIGINT",
        FLOAT: "REAL",
        DOUBLE: "DOUBLE PRECISION",
        STRING: "VARCHAR(200)",
    }
    PARQUET_TYPES: ClassVar = {
        INT: pa.int32(), BIGINT: pa.int64(), FLOAT: pa.float32(), DOUBLE: pa.float64(), STRING: pa.string(),
    }  # fmt: skip
    ENDPOINT: ClassVar = {
        "EndpointType": "source", "EngineName": "postgres", "DatabaseName": DATABASE, "PostgreSqlSettings": _SECRET,
    }  # fmt: skip
    DELETES_HAVE_KEYS_ONLY = True
    server: PostgresServer

    def _connect(self) -> Any:  # noqa: ANN401 - psycopg's own
        return self.server.connect(autocommit=True)

    def end_of_log(self) -> Position:
        """By the place up to which the log is on disk."""
        ((place,),) = self._connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchall()
        return position_of(place)

    def quoted(self, *names: str) -> str:
        """In double quotes."""
        return postgres.quoted(*names)

    def create_schema(self, schema: str) -> None:
        """All schemas are in one database."""
        self.execute(f"CREATE SCHEMA {self.quoted(schema)}")

    def drop_schema(self, schema: str) -> None:
        """No replication outlives its history, and a slot would keep the log for it."""
        self.execute(f"DROP SCHEMA {self.quoted(schema)} CASCADE")
        self.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")

    def retyped(self, column: str, type_: str) -> str:
        """A type that holds more takes the values as they are."""
        return f"ALTER COLUMN {self.quoted(column)} TYPE {type_}"

    def without_log(self, table: str) -> tuple[str, str]:
        """Rows of an unlogged table are in no log, and none is written when it becomes a logged one."""
        return f"ALTER TABLE {table} SET UNLOGGED", f"ALTER TABLE {table} SET LOGGED"

    def mark(self, folder: Path) -> None:
        """A copy of the slot keeps the log; nobody confirms its changes."""
        slot = slot_of(folder)
        known = f"FROM pg_replication_slots WHERE slot_name = '{slot}_mark'"
        self.execute(f"SELECT pg_drop_replication_slot(slot_name) {known}")
        self.execute(f"SELECT pg_copy_logical_replication_slot('{slot}', '{slot}_mark')")

    def go_back(self, folder: Path) -> None:
        """The slot becomes a copy of the mark."""
        slot = slot_of(folder)
        self.execute(f"SELECT pg_drop_replication_slot('{slot}')")
        self.execute(f"SELECT pg_copy_logical_replication_slot('{slot}_mark', '{slot}')")


ENGINES: Mapping[str, tuple[type[MariaDbServer | PostgresServer], type[RealEngine]]] = {
    "mariadb": (MariaDbServer, MariaDb),
    "postgres": (PostgresServer, Postgres),
}


def connected(name: str, server: DatabaseServer) -> AbstractContextManager[RealEngine]:
    """The engine of this name on its running server."""
    return closing(ENGINES[name][1](server))
