"""The source of a drill: tables of its own, and the Parquet files that AWS DMS writes of them.

Its rows are what the lake is compared with. It shares no code with the lake.
"""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rehearsal.source.dms import CHANGE_SEQUENCE, OP, FileNames

SCHEMA, KEY = "drill", "ID"
COLUMNS: Mapping[str, pa.DataType] = {
    KEY: pa.int64(),
    "REGION": pa.string(),
    "AMOUNT": pa.int32(),
    "NOTE": pa.string(),
}
BEFORE = f"BI_{KEY}"
_SEQUENCE_DIGITS = 35
_REGIONS = ("north", "south", "east", None)
_ROWS_OF_A_PART = 50_000

Row = dict[str, Any]


@dataclass(frozen=True)
class SourceFile:
    """A file that DMS has written, or tries to."""

    table: str
    key: str
    body: bytes = field(repr=False)


@dataclass
class DrillTable:
    """One table: its rows by key, and the changes that no file has yet."""

    name: str
    draw: Random
    names: FileNames
    rows: dict[int, Row] = field(default_factory=dict)
    _unwritten: list[Row] = field(default_factory=list)
    _newest_key: int = 0
    _sequence: int = 0

    def fill(self, rows: int) -> None:
        """Give it its first rows, which its load will have."""
        for _ in range(rows):
            row = self._new_row()
            self.rows[row[KEY]] = row

    def change(self, count: int) -> None:
        """Insert, update and delete rows at random, and give some another key."""
        for _ in range(count):
            kind = self.draw.choices(("insert", "update", "delete", "key"), (3, 5, 2, 1))[0]
            if kind == "insert" or not self.rows:
                row = self._new_row()
                self._write("I", row, row[KEY])
            else:
                self._change_row(kind, self.draw.choice(list(self.rows)))

    def load(self) -> Iterator[SourceFile]:
        """Every row, in the parts of a full load."""
        rows = list(self.rows.values())
        for number, start in enumerate(range(0, max(len(rows), 1), _ROWS_OF_A_PART), start=1):
            part = [{**row, CHANGE_SEQUENCE: ""} for row in rows[start : start + _ROWS_OF_A_PART]]
            yield SourceFile(self.name, self.names.full_load(self.name, number), _parquet(part, COLUMNS))

    def changes(self) -> SourceFile | None:
        """The changes since the last file, in one file."""
        rows, self._unwritten = self._unwritten, []
        if not rows:
            return None
        columns = {OP: pa.string(), **COLUMNS, BEFORE: pa.int64()}
        key = self.names.changes(self.name, datetime.now(UTC).isoformat())
        return SourceFile(self.name, key, _parquet(rows, columns))

    def _change_row(self, kind: str, key: int) -> None:
        row = dict(self.rows[key])
        if kind == "delete":
            del self.rows[key]
            self._write("D", row, key, is_there=False)
            return
        if kind == "key":
            del self.rows[key]
            row |= {KEY: self._next_key()}
        else:
            row |= self._values()
        self._write("U", row, key)

    def _write(self, operation: str, row: Row, old_key: int, *, is_there: bool = True) -> None:
        if is_there:
            self.rows[row[KEY]] = row
        self._sequence += 1
        sequence = f"{self._sequence:0{_SEQUENCE_DIGITS}d}"
        before = {BEFORE: old_key} if operation == "U" else {}
        self._unwritten.append({**row, **before, OP: operation, CHANGE_SEQUENCE: sequence})

    def _new_row(self) -> Row:
        return {KEY: self._next_key(), **self._values()}

    def _next_key(self) -> int:
        self._newest_key += 1
        return self._newest_key

    def _values(self) -> Row:
        amount = self.draw.choice((None, self.draw.randrange(1_000_000)))
        return {"REGION": self.draw.choice(_REGIONS), "AMOUNT": amount, "NOTE": f"{self.draw.getrandbits(160):040x}"}


def drill_tables(count: int, *, rows: Sequence[int], seed: int, clock: Callable[[], datetime]) -> list[DrillTable]:
    """The tables of a drill, each filled; the numbers of rows take turns."""
    tables = [
        DrillTable(f"t{number}", Random(f"{seed}/{number}"), FileNames(SCHEMA, "", None, clock))
        for number in range(1, count + 1)
    ]
    for number, table in enumerate(tables):
        table.fill(rows[number % len(rows)])
    return tables


def _parquet(rows: list[Row], columns: Mapping[str, pa.DataType]) -> bytes:
    named = {**columns, CHANGE_SEQUENCE: pa.string()}
    table = pa.table({name: pa.array([row.get(name) for row in rows], type_) for name, type_ in named.items()})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="none", store_schema=False)
    content: bytes = buffer.getvalue().to_pybytes()
    return content
