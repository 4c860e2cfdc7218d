"""Writes the files that AWS DMS would write of one source table, in every shape that its settings allow."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from rehearsal.source.dms import CHANGE_SEQUENCE, DELIMITERS, OP, SEQUENCES, DatePartitions, DmsSettings, FileNames
from rehearsal.torture.evidence import Version
from rehearsal.torture.source_table import STRING, Change, Row, SourceTable

REWOUND = 6
SCHEMA_NAME = "torture"
BEFORE = "BI_"


@dataclass(frozen=True, slots=True)
class DmsFile:
    """One file: its key, the types of its columns, its rows; a file without columns is no Parquet file at all."""

    key: str
    columns: Mapping[str, str]
    rows: tuple[Row, ...]

    @property
    def is_load(self) -> bool:
        """Whether it is a part of a full load."""
        return "LOAD" in self.key.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The file's name, without its folders."""
        return self.key.rpartition("/")[2]


def any_settings(draw: Random, folder: str) -> DmsSettings:
    """Settings of a DMS task and its S3 endpoint, drawn from all that are legal."""
    partitions = DatePartitions(draw.choice(list(SEQUENCES)), draw.choice(list(DELIMITERS)))  # type: ignore[arg-type]
    return DmsSettings(
        schema_name=SCHEMA_NAME,
        folder=folder,
        date_partitions=draw.choice((None, partitions)),
        op_on_full_load=draw.choice((True, False)),
        full_load_sequence=draw.choice(("", None)),
        deletes_carry=draw.choice(("row", "key")),
        rows_per_file=draw.choice((None, 1, 2, 5)),
    )


@dataclass(slots=True)
class DmsTable:
    """The replication of one table: full loads of one moment, and the changes since, each at least once.

    Where a task of its own writes the changes, a load does not move its position. `segments` is how many segments a
    parallel load has; each counts its parts from 1.
    """

    name: str
    source: SourceTable
    settings: DmsSettings
    clock: Callable[[], datetime]
    writes_changes_apart: bool = False
    before_images: bool = False
    segments: int = 0
    _position: int = 0
    _earliest: int = 0
    _names: FileNames | None = None

    def full_load(self) -> list[DmsFile]:
        """Every present row, in the number of parts that the settings want; changes go on from here."""
        if not self.writes_changes_apart:
            self._position = len(self.source.log)
        rows = list(self.source.rows.values())
        if not self.segments:
            return self._segment("", rows)
        parts = [
            self._segment(f"SEGMENT{number + 1}_", rows[number :: self.segments]) for number in range(self.segments)
        ]
        return [part for segment in parts for part in segment]

    def changes(self) -> list[DmsFile]:
        """The changes since the last call."""
        new, self._position = self.source.log[self._position :], len(self.source.log)
        return [self._change_file(part) for part in _parts(new, self.settings.rows_per_file)]

    def rewind(self, draw: Random) -> None:
        """Go back a little, as a task does that is started again from an older checkpoint."""
        self._position = max(self._earliest, self._position - draw.randint(1, REWOUND))

    def keep_checkpoint(self) -> None:
        """Never go back beyond here: a task starts again from a checkpoint after its last full load or DDL."""
        self._earliest = len(self.source.log)

    def no_parquet(self) -> DmsFile:
        """A change file that nobody can read."""
        return DmsFile(self._change_key(), {}, ())

    @property
    def folder(self) -> str:
        """What the keys of all files of the table begin with."""
        return self._file_names().full_load(self.name, 1).rpartition("/")[0] + "/"

    def _segment(self, prefix: str, rows: Sequence[Row]) -> list[DmsFile]:
        parts = enumerate(_parts(rows, self.settings.rows_per_file), start=1)
        return [self._load_part(prefix, number, part) for number, part in parts]

    def _load_part(self, prefix: str, number: int, rows: Sequence[Row]) -> DmsFile:
        added = {CHANGE_SEQUENCE: self.settings.full_load_sequence}
        if self.settings.op_on_full_load:
            added[OP] = "I"
        columns = self._columns(has_operation=self.settings.op_on_full_load)
        folder, _, name = self._file_names().full_load(self.name, number).rpartition("/")
        return DmsFile(f"{folder}/{prefix}{name}", columns, tuple({**row, **added} for row in rows))

    def _change_file(self, changes: Sequence[Change]) -> DmsFile:
        columns = self._columns(has_operation=True)
        if self.before_images:
            columns |= {f"{BEFORE}{name}": self.source.columns[name] for name in self.source.key}
        return DmsFile(self._change_key(), columns, tuple(self._change_row(change, columns) for change in changes))

    def _change_row(self, change: Change, columns: Mapping[str, str]) -> dict[str, Any]:
        is_key_only = change.operation == "D" and self.settings.deletes_carry == "key"
        image = {name: change.row[name] for name in self.source.key} if is_key_only else change.row
        before: dict[str, Any] = {}
        if self.before_images and change.operation == "U":
            old = change.old_key or self.source.key_of(change.row)
            before = {f"{BEFORE}{name}": value for name, value in zip(self.source.key, old, strict=True)}
        return {**dict.fromkeys(columns), **image, **before, OP: change.operation, CHANGE_SEQUENCE: change.sequence}

    def _change_key(self) -> str:
        return self._file_names().changes(self.name, self.clock().isoformat())

    def _file_names(self) -> FileNames:
        if self._names is None:
            settings = self.settings
            self._names = FileNames(settings.schema_name, settings.folder, settings.date_partitions, self.clock)
        return self._names

    def _columns(self, *, has_operation: bool) -> dict[str, str]:
        operation = {OP: STRING} if has_operation else {}
        return {**operation, **self.source.columns, CHANGE_SEQUENCE: STRING}


