"""Asks a PostgreSQL server: whether DMS can follow it, which tables it has, how they look, and what its log says."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.dms.endpoints import PostgreSqlSettings
from rehearsal.dms.log import Position, Transaction, UnknownValueError
from rehearsal.dms.postgres.columns import DeclaredColumn
from rehearsal.dms.postgres.connection import Connection, connected, quoted, texts
from rehearsal.dms.postgres.errors import told_apart
from rehearsal.dms.postgres.slot import Catalog, Described, Table, Values, transactions
from rehearsal.dms.postgres.snapshot import PLUGIN, SECONDS_TO_BE_SEEN, PostgresSnapshotReader, Seen, position_of
from rehearsal.dms.source import TableDefinition
from rehearsal.dms.source_errors import ReplicationFailedError, TableRedefinedError, log_is_gone

_LEAST_SECONDS = 10
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2"""
_TABLE = """
SELECT ARRAY(
  SELECT a.attname FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
  WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place)::text[], c.relkind, c.relpersistence, c.relreplident
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s"""
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL), format_type(a.atttypid, a.atttypmod), format_type(b.oid, NULL),
  b.typtype = 'e', CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attgenerated <> ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_PEEK = """
SELECT lsn - '0/0'::pg_lsn, data FROM pg_logical_slot_peek_changes(%s, %s::pg_lsn, NULL,
  'include-timestamp', 'on', 'skip-empty-xacts', 'on')"""


def slot_of(folder: Path) -> str:
    """The name of the slot that keeps the log for the replication of a folder."""
    return f"awsdms_{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:24]}"


class PostgresSource:
    """A PostgreSQL server by its connection: host, port, user, password, dbname."""

    def __init__(self, connection: Mapping[str, Any], settings: PostgreSqlSettings, folder: Path) -> None:
        """The folder of the replication names its slot."""
        self._connection = dict(connection)
        self._settings = settings
        self._slot = slot_of(folder)

    def check(self) -> None:
        """Fail if DMS could not follow this server's log, or the user may not."""
        with connected(self._connection) as connection:
            names = ("wal_level", "max_replication_slots", "wal_sender_timeout")
            found = dict(
                connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
            )
            (may_replicate,) = _one(connection, "SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = user")
        if found["wal_level"] != "logical":
            raise ReplicationFailedError(
                f"the source has wal_level={found['wal_level']}: set wal_level=logical and start it again, "
                "because other levels log no rows"
            )
        if 0 < int(found["wal_sender_timeout"]) < _LEAST_SECONDS * 1000:
            raise ReplicationFailedError(
                f"the source has wal_sender_timeout={found['wal_sender_timeout']} ms: DMS wants 0, or 10 s and more"
            )
        if not may_replicate:
            user = self._connection["user"]
            raise ReplicationFailedError(f"user {user} lacks REPLICATION: ALTER ROLE {user} REPLICATION")

    def keep_log(self, *, is_new: bool) -> None:
        """Create the slot of a new replication; the one of another must still have what was not read."""
        with connected(self._connection) as connection:
            known = connection.execute(
                "SELECT active, wal_status FROM pg_replication_slots WHERE slot_name = %s", [self._slot]
            ).fetchone()
            if not is_new:
                if known is None:
                    raise log_is_gone(f"replication slot {self._slot} does not exist")
                if known[1] == "lost":
                    raise log_is_gone(f"replication slot {self._slot} has lost its log to max_slot_wal_keep_size")
                return
            if known:
                connection.execute("SELECT pg_drop_replication_slot(%s)", [self._slot])
            connection.execute("SELECT pg_create_logical_replication_slot(%s, %s)", [self._slot, PLUGIN])

    def end_of_log(self) -> Position:
        """Where the log ends now."""
        with connected(self._connection) as connection:
            return position_of(_one(connection, "SELECT pg_current_wal_flush_lsn()::text")[0])

    def read_log(self, start: Position, until: Position) -> Iterator[Transaction]:
        """Read every transaction that ends after `start` and begins before `until`."""
        # what was not confirmed stays in the slot, so nothing is lost if this process dies
        with connected(self._connection) as connection, connected(self._connection) as asked:
            catalog = Catalog(self._settings, partial(_described, asked), _Rows(asked))
            with connection.transaction(), connection.cursor("log") as lines:
                lines.execute(_PEEK, [self._slot, str(until)])
                rows = ((int(place), data) for place, data in lines)
                yield from transactions(rows, catalog, start, _Waiting(asked))

    def confirm(self, position: Position) -> None:
        """Let the server remove its log up to this position."""
        with connected(self._connection) as connection:
            connection.execute(
                "SELECT pg_replication_slot_advance(slot_name, %(at)s::pg_lsn) FROM pg_replication_slots "
                "WHERE slot_name = %(slot)s AND confirmed_flush_lsn < %(at)s::pg_lsn",
                {"slot": self._slot, "at": str(position)},
            )

    def tables(self) -> list[tuple[str, str]]:
        """Schema and name of every table that the user may read."""
        with connected(self._connection) as connection:
            return [(schema, table) for schema, table in connection.execute(_TABLES)]

    def definition(self, schema: str, table: str, *, milliseconds: bool) -> TableDefinition:
        """How a table looks now; without columns if there is none."""
        with connected(self._connection) as connection:
            found = _described(connection, schema, table)
        shown = [column for column in found.columns if not column.is_generated]
        hidden = tuple(column.name for column in found.columns if column.is_generated)
        made = tuple(column.column(self._settings, milliseconds=milliseconds) for column in shown)
        declared = tuple((column.name, column.declared) for column in shown)
        is_named = found.key or found.identity == "f"
        caution = "" if is_named else "without a primary key, its updates and deletes are ignored"
        return TableDefinition(
            schema, table, made, found.key or (), declared, hidden, obstacle=_obstacle(found), caution=caution
        )

    def snapshots(self) -> PostgresSnapshotReader:
        """What reads rows."""
        return PostgresSnapshotReader(self._connection)


