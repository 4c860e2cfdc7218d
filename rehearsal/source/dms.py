"""Writes what AWS DMS writes to S3 of a source: a full load, then the changes since, as Parquet files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rehearsal.source.database import LOG_COLUMNS, Snapshot, SourceDatabase

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# The object keys that DMS gives its files.

SEQUENCES = {
    "YYYYMMDD": ("%Y", "%m", "%d"),
    "YYYYMMDDHH": ("%Y", "%m", "%d", "%H"),
    "YYYYMM": ("%Y", "%m"),
    "MMYYYYDD": ("%m", "%Y", "%d"),
    "DDMMYYYY": ("%d", "%m", "%Y"),
}
DELIMITERS = {"SLASH": "/", "DASH": "-", "UNDERSCORE": "_", "NONE": ""}


@dataclass(frozen=True, slots=True)
class DatePartitions:
    """DatePartitionSequence and DatePartitionDelimiter of the S3 endpoint."""

    sequence: Literal["YYYYMMDD", "YYYYMMDDHH", "YYYYMM", "MMYYYYDD", "DDMMYYYY"] = "YYYYMMDD"
    delimiter: Literal["SLASH", "DASH", "UNDERSCORE", "NONE"] = "SLASH"

    def folder(self, committed_at: datetime) -> str:
        """The folder of changes committed at this time, with its closing slash."""
        return committed_at.strftime(DELIMITERS[self.delimiter].join(SEQUENCES[self.sequence])) + "/"


@dataclass(slots=True)
class FileNames:
    """Names files `[folder/]schema/table/…`; no two change files of a table share a name."""

    schema_name: str
    folder: str
    date_partitions: DatePartitions | None
    clock: Callable[[], datetime]
    _last: dict[str, datetime] = field(default_factory=dict)

    def full_load(self, table: str, part: int) -> str:
        """A reload starts at 1 again and so writes over the names of the load before."""
        return f"{self._prefix(table)}LOAD{part:08X}.parquet"

    def changes(self, table: str, committed_at: str) -> str:
        """Foldered by when the change was committed, named by when the file was written."""
        stamp = self._next_stamp(table)
        name = f"{stamp:%Y%m%d-%H%M%S}{stamp.microsecond // 1000:03d}.parquet"
        return f"{self._prefix(table)}{self.date_folder(committed_at)}{name}"

    def date_folder(self, committed_at: str) -> str:
        """The date part of a key, empty if the endpoint does not partition by date."""
        return self.date_partitions.folder(datetime.fromisoformat(committed_at)) if self.date_partitions else ""

    def _prefix(self, table: str) -> str:
        folder = f"{self.folder.strip('/')}/" if self.folder else ""
        return f"{folder}{self.schema_name}/{table}/"

    def _next_stamp(self, table: str) -> datetime:
        """A clock that stands still or goes back must not make a file overwrite another."""
        now = self.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if table in self._last:
            now = max(now, self._last[table] + timedelta(milliseconds=1))
        self._last[table] = now
        return now


CHANGE_SEQUENCE = "CDC_TIMESTAMP_SEQ"
OPERATION = "CDC_OPERATION"
OP = "Op"
OP_LETTERS = {"INSERT": "I", "UPDATE": "U", "DELETE": "D"}


class Sink(Protocol):
    """Where files go."""

    def put(self, key: str, body: bytes) -> None:
        """Store one whole file."""


class S3Sink:
    """Puts files into a bucket through S3, as DMS does."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """Store one object."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body)


