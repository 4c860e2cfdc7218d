"""Connects to a PostgreSQL server so that each value has one text, whatever the server's settings are."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from rehearsal.dms.postgres.errors import told_apart

_SECONDS_TO_CONNECT = 10
_OPTIONS = {
    "DateStyle": "ISO", "IntervalStyle": "postgres", "TimeZone": "UTC", "bytea_output": "hex",
    "extra_float_digits": "1", "lc_monetary": "C", "client_encoding": "UTF8",
    # only with no schema in it, types have the same names for everyone
    "search_path": "pg_catalog",
    # otherwise a policy could hide rows, and say nothing
    "row_security": "off",
    "default_transaction_read_only": "on",
    # a new slot waits for the transactions that are open, and a load for an ALTER TABLE
    "lock_timeout": "60s",
}  # fmt: skip
Connection = psycopg.Connection[Any]


def connect(given: Mapping[str, Any], **more: Any) -> Connection:  # noqa: ANN401 - as libpq has them
    """Connect; each statement is a transaction of its own unless a BEGIN says otherwise."""
    options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
    return psycopg.connect(
        **{"connect_timeout": _SECONDS_TO_CONNECT, **given, "options": options, **more}, autocommit=True
    )


@contextmanager
def connected(given: Mapping[str, Any]) -> Iterator[Connection]:
    """Connect for some questions; what goes wrong is told as loss or failure."""
    with told_apart(), connect(given) as connection:
        yield connection


def texts(connection: Connection, statement: str, values: Sequence[Any] = ()) -> list[list[str | None]]:
    """The answer to a statement by column, each value as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        cursor.execute(statement.encode(), values or None)
        result = cursor.pgresult
        if result is None:
            return []
        rows = range(result.ntuples)
        return [
            [None if (value := result.get_value(row, column)) is None else value.decode() for row in rows]
            for column in range(result.nfields)
        ]


def quoted(*names: str) -> str:
    """A name for a statement."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
