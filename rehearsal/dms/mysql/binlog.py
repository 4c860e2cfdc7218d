"""Reads the log of a MariaDB or MySQL server: whole transactions, and statements that change tables.

mysql-replication decodes the log. What it gets wrong is mended here, so its version is pinned.
"""

import struct
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.event import BinLogEvent, ExecuteLoadQueryEvent, MariadbGtidEvent, RotateEvent, XidEvent
from pymysqlreplication.packet import BinLogPacketWrapper
from pymysqlreplication.row_event import DeleteRowsEvent, TableMapEvent, UpdateRowsEvent, WriteRowsEvent

from rehearsal.dms.columns import SourceColumn
from rehearsal.dms.log import (
    DELETE,
    INSERT,
    UPDATE,
    Position,
    RowChange,
    TableChanges,
    TableStatement,
    Transaction,
    UnknownValueError,
)
from rehearsal.dms.mysql.columns import is_mended, logged_columns, logged_value
from rehearsal.dms.mysql.errors import told_apart
from rehearsal.dms.mysql.statements import changes_rows, table_statements
from rehearsal.dms.source_errors import ReplicationFailedError

_LETTERS = {WriteRowsEvent: INSERT, UpdateRowsEvent: UPDATE, DeleteRowsEvent: DELETE}
_REPLICA_ID = 4711
_QUERY_EVENT, _TABLE_MAP_EVENT = 2, 19
_STANDALONE = 1  # the flag of a statement that is a transaction of its own, which has no end


class _StatementEvent(BinLogEvent):  # type: ignore[misc]
    """A logged statement without its status variables: the library raises on one that CREATE DATABASE has."""

    def __init__(self, packet: Any, size: int, table_map: Any, control: Any, **more: Any) -> None:  # noqa: ANN401
        super().__init__(packet, size, table_map, control, **more)
        *_, schema, _error, variables = struct.unpack("<IIBHH", self.packet.read(13))
        self.packet.read(variables)
        self.schema = self.packet.read(schema).decode()
        self.packet.read(1)
        self.query = self.packet.read(size - 14 - variables - schema).decode("utf-8", "replace")


_MAPS_KEPT = 1_000


class _TableMapEvent(TableMapEvent):  # type: ignore[misc]
    """The map of a table, parsed once: the log repeats it before each statement, and parsing it takes long."""

    known: ClassVar[dict[bytes, dict[str, Any]]] = {}

    def __init__(self, packet: Any, size: int, *rest: Any, **more: Any) -> None:  # noqa: ANN401
        raw = packet.packet._data[packet.packet._position :]  # noqa: SLF001
        if found := self.known.get(raw):
            self.__dict__ = found
            return
        super().__init__(packet, size, *rest, **more)
        if len(self.known) >= _MAPS_KEPT:
            self.known.clear()
        self.known[raw] = self.__dict__


