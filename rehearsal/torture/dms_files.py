"""Writes the files that AWS DMS would write of one source table, in every shape that its settings allow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from rehearsal.source.dms import CHANGE_SEQUENCE, OP, DmsSettings
from rehearsal.source.dms_keys import DELIMITERS, SEQUENCES, DatePartitions, FileNames
from rehearsal.torture.history import STRING, Change, Row, SourceTable

REWOUND = 6
SCHEMA_NAME = "torture"


@dataclass(frozen=True, slots=True)
class DmsFile:
    """One file: its key, the types of its columns, its rows; a file without columns is no Parquet file at all."""

    key: str
    columns: Mapping[str, str]
    rows: tuple[Row, ...]

    @property
    def is_load(self) -> bool:
        """Whether it is a part of a full load."""
        return self.key.rpartition("/")[2].startswith("LOAD")


def any_settings(draw: Random) -> DmsSettings:
    """Settings of a DMS task and its S3 endpoint, drawn from all that are legal."""
    partitions = DatePartitions(draw.choice(list(SEQUENCES)), draw.choice(list(DELIMITERS)))  # type: ignore[arg-type]
    return DmsSettings(
        schema_name=SCHEMA_NAME,
        folder=draw.choice(("", "dms", "very/deep/folder", "2026/01/31")),
        date_partitions=draw.choice((None, partitions)),
        op_on_full_load=draw.choice((True, False)),
        full_load_sequence=draw.choice(("", None)),
        deletes_carry=draw.choice(("row", "key")),
        rows_per_file=draw.choice((None, 1, 2, 5)),
    )


class DmsTable:
    """The replication of one table: full loads of one moment, and the changes since, each at least once."""

    def __init__(self, name: str, source: SourceTable, settings: DmsSettings, clock: Callable[[], datetime]) -> None:
        self._name = name
        self._source = source
        self._settings = settings
        self._clock = clock
        self._names = FileNames(settings.schema_name, settings.folder, settings.date_partitions, clock)
        self._position = 0

    def full_load(self) -> list[DmsFile]:
        """Every row as it is now, in as many parts as the settings want; changes go on from here."""
        self._position = len(self._source.log)
        parts = _parts(list(self._source.rows.values()), self._settings.rows_per_file)
        return [self._load_part(number, rows) for number, rows in enumerate(parts, start=1)]

    def changes(self) -> list[DmsFile]:
        """The changes since the last call."""
        new, self._position = self._source.log[self._position :], len(self._source.log)
        return [self._change_file(part) for part in _parts(new, self._settings.rows_per_file)]

    def rewind(self, draw: Random) -> None:
        """Go back a little, as a task does that is started again from an older checkpoint."""
        self._position = max(0, self._position - draw.randint(1, REWOUND))

    def no_parquet(self) -> DmsFile:
        """A change file that nobody can read."""
        return DmsFile(self._change_key(), {}, ())

    def _load_part(self, number: int, rows: Sequence[Row]) -> DmsFile:
        added = {CHANGE_SEQUENCE: self._settings.full_load_sequence}
        if self._settings.op_on_full_load:
            added[OP] = "I"
        columns = self._columns(has_operation=self._settings.op_on_full_load)
        key = self._names.full_load(self._name, number)
        return DmsFile(key, columns, tuple({**row, **added} for row in rows))

    def _change_file(self, changes: Sequence[Change]) -> DmsFile:
        columns = self._columns(has_operation=True)
        return DmsFile(self._change_key(), columns, tuple(self._change_row(change, columns) for change in changes))

    def _change_row(self, change: Change, columns: Mapping[str, str]) -> dict[str, Any]:
        is_key_only = change.operation == "D" and self._settings.deletes_carry == "key"
        image = {name: change.row[name] for name in self._source.key} if is_key_only else change.row
        return {**dict.fromkeys(columns), **image, OP: change.operation, CHANGE_SEQUENCE: change.sequence}

    def _change_key(self) -> str:
        return self._names.changes(self._name, self._clock().isoformat())

    def _columns(self, *, has_operation: bool) -> dict[str, str]:
        operation = {OP: STRING} if has_operation else {}
        return {**operation, **self._source.columns, CHANGE_SEQUENCE: STRING}


def _parts(rows: Sequence[Any], size: int | None) -> Iterator[Sequence[Any]]:
    size = size or max(len(rows), 1)
    return (rows[start : start + size] for start in range(0, len(rows), size))