@dataclass(frozen=True, slots=True)
class DmsSettings:
    """The choices of a DMS task and its S3 endpoint that change what its files look like."""

    schema_name: str = "taxi_trips"
    folder: str = ""
    date_partitions: DatePartitions | None = None
    op_on_full_load: bool = False
    full_load_sequence: str | None = ""
    deletes_carry: Literal["row", "key"] = "row"
    rows_per_file: int | None = None


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file as it was put into the sink, and what it holds."""

    key: str
    table: str
    size: int
    inserted: int
    updated: int = 0
    deleted: int = 0


def now() -> datetime:
    """The time DMS names its files by."""
    return datetime.now(UTC)


class DmsTask:
    """Replicates the tables of a database: a full load of one moment, then every change committed after it."""

    def __init__(
        self,
        database: SourceDatabase,
        sink: Sink,
        settings: DmsSettings | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        database.capture_changes()
        self._database = database
        self._sink = sink
        self._settings = settings = settings or DmsSettings()
        self._names = FileNames(settings.schema_name, settings.folder, settings.date_partitions, clock)
        self._positions: dict[str, int] = {}

    def full_load(self, *tables: str) -> list[WrittenFile]:
        """Write the given tables, by default all, as they are at one moment; again for a table is a reload."""
        written: list[WrittenFile] = []
        with self._database.snapshot() as snapshot:
            for table in tables or self._database.tables:
                self._positions[table] = snapshot.log_position()
                written += self._load_table(snapshot, table)
        return written

    def replicate(self) -> list[WrittenFile]:
        """Write every change committed since the last call, for each table that was loaded."""
        written: list[WrittenFile] = []
        with self._database.snapshot() as snapshot:
            for table, position in self._positions.items():
                changes = snapshot.changes(table, after=position)
                written += [self._write_changes(table, part) for part in self._cdc_parts(changes)]
                self._positions[table] = snapshot.log_position()
        return written

    def _load_table(self, snapshot: Snapshot, table: str) -> Iterator[WrittenFile]:
        """A table without rows gets no file, as with DMS."""
        settings = self._settings
        rows = snapshot.rows(table)
        for number, part in enumerate(_parts(rows, settings.rows_per_file), start=1):
            columns: dict[str, Any] = {OP: _constant("I", part.num_rows)} if settings.op_on_full_load else {}
            columns |= _upper_case(part)
            columns |= {
                CHANGE_SEQUENCE: _constant(settings.full_load_sequence, part.num_rows),
                OPERATION: _constant("INSERT", part.num_rows),
            }
            yield self._put(self._names.full_load(table, number), table, columns, inserted=part.num_rows)

    def _cdc_parts(self, changes: pa.Table) -> Iterator[pa.Table]:
        """One file holds changes of one date folder only."""
        folders = map(self._names.date_folder, changes.column("logged_at").to_pylist())
        start = 0
        for _, same in groupby(folders):
            length = len(list(same))
            yield from _parts(changes.slice(start, length), self._settings.rows_per_file)
            start += length

    def _write_changes(self, table: str, changes: pa.Table) -> WrittenFile:
        operations = changes.column("operation")
        images = changes.drop([name for name, _ in LOG_COLUMNS])
        if self._settings.deletes_carry == "key":
            images = _only_keys(images, pc.equal(operations, "DELETE"), self._database.tables[table].key)
        letters = operations.to_pylist()
        columns = {OP: pa.array([OP_LETTERS[name] for name in letters], pa.string())}
        columns |= _upper_case(images) | {CHANGE_SEQUENCE: _change_sequence(changes), OPERATION: operations}
        key = self._names.changes(table, changes.column("logged_at")[0].as_py())
        counts = (letters.count(name) for name in OP_LETTERS)
        return self._put(key, table, columns, **dict(zip(("inserted", "updated", "deleted"), counts, strict=True)))

    def _put(self, key: str, table: str, columns: dict[str, Any], **counts: int) -> WrittenFile:
        buffer = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), buffer, compression="none", store_schema=False)
        body = buffer.getvalue().to_pybytes()
        self._sink.put(key, body)
        return WrittenFile(key, table, len(body), **counts)


def _parts(rows: pa.Table, size: int | None) -> Iterator[pa.Table]:
    size = size or max(rows.num_rows, 1)
    return (rows.slice(start, size) for start in range(0, rows.num_rows, size))


def _constant(value: str | None, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def _upper_case(rows: pa.Table) -> dict[str, Any]:
    """The task's mapping rule: column names in upper case."""
    return dict(zip(map(str.upper, rows.column_names), rows.columns, strict=True))


def _change_sequence(changes: pa.Table) -> pa.ChunkedArray:
    """35 digits: time to the hundredth of a second, then the number of the change."""
    digits = pc.replace_substring_regex(changes.column("logged_at"), pattern="[^0-9]", replacement="")
    counter = pc.utf8_lpad(pc.cast(changes.column("position"), pa.string()), width=19, padding="0")
    return pc.binary_join_element_wise(pc.utf8_slice_codeunits(digits, 0, 16), counter, "")


def _only_keys(images: pa.Table, is_delete: pa.ChunkedArray, key: tuple[str, ...]) -> pa.Table:
    """What a source that logs only the key of a deleted row gives."""
    columns = [
        column if field.name in key else pc.if_else(is_delete, pa.scalar(None, field.type), column)
        for field, column in zip(images.schema, images.columns, strict=True)
    ]
    return pa.table(columns, names=images.column_names)