BinLogPacketWrapper._BinLogPacketWrapper__event_map[_TABLE_MAP_EVENT] = _TableMapEvent  # noqa: SLF001
BinLogPacketWrapper._BinLogPacketWrapper__event_map[_QUERY_EVENT] = _StatementEvent  # noqa: SLF001
_EVENTS = [
    MariadbGtidEvent, XidEvent, _StatementEvent, ExecuteLoadQueryEvent, RotateEvent,
    WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent,
    _TableMapEvent,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoggedRows:
    """Rows of one table that one event of a transaction changed."""

    schema: str
    table: str
    event: Any

    def _check_image(self) -> None:
        """A session may log less than whole rows at any time."""
        everything = (1 << self.event.number_of_columns) - 1
        bitmaps = (getattr(self.event, f"columns_present_bitmap{end}", None) for end in ("", "2"))
        if any(
            bitmap is not None and int.from_bytes(bitmap, "little") & everything != everything for bitmap in bitmaps
        ):
            raise UnknownValueError(
                "the log lacks columns of a changed row: set binlog_row_image=FULL, in every session, then load the "
                "table again"
            )

    @property
    def layout(self) -> object:
        """The map of the table's columns."""
        return self.event.columns

    @property
    def key(self) -> None:
        """ALTER TABLE is in the log."""
        return None

    @property
    def size(self) -> int:
        """The bytes of the event."""
        return int(self.event.event_size)

    def __len__(self) -> int:
        return len(self.event.rows)

    def columns(
        self, unnamed: Mapping[str, str], hidden: tuple[str, ...], *, milliseconds: bool
    ) -> dict[str, SourceColumn]:
        """The columns that the table had then."""
        shown = [column for column in self.event.columns if column.name not in hidden]
        return logged_columns(shown, unnamed, milliseconds=milliseconds)

    def rows(self, columns: Mapping[str, SourceColumn], _key: tuple[str, ...] = ()) -> Iterator[RowChange]:
        """The changed rows; a delete has the whole row, and an update the former one."""
        self._check_image()
        operation = _LETTERS[type(self.event)]
        mended = [column for column in columns.values() if is_mended(column)]
        for row in self.event.rows:
            if operation == UPDATE:
                after = _mended(row["after_values"], row["after_none_sources"], mended)
                yield RowChange(operation, after, _mended(row["before_values"], row["before_none_sources"], mended))
            else:
                yield RowChange(operation, _mended(row["values"], row["none_sources"], mended))


def _mended(values: dict[str, Any], missing: Mapping[str, str], columns: list[SourceColumn]) -> dict[str, Any]:
    for column in columns:
        values[column.name] = logged_value(column, values[column.name], missing.get(column.name))
    return values


def read_log(connection: Mapping[str, Any], start: Position, until: Position) -> Iterator[Transaction]:
    """Read every transaction that ends after `start` and begins before `until`."""
    # is_mariadb would ignore file and position; without, the server still sends its own events
    reader = BinLogStreamReader(
        connection_settings=dict(connection), server_id=_REPLICA_ID, resume_stream=True, log_file=start.file,
        log_pos=start.offset, only_events=_EVENTS, enable_logging=False,
    )  # fmt: skip
    with told_apart(), closing(reader):
        yield from _transactions(reader, until)


def _table_statements(event: Any, reader: Any) -> Iterator[TableStatement]:  # noqa: ANN401 - untyped
    if isinstance(event, ExecuteLoadQueryEvent) or changes_rows(event.query):
        raise ReplicationFailedError(
            f"the log has a statement in place of the rows that it changed, before {reader.log_file}:{reader.log_pos}: "
            "set binlog_format=ROW, in every session, and load all tables again (reload-target)"
        )
    return table_statements(event.query, event.schema)


def _transactions(reader: Any, until: Position) -> Iterator[Transaction]:  # noqa: ANN401 - untyped
    events: list[TableChanges | TableStatement] = []
    is_open = False
    event: Any
    for event in reader:
        if isinstance(event, MariadbGtidEvent):
            # after a lost connection, the reader begins the transaction again
            events, is_open = [], not event.flags & _STANDALONE
            continue
        if isinstance(event, _TableMapEvent):
            continue
        if type(event) in _LETTERS:
            events.append(LoggedRows(event.schema, event.table, event))
            continue
        if isinstance(event, ExecuteLoadQueryEvent) or (
            isinstance(event, _StatementEvent) and event.query not in ("COMMIT", "ROLLBACK")
        ):
            events += _table_statements(event, reader)
        here = Position(reader.log_file, reader.log_pos)
        is_end = isinstance(event, XidEvent) or (isinstance(event, _StatementEvent) and event.query == "COMMIT")
        if is_end or (isinstance(event, _StatementEvent) and not is_open):
            # the end of a transaction is where the reader stands: within one, events have no position
            yield Transaction(here, datetime.fromtimestamp(event.timestamp, UTC), events)
            events, is_open = [], False
        if not is_open and here >= until:
            return
