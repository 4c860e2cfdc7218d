"""Compares what the tester's generator claims that DMS writes of a table with what the stand-in writes of it.

Both see the same changes. What the two may differ in, and why, is the list in docs/source.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from rehearsal.dms.checkpoint import CheckpointFile
from rehearsal.dms.replication import Replication
from rehearsal.source.dms import CHANGE_SEQUENCE, OP
from rehearsal.torture.dms_files import BEFORE, DmsFile, DmsTable
from rehearsal.torture.real_source.mirrored_table import MirroredTable
from rehearsal.torture.real_source.real_table import RealTable

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_FULL_LOAD, _CHANGES, _BOTH = "full-load", "cdc", "full-load-and-cdc"


@dataclass(slots=True)
class PlayedTable(DmsTable):
    """The generator's files, each compared with those of the stand-in; the history goes on with the generator's."""

    real: RealTable = field(kw_only=True)
    _changes_task: Replication | None = None
    _loaded_at: int = 0
    _sequences: dict[int, str] = field(default_factory=dict)
    """What the stand-in gave as the order of each line; a repeated line has the same."""

    def begin(self) -> None:
        """Start what follows the log: the table has no row yet."""
        self._changes_task = self._replication(self._kind)
        self._changes_task.start()
        self.real.engine.mark(self._state_folder)

    def full_load(self) -> list[DmsFile]:
        """The parts of a load, after they were compared."""
        claimed = super(PlayedTable, self).full_load()
        task = self._replication(_FULL_LOAD) if self.writes_changes_apart else self._changes_task
        assert task  # noqa: S101 - `begin` has made it
        task.reload_all()
        if not self.writes_changes_apart:
            self._loaded_at = len(self.source.log)
            self.real.engine.mark(self._state_folder)
        self._compare_load(claimed, self.real.files.taken())
        return claimed

    def changes(self) -> list[DmsFile]:
        """The files of changes, after they were compared."""
        first = self._position
        claimed = super(PlayedTable, self).changes()
        assert self._changes_task  # noqa: S101 - `begin` has made it
        self._changes_task.step(write=True)
        written = self.real.files.taken()
        self._compare_names(claimed, written)
        self._compare_changes(first, written)
        return claimed

    def rewind(self, draw: Random) -> None:
        """Start the task again from an older checkpoint; it still skips what its load has."""
        before = self._position
        super(PlayedTable, self).rewind(draw)
        self._position = min(before, max(self._position, self._loaded_at))
        file = CheckpointFile(self._state_folder)
        checkpoint = file.read()
        checkpoint.position = self._mirrored.ends[self._position]
        checkpoint.sequence -= len(self._logged(self._position, before))
        last = max((number for number in self._sequences if number < self._position), default=None)
        checkpoint.latest = _EARLIEST if last is None else _time_of(self._sequences[last])
        file.write(checkpoint)
        self.real.engine.go_back(self._state_folder)
        self._changes_task = self._replication(self._kind)

    @property
    def _kind(self) -> str:
        return _CHANGES if self.writes_changes_apart else _BOTH

    @property
    def _state_folder(self) -> Path:
        """Where the replication that writes changes keeps its checkpoint."""
        return self.real.folder / self._kind

    @property
    def _mirrored(self) -> MirroredTable:
        assert isinstance(self.source, MirroredTable)  # noqa: S101 - as every played table
        return self.source

    def _replication(self, kind: str) -> Replication:
        return self.real.replication(kind, self.settings, before_images=self.before_images)

    def _logged(self, first: int, last: int) -> list[int]:
        return [number for number in range(first, last) if number not in self._mirrored.unlogged]

    def _compare_load(self, claimed: Sequence[DmsFile], written: Sequence[tuple[str, pa.Table]]) -> None:
        keys = [key for key, _ in written]
        names = [f"{self.folder}LOAD{number:08X}.parquet" for number in range(1, len(written) + 1)]
        self._check("the names of a load", names if claimed else [], keys)
        expected = [_known(row, {CHANGE_SEQUENCE}, part.columns) for part in claimed for row in part.rows]
        found = [_known(row, {CHANGE_SEQUENCE}) for _, table in written for row in table.to_pylist()]
        self.real.compared["rows of loads"] += len(expected)
        self._check("the rows of a load", _sorted(expected), _sorted(found))
        for _, table in written:
            operation = {OP: pa.string()} if self.settings.op_on_full_load else {}
            self._compare_types(table, operation)
            self._check("the order in a load", {""}, set(table[CHANGE_SEQUENCE].to_pylist()))

    def _compare_names(self, claimed: Sequence[DmsFile], written: Sequence[tuple[str, pa.Table]]) -> None:
        if written:
            shapes = _shapes(file.key for file in claimed), _shapes(key for key, _ in written)
            self._check("the names of changes", *shapes)

    def _compare_changes(self, first: int, written: Sequence[tuple[str, pa.Table]]) -> None:
        lines = self._logged(first, len(self.source.log))
        rows = [row for _, table in written for row in table.to_pylist()]
        expected = [self._claimed(number) for number in lines]
        self.real.compared["rows of changes"] += len(expected)
        self.real.compared["changes that are no changes"] += len(self.source.log) - first - len(lines)
        self._check("the rows of changes", expected, [_known(row, {CHANGE_SEQUENCE}) for row in rows])
        sequences = [row[CHANGE_SEQUENCE] for row in rows]
        self._check("the order of changes", sorted(set(sequences)), sequences)
        for number, sequence in zip(lines, sequences, strict=False):
            self.real.compared["repeated changes"] += number in self._sequences
            self._check("the order of a repeated change", self._sequences.setdefault(number, sequence), sequence)
        if written and lines and lines[-1] == len(self.source.log) - 1 and self._is_of_present_columns(lines[-1]):
            images = self.source.key if self.before_images else ()
            more = {f"{BEFORE}{name}": self.real.engine.PARQUET_TYPES[self.source.columns[name]] for name in images}
            self._compare_types(written[-1][1], {OP: pa.string(), **more})

    def _is_of_present_columns(self, number: int) -> bool:
        """Whether no column has changed since this line: types are not in it, so the log's end says whether."""
        return self._mirrored.ends[number + 1] == self.real.engine.end_of_log()

    def _claimed(self, number: int) -> dict[str, Any]:
        change = self.source.log[number]
        before: dict[str, Any] = {}
        if self.before_images and change.operation == "U":
            old = change.old_key or self.source.key_of(change.row)
            before = {f"{BEFORE}{name}": value for name, value in zip(self.source.key, old, strict=True)}
        row: Mapping[str, Any] = self._mirrored.logged_rows[number]
        if change.operation == "D" and self.real.engine.DELETES_HAVE_KEYS_ONLY:
            row = {name: row[name] for name in self.source.key}
        return _known({OP: change.operation, **row, **before}, ())

    def _compare_types(self, table: pa.Table, more: Mapping[str, pa.DataType]) -> None:
        source = {name: self.real.engine.PARQUET_TYPES[type_] for name, type_ in self.source.columns.items()}
        expected = {**source, CHANGE_SEQUENCE: pa.string(), **more}
        self._check("the columns", expected, {column.name: column.type for column in table.schema})

    def _check(self, what: str, claimed: object, found: object) -> None:
        if claimed != found:
            self.real.differences.append(
                f"{self.name}: {what}: the tester claims {claimed}, DMS's stand-in has {found}"
            )


def _shapes(keys: Iterable[str]) -> set[str]:
    """Names without their times: the tester has a clock of its own."""
    return {re.sub(r"\d", "9", key) for key in keys}


def _time_of(sequence: str) -> datetime:
    """The time in a change sequence."""
    return datetime.strptime(sequence[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _known(row: Mapping[str, Any], but: Iterable[str], columns: Iterable[str] | None = None) -> dict[str, Any]:
    """The values of a row in these columns; a column that a file lacks is NULL."""
    names = set(row if columns is None else columns) - set(but)
    return {name: value for name, value in row.items() if value is not None and name in names}


def _sorted(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    return sorted((sorted(row.items()) for row in rows), key=repr)