def _parts(rows: Sequence[Any], size: int | None) -> Iterator[Sequence[Any]]:
    size = size or max(len(rows), 1)
    return (rows[start : start + size] for start in range(0, len(rows), size))


# Carries the events of landed files to the File Manager: late, twice, in any order, or never.

Message = dict[str, Any]
Receive = Callable[[Sequence[Message]], Sequence[str]]
"""Gives a batch of messages to the File Manager, which names those that failed."""

_SOME = 0.7
_TWICE = 0.15
_BATCH = 10


class Delivery:
    """The queue between the staging bucket and the File Manager."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting: list[Message] = []
        self._delivered: list[Message] = []
        self._count = 0
        self.acknowledged: set[Version] = set()
        """The object versions of the messages that the queue has deleted, as the File Manager said that it had them."""

    def announce(self, event: dict[str, Any]) -> None:
        """Queue the event of a landed file."""
        self._count += 1
        self._waiting.append({"messageId": f"m{self._count}", "body": json.dumps(event)})

    def deliver_some(self, draw: Random) -> None:
        """Deliver some messages in any order, some of them twice."""
        chosen = [message for message in self._waiting if draw.random() < _SOME]
        self._waiting = [message for message in self._waiting if message not in chosen]
        again = [message for message in chosen if draw.random() < _TWICE]
        messages = [*chosen, *again]
        draw.shuffle(messages)
        self._deliver(messages)

    def deliver_all(self) -> None:
        """Deliver what still waits."""
        while self._waiting:
            messages, self._waiting = self._waiting, []
            self._deliver(messages)

    def lose_one(self, draw: Random) -> None:
        """Lose one message for ever; its file is in the bucket, and no event names it."""
        if self._waiting:
            self._waiting.pop(draw.randrange(len(self._waiting)))

    def repeat_some(self, draw: Random) -> None:
        """Deliver messages again that were delivered before, however long ago."""
        self._deliver(draw.sample(self._delivered, min(3, len(self._delivered))))

    def _deliver(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), _BATCH):
            batch = messages[start : start + _BATCH]
            failed = set(self._receive(batch))
            self._waiting += [message for message in batch if message["messageId"] in failed]
            done = [message for message in batch if message["messageId"] not in failed]
            self._delivered += done
            self.acknowledged.update(map(_version_in, done))


def _version_in(message: Message) -> Version:
    described = json.loads(message["body"])["detail"]["object"]
    return described["key"], described["version-id"]
