"""Reads the lines of PostgreSQL's plugin test_decoding, which DMS uses where the source has no pglogical.

A line has one row. It names each column with its type, without length or precision. A delete has what the table's
replica identity says, by default the key. A large value that an update did not change is left out.
"""

import re
from dataclasses import dataclass
from datetime import datetime

UNCHANGED = object()
"""Stands for a large value that the log leaves out, as the update did not change it."""
Text = str | None | object
"""A value as PostgreSQL writes it, NULL, or UNCHANGED."""

_QUOTED = r'"(?:[^"]|"")*"'
_PART = rf"(?:{_QUOTED}|[^\s\"\[.,:]+)"
_NAME = rf"({_PART})\.({_PART})"
_LINE = re.compile(rf"table ({_NAME}(?:, {_NAME})*): (INSERT|UPDATE|DELETE|TRUNCATE):")
_ONE_NAME = re.compile(_NAME)
_COLUMN = re.compile(
    rf"""\ ({_PART})                             # the column
        \[((?:\[\]|{_QUOTED}|[^\]\["])*)\]:      # its type; that of an array ends in []
        (?:'([^']*(?:''[^']*)*)'                 # a text
        |B'([01]*)'                              # bits
        |([^\s]+))                               # a number, a truth, null, unchanged-toast-datum""",
    re.VERBOSE,
)
_COMMIT = re.compile(r"COMMIT (\d+) \(at (.*)\)")
_OLD, _NEW = " old-key:", " new-tuple:"


@dataclass(frozen=True, slots=True)
class Line:
    """One changed row, with texts by column."""

    verb: str
    schema: str
    table: str
    new: dict[str, Text]
    """Of a delete empty."""
    old: dict[str, Text]
    """What identifies the row, if the log has it: of an update only if it has changed, or if the identity is FULL."""
    layout: tuple[tuple[str, str], ...]
    """Each column of the row with the name of its type; of a delete empty."""


@dataclass(frozen=True, slots=True)
class Truncation:
    """Tables that one statement truncated."""

    tables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """The end of a transaction."""

    transaction: int
    at: datetime


def read_commit(data: str) -> Commit | None:
    """A COMMIT; None of every other line."""
    found = _COMMIT.fullmatch(data)
    return Commit(int(found[1]), datetime.fromisoformat(found[2])) if found else None


def read_line(data: str) -> Line | Truncation | None:
    """A changed row or a truncation; None of BEGIN, COMMIT and messages."""
    found = _LINE.match(data)
    if not found:
        return None
    verb = found[found.re.groups]
    if verb == "TRUNCATE":
        tables = _ONE_NAME.finditer(found[1])
        return Truncation(tuple((_plain(each[1]), _plain(each[2])) for each in tables))
    schema, table, end = _plain(found[2]), _plain(found[3]), found.end()
    if verb == "DELETE":
        return Line(verb, schema, table, {}, _values(_columns(data, end)[0]), ())
    old: list[_Column] = []
    if data.startswith(_OLD, end):
        old, end = _columns(data, end + len(_OLD))
        end += len(_NEW)
    new, _ = _columns(data, end)
    return Line(verb, schema, table, _values(new), _values(old), tuple((name, type_) for name, type_, _ in new))


_Column = tuple[str, str, Text]


def _columns(data: str, start: int) -> tuple[list[_Column], int]:
    """The columns from here on, and where they end."""
    columns: list[_Column] = []
    while found := _COLUMN.match(data, start):
        name, type_, text, bits, bare = found.groups()
        start = found.end()
        columns.append((_plain(name), type_, _value(text, bits, bare)))
    return columns, start


def _values(columns: list[_Column]) -> dict[str, Text]:
    return {name: value for name, _, value in columns}


def _value(text: str | None, bits: str | None, bare: str | None) -> Text:
    if text is not None:
        return text.replace("''", "'")
    if bits is not None:
        return bits
    if bare == "null":
        return None
    return UNCHANGED if bare == "unchanged-toast-datum" else bare


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
