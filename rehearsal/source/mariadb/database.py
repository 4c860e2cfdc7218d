"""One schema of a MariaDB server as an operational database: filled, changed, and read at one moment."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.converters import encoders

from rehearsal.dms.log import Position
from rehearsal.source.database import SourceTable
from rehearsal.source.mariadb.program import MariaDbError
from rehearsal.source.mariadb.server import MariaDbServer

if TYPE_CHECKING:
    import pymysql

# ruff: noqa: S608 - names cannot be parameters of a statement, so they are quoted; values always are parameters

_ROWS_AT_ONCE = 10_000
_SECONDS_TO_ANSWER = 120
"""A server that hangs fails whoever asks it."""
_TYPES = (
    (pa.types.is_boolean, "TINYINT"),
    (pa.types.is_int64, "BIGINT"),
    (pa.types.is_integer, "INT"),
    (pa.types.is_floating, "DOUBLE"),
    (pa.types.is_timestamp, "DATETIME(6)"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_string, "VARCHAR(255)"),
)


def declared_type(type_: pa.DataType) -> str:
    """The type to declare for a column whose values have this type."""
    found = next((declared for belongs, declared in _TYPES if belongs(type_)), None)
    if found is None:
        raise ValueError(f"no column of the demo's database has the type {type_}")
    return found


class MariaDbDatabase:
    """A new schema on a running server; each transaction has its own connection."""

    def __init__(self, server: MariaDbServer, schema: str) -> None:
        self.server, self.schema = server, schema
        self.tables: dict[str, SourceTable] = {}
        self._run(f"CREATE DATABASE {_quoted(schema)}", database=None)

    def create_table(self, table: SourceTable) -> None:
        """Add an empty table."""
        columns = [f"{_quoted(field.name)} {declared_type(field.type)}" for field in table.schema]
        key = ", ".join(map(_quoted, table.key))
        self._run(f"CREATE TABLE {_quoted(table.name)} ({', '.join(columns)}, PRIMARY KEY ({key}))")
        self.tables[table.name] = table

    def add_column(self, name: str, field: pa.Field) -> None:
        """Add a column to a table; rows that exist have NULL there."""
        self._run(f"ALTER TABLE {_quoted(name)} ADD COLUMN {_quoted(field.name)} {declared_type(field.type)}")
        table = self.tables[name]
        self.tables[name] = replace(table, schema=table.schema.append(field))

    def load(self, name: str, rows: pa.Table) -> None:
        """Insert many rows of the table's own columns in one transaction; a value that does not fit is an error."""
        columns = self.tables[name].schema.names
        with tempfile.TemporaryDirectory() as folder, self.transaction() as connection:
            file = Path(folder) / "rows.tsv"
            file.write_bytes(tab_separated(rows.select(columns)))
            connection.execute(
                f"LOAD DATA LOCAL INFILE ? INTO TABLE {_quoted(name)} CHARACTER SET utf8mb4 "
                f"({', '.join(map(_quoted, columns))})",
                (str(file),),
            )
            # with LOCAL the server drops or changes what it cannot take, and only warns
            if warnings := list(connection.execute("SHOW WARNINGS LIMIT 3")):
                raise MariaDbError(f"{name} cannot be filled: {warnings}")

    @contextmanager
    def transaction(self) -> Iterator["MariaDbTransaction"]:
        """Run statements that are all kept, or none."""
        with self._connected() as connection:
            connection.begin()
            yield MariaDbTransaction(connection)
            connection.commit()

    @contextmanager
    def snapshot(self) -> Iterator["MariaDbSnapshot"]:
        """Read tables as they are now, while others go on writing."""
        with self._connected(conv=encoders) as connection, connection.cursor() as cursor:  # without decoders, as texts
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            yield MariaDbSnapshot(connection, self.tables)

    def end_of_log(self) -> Position:
        """Where the log of changes ends now."""
        with self.transaction() as connection:
            file, position, *_ = next(iter(connection.execute("SHOW MASTER STATUS")))
        return Position(str(file), int(position))

    def _run(self, statement: str, **options: Any) -> None:  # noqa: ANN401
        with self._connected(**options) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _connected(self, **options: Any) -> Iterator["pymysql.Connection[Any]"]:  # noqa: ANN401
        answers = {"read_timeout": _SECONDS_TO_ANSWER, "write_timeout": _SECONDS_TO_ANSWER}
        usual = {"database": self.schema, "charset": "utf8mb4", "local_infile": True, **answers}
        with self.server.connect(**{**usual, **options}) as connection:  # closes, which undoes what is not committed
            yield connection


@dataclass(frozen=True, slots=True)
class MariaDbTransaction:
    """Statements that are kept together; `?` stands for a parameter."""

    connection: "pymysql.Connection[Any]"

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Iterable[tuple[Any, ...]]:
        """Run a statement, and give the rows that it finds."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement.replace("?", "%s"), tuple(parameters))
            return tuple(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class MariaDbSnapshot:
    """The whole schema at one moment."""

    connection: "pymysql.Connection[Any]"
    tables: dict[str, SourceTable]

    def rows(self, name: str) -> pa.Table:
        """Every row of a table, ordered by key, in the types of its schema."""
        schema = self.tables[name].schema
        columns = ", ".join(map(_quoted, schema.names))
        order = ", ".join(map(_quoted, self.tables[name].key))
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {_quoted(name)} ORDER BY {order}")
            batches = iter(lambda: cursor.fetchmany(_ROWS_AT_ONCE), ())
            return pa.concat_tables([schema.empty_table(), *(_typed(batch, schema) for batch in batches if batch)])


def tab_separated(rows: pa.Table) -> bytes:
    r"""Write rows as LOAD DATA reads them: \N is no value, and \ hides a character that has a meaning."""
    texts = [_text(column) for column in rows.columns]
    lines = pc.binary_join_element_wise(*texts, "\t").to_pylist()
    return "".join(f"{line}\n" for line in lines).encode()


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    texts = pc.cast(column, pa.string())
    if pa.types.is_string(column.type):
        texts = pc.replace_substring_regex(texts, pattern=r"([\\\t])", replacement=r"\\\1")
        texts = pc.replace_substring(texts, pattern="\n", replacement=r"\n")
    return pc.fill_null(texts, r"\N")


def _typed(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table([_column(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema)


def _column(values: Sequence[str | None], type_: pa.DataType) -> pa.Array:
    texts = pa.array(values, pa.string())
    return pc.cast(pc.cast(texts, pa.int8()), type_) if pa.types.is_boolean(type_) else pc.cast(texts, type_)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