def _obstacle(found: Described) -> str:
    if found.kind == "p":
        return "it is partitioned, and the log has the names of its partitions only: select those"
    if found.persistence == "u":
        return "it is UNLOGGED, so no change of it is in the log"
    if found.identity in "ni":
        return (
            "its REPLICA IDENTITY is NOTHING or an index, so its deletes do not name the primary key: set it to "
            "DEFAULT or FULL"
        )
    return ""


def _described(connection: Connection, schema: str, table: str) -> Described:
    """How a table looks now; without columns if there is none."""
    with told_apart():
        columns = [DeclaredColumn(*row) for row in connection.execute(_COLUMNS, [schema, table])]
        found = connection.execute(_TABLE, [schema, table]).fetchone()
    return Described(columns, tuple(found[0]), *found[1:]) if found else Described(columns, None)


def _one(connection: Connection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query.encode()).fetchone()
    return row or ()


class _Waiting:
    """Waits until others see a transaction that is in the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen = Seen.by(connection)

    def __call__(self, transaction: int) -> None:
        while not self._seen.sees(transaction):
            time.sleep(SECONDS_TO_BE_SEEN)
            with told_apart():
                self._seen = Seen.by(self._connection)


class _Rows:
    """Reads columns of one row as they are now."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, table: Table, key: Values, names: Sequence[str]) -> Values | None:
        columns = ", ".join(quoted(name) for name in names)
        where = " AND ".join(f"{quoted(name)} = %s" for name in key)
        statement = f"SELECT {columns} FROM ONLY {quoted(*table)} WHERE {where}"  # noqa: S608
        try:
            with told_apart():
                found = texts(self._connection, statement, list(key.values()))
        except TableRedefinedError as error:
            raise UnknownValueError(
                f"an update left the large value of {names[0]} out, and the source can no longer tell it: {error}"
            ) from error
        return {name: column[0] for name, column in zip(names, found, strict=True)} if found[0] else None
