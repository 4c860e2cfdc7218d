"""An Iceberg catalog and its files in memory: a commit lands whole if the table is as it demands.

Requests may be slow: what a run asked for that was killed, or got no answer, lands later, or never.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from random import Random
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.io import FileIO, InputFile, OutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import AddSnapshotUpdate, TableRequirement, TableUpdate, update_table_metadata

from rehearsal.torture.memory.iceberg_files import SnapshotWriter, rows_of, snapshot_updates, stored_files

Name = tuple[str, str]
Landed = Callable[[Snapshot, TableMetadata], None]
BEFORE_COMMIT, AFTER_COMMIT, READ = "before the catalog's commit", "after the catalog's commit", "read the table"
_LATE_REQUESTS = 0.5
_COMPACTIONS = 0.015
_LATEST = 8
"""A late request lands after so many calls of the catalog at most."""


class _Files(dict[str, bytes]):
    """The files of one lake."""


class MemoryIO(FileIO):
    """Files in memory; the bucket in a location names the lake."""

    lakes: ClassVar[WeakValueDictionary[str, _Files]] = WeakValueDictionary()

    def new_input(self, location: str) -> "_File":
        """Give a file to read."""
        return _File(location, self.lakes[location.split("/")[2]])

    def new_output(self, location: str) -> "_File":
        """Give a file to write."""
        return self.new_input(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file; raises FileNotFoundError if there is none."""
        file = self.new_input(location if isinstance(location, str) else location.location)
        if not file.exists():
            raise FileNotFoundError(file.location)
        del file.files[file.location]


class _File(InputFile, OutputFile):
    def __init__(self, location: str, files: _Files) -> None:
        super().__init__(location)
        self.files = files

    def __len__(self) -> int:
        return len(self.files[self.location])

    def exists(self) -> bool:
        return self.location in self.files

    def open(self, seekable: bool = True) -> Any:  # noqa: ANN401, ARG002 - pyiceberg's protocol
        if not self.exists():
            raise FileNotFoundError(self.location)
        return BytesIO(self.files[self.location])

    def create(self, overwrite: bool = False) -> Any:  # noqa: ANN401, ARG002
        return _Written(self)

    def to_input_file(self) -> "_File":
        return self


class _Written(BytesIO):
    """A file that is there as soon as it is closed."""

    def __init__(self, file: "_File") -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.files[self._file.location] = self.getvalue()
        super().close()


@dataclass(frozen=True, slots=True)
class Request:
    """One commit that a run asks for; `landed` is called with the table as it is then."""

    name: Name
    requirements: Sequence[TableRequirement]
    updates: Sequence[TableUpdate]
    landed: Landed


class IcebergCatalog:
    """The tables of one lake, as every run sees them."""

    _numbers = count(1)

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self.bucket = f"lake-{next(self._numbers)}"
        self._files = _Files()
        MemoryIO.lakes[self.bucket] = self._files
        self.properties = {"py-io-impl": f"{MemoryIO.__module__}.{MemoryIO.__name__}"}
        self.io = MemoryIO(self.properties)
        self.tables: dict[Name, TableMetadata] = {}
        self.struck: dict[str, int] = defaultdict(int)
        self._late: tuple[Request, int] | None = None

    def pass_time(self) -> None:
        """Let a late request come nearer; it lands, unless the table has moved since it was made."""
        with suppress(FileNotFoundError):  # nobody can compact a table that cannot be read
            self._maybe_compact()
        if self._late is None:
            return
        request, left = self._late
        self._late = (request, left - 1) if left else None
        if not left:
            with suppress(CommitFailedException):
                self.land(request)
                self.struck["late"] += 1

    def _maybe_compact(self) -> None:
        """Let another writer, which is none of ours, put the rows of a table into other files."""
        if self._draw.random() >= _COMPACTIONS or not self.tables:
            return
        name = self._draw.choice(sorted(self.tables))
        before = self.tables[name]
        live, into = stored_files(self.io, before), SnapshotWriter(self.io, before, before.schema(), before.spec())
        added = into.data_files(rows_of(live), self._draw.choice((1, 2, 1000)))
        snapshot = into.snapshot(before.current_snapshot(), [], live, added, {})
        self.tables[name] = update_table_metadata(before, tuple(snapshot_updates(snapshot)))
        self.struck["compacted"] += 1

    def delay(self, request: Request) -> None:
        """Whoever made this request hears nothing of it; maybe it lands later."""
        if self._late is None and self._draw.random() < _LATE_REQUESTS:
            self._late = request, self._draw.randint(0, _LATEST)

    def land(self, request: Request) -> TableMetadata:
        """Make a commit; raises CommitFailedException if the table is not what the request demands."""
        before = self.tables.get(request.name)
        for requirement in request.requirements:
            requirement.validate(before)
        base = before or MetastoreCatalog._empty_table_metadata()  # noqa: SLF001 - as every catalog of pyiceberg does
        after = update_table_metadata(base, tuple(request.updates), enforce_validation=before is None)
        self.tables[request.name] = after
        for update in request.updates:
            if isinstance(update, AddSnapshotUpdate):
                request.landed(update.snapshot, after)
        return after


class RunCatalog(NoopCatalog):
    """The catalog as one run sees it, whose calls may have faults."""

    def __init__(
        self,
        shared: IcebergCatalog,
        cross: Callable[[str], None],
        landing: Callable[[], Landed],
    ) -> None:
        super().__init__("memory", **shared.properties)
        self.io = shared.io
        self._shared = shared
        self._cross = cross
        self._landing = landing

    def load_table(self, identifier: str | Name) -> Table:  # type: ignore[override]
        """Read a table."""
        self._cross(READ)
        self._shared.pass_time()
        name = (identifier[0], identifier[1])
        if name not in self._shared.tables:
            raise NoSuchTableError(identifier)
        metadata = self._shared.tables[name]
        return Table(name, metadata, _place(metadata), self._shared.io, self)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Make a commit."""
        after = self.commit((table.name()[0], table.name()[1]), requirements, updates)
        return CommitTableResponse(metadata=after, metadata_location=_place(after))

    def commit(
        self, name: Name, requirements: Sequence[TableRequirement], updates: Sequence[TableUpdate]
    ) -> TableMetadata:
        """Make a commit, unless a fault strikes the request or its answer."""
        request = Request(name, requirements, updates, self._landing())
        self._shared.pass_time()
        try:
            self._cross(BEFORE_COMMIT)
        except BaseException:
            self._shared.delay(request)
            raise
        after = self._shared.land(request)
        self._cross(AFTER_COMMIT)
        return after


def _place(metadata: TableMetadata) -> str:
    """Where the metadata would lie, if it were not kept in memory."""
    return f"{metadata.location}/metadata/{len(metadata.snapshots):05d}.metadata.json"


def summary_of(snapshot: Snapshot) -> Mapping[str, str]:
    """What the commit of a snapshot says of itself."""
    return dict(snapshot.summary.additional_properties) if snapshot.summary else {}
