"""The operational database: SQLite tables whose triggers write a change log, as a transaction log would."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

# How the source's column types are stored in SQLite, and read back without loss.


def declared_type(type_: pa.DataType) -> str:
    """The SQLite type to declare: its affinity must not touch the value."""
    stored = _stored_as(type_)
    if pa.types.is_string(stored):
        return "TEXT"
    if pa.types.is_binary(stored):
        return "BLOB"
    return "REAL" if pa.types.is_floating(stored) else "INTEGER"


def to_sqlite(column: pa.ChunkedArray) -> list[Any]:
    """The values to store; times, dates and decimals become text that people can read and SQL can compare."""
    values: list[Any] = pc.cast(column, _stored_as(column.type)).to_pylist()
    return values


def from_sqlite(values: Sequence[Any] | Iterable[Any], type_: pa.DataType) -> pa.Array:
    """The stored values in the source's type; a value that the type cannot hold is an error."""
    return pc.cast(pa.array(values, _stored_as(type_)), type_)


def _stored_as(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(type_) or pa.types.is_boolean(type_):
        return pa.int64()
    if pa.types.is_floating(type_):
        return pa.float64()
    return pa.binary() if pa.types.is_binary(type_) else pa.string()


# ruff: noqa: S608 - names cannot be parameters of a statement, so they are quoted; values always are parameters


OPERATIONS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
"""Each logged operation and the row image it keeps: what came, or what was there before a delete."""

LOG_COLUMNS = [("position", pa.int64()), ("operation", pa.string()), ("logged_at", pa.string())]

# the log's time never goes back, whatever the machine's clock does: DMS derives the order of changes from it
LOG_CLOCK = """MAX(strftime('%Y-%m-%d %H:%M:%f', 'now'),
    COALESCE((SELECT logged_at FROM change_log ORDER BY position DESC LIMIT 1), ''))"""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table of the source: its columns as the source types them, and its primary key."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...] = ("PK_ID",)

    @property
    def log_name(self) -> str:
        """Where the triggers put the row images of this table."""
        return f"change_log_{self.name}"


class SourceDatabase:
    """A database in one file that can be queried, changed, and asked for everything that changed since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _connect(path)
        self.tables: dict[str, SourceTable] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def create_table(self, table: SourceTable) -> None:
        """Add an empty table; a single whole-number key is the row's own address."""
        columns = [f"{_quoted(field.name)} {declared_type(field.type)}" for field in table.schema]
        key = ", ".join(map(_quoted, table.key))
        self._connection.execute(f"CREATE TABLE {_quoted(table.name)} ({', '.join(columns)}, PRIMARY KEY ({key}))")
        self.tables[table.name] = table

    def load(self, name: str, rows: pa.Table) -> None:
        """Insert many rows of the table's own columns in one transaction."""
        columns = [to_sqlite(rows.column(field.name)) for field in self.tables[name].schema]
        with self.transaction() as connection:
            connection.executemany(_insert(name, len(columns)), zip(*columns, strict=True))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements that are all kept, rows and log alike, or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def capture_changes(self) -> None:
        """Switch the change log on for every table; changes made before are in the tables only."""
        with self.transaction() as connection:
            connection.execute("""CREATE TABLE IF NOT EXISTS change_log (
                position INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, logged_at TEXT NOT NULL)""")
            for table in self.tables.values():
                for statement in _capture_statements(table):
                    connection.execute(statement)

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        """Read tables and log as they are now, while others go on writing."""
        with closing(_connect(self._path)) as connection:
            connection.execute("BEGIN")
            yield Snapshot(connection, self.tables)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole database at one moment."""

    connection: sqlite3.Connection
    tables: Mapping[str, SourceTable]

    def log_position(self) -> int:
        """The number of the last change that this snapshot holds; 0 if nothing was ever logged."""
        (position,) = self.connection.execute("SELECT COALESCE(MAX(position), 0) FROM change_log").fetchone()
        return int(position)

    def rows(self, name: str) -> pa.Table:
        """Every row of a table, ordered by key, in the source's types."""
        table = self.tables[name]
        order = ", ".join(map(_quoted, table.key))
        return self._query(f"SELECT * FROM {_quoted(name)} ORDER BY {order}", (), table.schema)

    def changes(self, name: str, after: int) -> pa.Table:
        """Every logged change of a table after a position, in the order it was made, with its row image."""
        table = self.tables[name]
        images = ", ".join(f"image.{_quoted(column)}" for column in table.schema.names)
        schema = pa.schema([*(pa.field(*column) for column in LOG_COLUMNS), *table.schema])
        query = f"""SELECT log.position, log.operation, log.logged_at, {images}
            FROM {_quoted(table.log_name)} AS image JOIN change_log AS log ON log.position = image.log_position
            WHERE image.log_position > ? ORDER BY image.log_position"""
        return self._query(query, (after,), schema)

    def _query(self, query: str, parameters: Sequence[Any], schema: pa.Schema) -> pa.Table:
        rows = self.connection.execute(query, parameters).fetchall()
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        values = [from_sqlite(column, field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.table(values, schema=schema)


def _connect(path: Path) -> sqlite3.Connection:
    # one thread may fill a database and another change it, never two at once
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    # only then does INSERT OR REPLACE log the delete of the row that it replaces
    connection.execute("PRAGMA recursive_triggers = ON")
    return connection


def _capture_statements(table: SourceTable) -> Iterator[str]:
    columns = [f"{_quoted(field.name)} {declared_type(field.type)}" for field in table.schema]
    log = _quoted(table.log_name)
    yield f"CREATE TABLE IF NOT EXISTS {log} (log_position INTEGER PRIMARY KEY, {', '.join(columns)})"
    for operation, row in OPERATIONS.items():
        image = ", ".join(f"{row}.{_quoted(name)}" for name in table.schema.names)
        yield f"""CREATE TRIGGER IF NOT EXISTS {_quoted(f"{table.name}_{operation.lower()}")}
            AFTER {operation} ON {_quoted(table.name)} BEGIN
                INSERT INTO change_log (operation, logged_at) VALUES ('{operation}', {LOG_CLOCK});
                INSERT INTO {log} VALUES (last_insert_rowid(), {image});
            END"""
    changed = " OR ".join(f"NEW.{_quoted(name)} IS NOT OLD.{_quoted(name)}" for name in table.key)
    yield f"""CREATE TRIGGER IF NOT EXISTS {_quoted(f"{table.name}_key")} BEFORE UPDATE ON {_quoted(table.name)}
        WHEN {changed} BEGIN SELECT RAISE(ABORT, 'a primary key never changes: delete and insert'); END"""


def _insert(name: str, columns: int) -> str:
    return f"INSERT INTO {_quoted(name)} VALUES ({', '.join('?' * columns)})"


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
