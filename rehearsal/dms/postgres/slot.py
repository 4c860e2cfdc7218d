"""Reads a replication slot: the changes of each transaction, with what the log leaves out."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.dms.columns import SourceColumn
from rehearsal.dms.endpoints import PostgreSqlSettings
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
    Verb,
)
from rehearsal.dms.postgres.columns import DeclaredColumn, logged_column, value_of
from rehearsal.dms.postgres.decoded_lines import UNCHANGED, Line, Text, Truncation, read_commit, read_line

_log = logging.getLogger(__name__)
Table = tuple[str, str]
Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Described:
    """A table as the catalog has it now."""

    columns: Sequence[DeclaredColumn]
    key: tuple[str, ...] | None
    """None if there is no such table."""
    kind: str = "r"
    persistence: str = "p"
    identity: str = "d"


class Catalog:
    """What the source says beside its log, while one stretch of the log is read."""

    def __init__(
        self,
        settings: PostgreSqlSettings,
        describe: Callable[[str, str], Described],
        values: Callable[[Table, Values, Sequence[str]], Values | None],
    ) -> None:
        """`describe` tells of a table as it is now; `values` reads columns of one row by its key."""
        self.settings = settings
        self.values = values
        self._describe = describe
        self._layouts: dict[Table, Layout] = {}

    def layout(self, line: Line) -> "Layout":
        """The columns of a line; a delete has those of the line before."""
        table = (line.schema, line.table)
        known = self._layouts.get(table)
        if known is None or (line.layout and line.layout != known.named):
            described = self._describe(*table)
            named = line.layout or tuple((column.name, column.logged) for column in described.columns)
            known = self._layouts[table] = Layout(named, described)
        return known


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table at a place in the log."""

    named: tuple[tuple[str, str], ...]
    """Each with the name of its type, to which the log adds no length and no precision."""
    described: Described

    def columns(self, settings: PostgreSqlSettings, *, milliseconds: bool) -> dict[str, SourceColumn]:
        """The columns in files; precision and scale are those of the catalog, if the type is still the same."""
        made, declared = {}, {column.name: column for column in self.described.columns}
        for name, logged in self.named:
            column = declared.get(name)
            if column is None or column.logged != logged:
                column = logged_column(name, logged)
            made[name] = column.column(settings, milliseconds=milliseconds)
        return made


@dataclass(slots=True)
class LoggedLines:
    """Rows of one table that a transaction changed one after another."""

    schema: str
    table: str
    layout: Layout
    catalog: Catalog = field(repr=False)
    lines: list[Line] = field(default_factory=list)
    size: int = 0

    @property
    def key(self) -> tuple[str, ...] | None:
        """The primary key as it is now; None if the table is gone."""
        return self.layout.described.key

    def __len__(self) -> int:
        return len(self.lines)

    def takes(self, line: Line, layout: Layout) -> bool:
        """Whether the line is of the same table and columns."""
        return (self.schema, self.table) == (line.schema, line.table) and self.layout is layout

    def columns(
        self, _unnamed: Mapping[str, str], hidden: tuple[str, ...], *, milliseconds: bool
    ) -> dict[str, SourceColumn]:
        """The columns of the lines."""
        columns = self.layout.columns(self.catalog.settings, milliseconds=milliseconds)
        return {name: column for name, column in columns.items() if name not in hidden}

    def rows(self, columns: Mapping[str, SourceColumn], key: tuple[str, ...]) -> Iterator[RowChange]:
        """The changed rows; what names no row is ignored, as DMS does."""
        for line in self.lines:
            if line.verb == "INSERT":
                yield RowChange(INSERT, _read(columns, line.new))
            elif not line.old and not key:
                _log.warning(
                    "%s.%s: %s ignored, because its log names no row: the table needs a primary key, or REPLICA "
                    "IDENTITY FULL", self.schema, self.table, line.verb,
                )  # fmt: skip
            elif line.verb == "DELETE":
                self._check_key(line.old, key)
                yield RowChange(DELETE, _read(columns, line.old))
            else:
                yield self._update(columns, key, line)

    def _update(self, columns: Mapping[str, SourceColumn], key: tuple[str, ...], line: Line) -> RowChange:
        if line.old:
            self._check_key(line.old, key)
        # without an old key, the key is what it was
        before = line.old or {name: line.new.get(name) for name in key}
        after = self._completed(line, key, [name for name in line.new if name in columns])
        return RowChange(UPDATE, _read(columns, after), _read(columns, before))

    def _completed(self, line: Line, key: tuple[str, ...], shown: Iterable[str]) -> Mapping[str, Text]:
        """The new row; an unchanged large value is that of the old row, if the log has it, or read again."""
        missing = [name for name in shown if line.new[name] is UNCHANGED]
        if not missing:
            return line.new
        if set(missing) <= line.old.keys():
            return line.new | {name: line.old[name] for name in missing}
        where = {name: _text(line.new.get(name)) for name in key}
        found = self.catalog.values((self.schema, self.table), where, missing)
        # the row is gone: a later line of the log deletes it, or gives it another key and is completed itself
        return line.new | (found or dict.fromkeys(missing))

    def _check_key(self, old: Mapping[str, Text], key: tuple[str, ...]) -> None:
        if left_out := [name for name in key if name not in old]:
            raise UnknownValueError(
                f"the log leaves column {left_out[0]} of the primary key out, as the replica identity lacks it: "
                f"ALTER TABLE {self.schema}.{self.table} REPLICA IDENTITY DEFAULT, then load the table again"
            )


def _text(value: Text) -> str | None:
    return value if isinstance(value, str) else None


def _read(columns: Mapping[str, SourceColumn], texts: Mapping[str, Text]) -> dict[str, Any]:
    return {name: value_of(column, _text(texts[name])) for name, column in columns.items() if name in texts}


def transactions(
    rows: Iterable[tuple[int, str]], catalog: Catalog, start: Position, wait_for: Callable[[int], None]
) -> Iterator[Transaction]:
    """The transactions that end after `start`; each row of the slot comes with its place.

    A transaction is in the log a moment before others see it, so `wait_for` is called before the catalog is asked.
    """
    lines: list[tuple[Line | Truncation, int]] = []
    for place, data in rows:
        if commit := read_commit(data):
            end = Position("", place)
            if end > start:
                wait_for(commit.transaction)
                yield Transaction(end, commit.at, _events(lines, catalog))
            lines = []
        elif line := read_line(data):
            lines.append((line, len(data)))


def _events(lines: Iterable[tuple[Line | Truncation, int]], catalog: Catalog) -> list[TableChanges | TableStatement]:
    events: list[TableChanges | TableStatement] = []
    for line, size in lines:
        if isinstance(line, Truncation):
            events += (TableStatement(Verb.TRUNCATE, *table) for table in line.tables)
            continue
        layout = catalog.layout(line)
        last = events[-1] if events else None
        if not isinstance(last, LoggedLines) or not last.takes(line, layout):
            last = LoggedLines(line.schema, line.table, layout, catalog)
            events.append(last)
        last.lines.append(line)
        last.size += size
    return events
