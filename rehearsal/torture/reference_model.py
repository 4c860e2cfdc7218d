"""The reference model of one table: the source, the task that replicates it, and the expected rows.

What the lake must show is said by the source's own rows and log alone. What is taken for granted of DMS, and where it
is documented, is the list in docs/decisions/0013-history-tester.md.
"""

from collections import deque
from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from rehearsal.source.dms import CHANGE_SEQUENCE, OP, DmsSettings
from rehearsal.torture.dms_files import SCHEMA_NAME, DmsFile, DmsTable, any_settings
from rehearsal.torture.evidence import Version
from rehearsal.torture.pairs import ON_HUDI
from rehearsal.torture.source_table import CLOCK, OF_A_LOAD_ONLY, Key, Row, SourceTable

FEW_KEYS, MANY_KEYS = 5, 24
STALLS_AFTER = timedelta(minutes=15)
"""Nobody can tell a load that pauses for this long from one that is whole."""
VERSION = "_odp_version"
"""The column by which the versions of a key in a historical table are in order."""
LOADED = "/L"
"""Every version that a full load made has this in its name."""
FOLDERS = {"default": "", "crm": "crm/dms", "erp": "very/deep/folder", "old": "2026/01/31"}
"""Where the tasks of each source write."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of table it is; `order` names the column that the configuration takes for the order of changes."""

    source: str
    table: str
    key: tuple[str, ...]
    partition: str | None
    is_historical: bool
    order: str | None

    @property
    def source_table_name(self) -> str:
        """The identity of the table: in the default source its schema and name, elsewhere with the source."""
        name = f"{SCHEMA_NAME}.{self.table}"
        return name if self.source == "default" else f"{self.source}:{name}"


def any_kind(table: str, draw: Random, taken: Collection[str] = ()) -> Kind:
    """A table of any legal kind, in a source that has no table of its name yet."""
    names = {source: Kind(source, table, (), None, False, None).source_table_name for source in sorted(FOLDERS)}
    return Kind(
        source=draw.choice([source for source, name in names.items() if name not in taken]),
        table=table,
        key=("ID", "PART") if draw.random() < 0.3 else ("ID",),  # noqa: PLR2004 - a share
        partition="REGION" if draw.random() < 0.6 else None,  # noqa: PLR2004
        is_historical=draw.random() < 0.25,  # noqa: PLR2004
        order=draw.choice((CHANGE_SEQUENCE, CHANGE_SEQUENCE, CLOCK, None)),
    )


class ReferenceModel:
    """A source table under replication."""

    def __init__(self, name: str, kind: Kind, draw: Random, clock: Callable[[], datetime]) -> None:
        self.name, self.kind, self.storage = name, kind, ON_HUDI
        self._clock, self._last_part = clock, clock()
        self.has_stalled = False
        """Whether a part of the newest load came so late that nobody can tell it from a load of its own."""
        self._loads_in_parallel = draw.random() < 0.2  # noqa: PLR2004
        self.source = SourceTable(kind.key, MANY_KEYS if draw.random() < 0.1 else FEW_KEYS)  # noqa: PLR2004
        self.settings: DmsSettings = any_settings(draw, FOLDERS[kind.source])
        self.dms = DmsTable(
            kind.table,
            self.source,
            self.settings,
            clock,
            writes_changes_apart=draw.random() < 0.25,  # noqa: PLR2004
            before_images=draw.random() < 0.5,  # noqa: PLR2004
            segments=draw.choice((0, 0, 0, 2, 3)),
        )
        self.unwritten: deque[DmsFile] = deque()
        self.is_broken = self.broken_is_deleted = False
        self.skips, self.has_begun_to_skip = 0, False  # of broken files, by a person
        self.may_be_broken = False
        """Whether a load began after a file was broken; the same load again cannot be told from a copy of the first."""
        self.late: list[DmsFile] = []
        """Change files that DMS has written, but whose upload takes its time."""
        self.newest_load: dict[str, DmsFile] = {}
        self.written: set[Version] = set()
        """The object versions that have the content of the newest load's parts."""
        self.change_files: list[DmsFile] = []
        self.former_files: list[DmsFile] = []
        """Changes of a table that has other columns since, and parts of a load that was given up for that."""
        self.restarts: list[str] = []
        """What changed about the columns in the midst of loads."""
        self.diverged = False
        """Whether the source was emptied without a line in its log, so that only a full load tells."""
        self.is_vanished = False
        """Whether DMS deleted all objects when the source was emptied, so that a person may have the table emptied."""
        self.must_load = False
        """Whether a part of a load was deleted before anyone read it: the table must be loaded again."""
        self.is_created_again = False
        """Whether the source's table has other columns, by a DROP or not, which only a load may bring."""
        self.is_unknown = False
        """Whether no load of such a table is left to be applied, so that its changes are refused."""
        self.is_unclear = False
        """Whether the table must be loaded again before anybody can say which rows it has.

        A person dismissed something, or a part was deleted unread of a load that was not the table's beginning.
        """
        self._began_with_load = False
        self.is_touched = False
        """Whether an operator wrote a part of the newest load again, so that a person who is asked loads it again."""
        self.approved: set[Version] = set()
        """What a person approved."""
        self.half_approved: set[Version] = set()
        """What a person began to approve by a command that was interrupted."""
        self.ghosts: set[Key] = set()
        """Former keys of rows whose task writes no before-images: nothing tells the lake that they are gone."""
        self.deleted: set[str] = set()
        """Parts of the newest load that were deleted before anyone read them."""
        self.lost: set[Key] = set()
        """Keys of rows in objects that were deleted before anyone read them."""
        self._delivered: dict[str, Row] = {}
        self._parts: dict[Version, DmsFile] = {}

    def begin_load(self, draw: Random) -> None:
        """Start a full load; what an unfinished one had left to write is given up. An empty table has no file.

        A parallel load writes its parts in any order, but for the first one, with which every load begins.
        """
        self._began_with_load = not (self._parts or self.change_files)
        parts = self.dms.full_load()
        if self.kind.is_historical and not self.dms.writes_changes_apart:
            self.dms.keep_checkpoint()
        if self._loads_in_parallel:
            parts[1:] = draw.sample(parts[1:], len(parts[1:]))
        self.may_be_broken = self.may_be_broken or self.is_broken
        self.is_broken = self.is_broken and self.kind.is_historical
        self.unwritten = deque(parts)
        self._last_part, self.has_stalled = self._clock(), False
        self.is_touched = False
        self.newest_load, self.written, self.deleted = {part.key: part for part in parts}, set(), set()
        self.diverged = self.diverged and not parts
        self.is_vanished = self.is_vanished and not parts
        self.is_unknown = self.is_unknown and not parts

    def empty(self, *, is_vanished: bool) -> None:
        """Remove every row of the source at once; no file records it."""
        self.source.truncate()
        self.dms.keep_checkpoint()
        self.diverged, self.is_vanished = True, is_vanished
        if is_vanished:
            self.newest_load, self.written, self.deleted = {}, set(), set()

    def create_again(self, draw: Random, *, is_vanished: bool) -> None:
        """Drop the source's table and create it with other columns; a historical table keeps all that it has."""
        self.empty(is_vanished=is_vanished)
        self.is_created_again = True
        self.former_files += self.change_files
        self.source.create_again(draw, self._kept, keeps_all=self.kind.is_historical)

    def alter(self, draw: Random) -> None:
        """Change a column of the source in the midst of a load, which begins again then."""
        how = self.source.alter(draw, self._kept, keeps_all=self.kind.is_historical)
        self.restarts.append(how)
        if how in OF_A_LOAD_ONLY:
            self.dms.keep_checkpoint()
            self.is_created_again = True
            self.former_files += [*self.change_files, *self.newest_load.values()]

    @property
    def _kept(self) -> set[str]:
        """The columns that the configuration names."""
        return {*self.kind.key, *filter(None, (self.kind.partition, self.kind.order))}

    def next_part(self) -> DmsFile:
        """The next part of the load under way."""
        part = self.unwritten.popleft()
        self.has_stalled = self.has_stalled or not self._follows_soon()
        self._last_part = self._clock()
        return part

    def note(self, file: DmsFile, version: str) -> None:
        """Whoever wrote it: an object has the content of a part of a load, and maybe of the newest one."""
        if file.is_load and file.key.startswith(self.dms.folder):
            self._parts[file.key, version] = file
        if self.newest_load.get(file.key) == file:
            self.written.add((file.key, version))
            self.deleted.discard(file.key)

    def next_changes(self) -> list[DmsFile]:
        """The changes since; a historical table must show every one of them."""
        files = self.dms.changes()
        for file in files:
            for row in file.rows:
                self._delivered.setdefault(row[CHANGE_SEQUENCE], row)
        self.change_files += files
        return files

    def skip_broken(self, files: Iterable[DmsFile]) -> None:
        """A person skipped a broken file, which nobody writes again."""
        self.is_broken = self.has_begun_to_skip = False
        self.skips += 1
        self.former_files += files

    def change_key(self, draw: Random) -> None:
        """Let the source update a key; without before-images the former key stays in the lake until a load."""
        lines = len(self.source.log)
        self.source.change_key(draw)
        self.ghosts |= {change.old_key for change in self.source.log[lines:] if change.old_key}

    def lose(self, file: DmsFile) -> None:
        """An object was deleted before anyone read it."""
        self.must_load = self.must_load or file.is_load
        self.is_unclear = self.is_unclear or (file.is_load and not self._began_with_load)
        self.broken_is_deleted = self.broken_is_deleted or not file.columns
        if self.newest_load.get(file.key) == file:
            self.deleted.add(file.key)
        for row in file.rows:
            self.lost.add(self.key_of(row))
            before = tuple(row.get(f"BI_{name}") for name in self.kind.key)
            if None not in before:
                self.lost.add(before)
            if self.kind.is_historical and not file.is_load:
                self._delivered.pop(row[CHANGE_SEQUENCE], None)

    @property
    def is_loading(self) -> bool:
        """Whether parts are to come; a load that stalled for too long cannot be waited for."""
        return bool(self.unwritten) and not self.has_stalled and self._follows_soon()

    @property
    def must_be_loaded(self) -> bool:
        """Whether only another load makes the table right."""
        return self.diverged or self.must_load or self.is_unknown

    @property
    def lacks_rows_only(self) -> bool:
        """Whether the table is right until then, but for rows of objects that were deleted unread."""
        return not (self.diverged or self.is_unclear or self.has_stalled or self.is_created_again)

    def fill(self, draw: Random) -> None:
        """See to it that there is something to load."""
        while not self.source.rows:
            self.source.change(draw)

    def key_of(self, row: Row) -> Key:
        """The key of a row."""
        return tuple(row[name] for name in self.kind.key)

    def value(self, row: Row) -> dict[str, Any]:
        """The columns of the source."""
        return {name: row.get(name) for name in self.source.columns}

    def required_versions(self) -> dict[tuple[Key, str], Row]:
        """Every change that DMS wrote and that was not deleted unread, by key and sequence."""
        return {(self.key_of(row), sequence): row for sequence, row in self._delivered.items()}

    def loaded_rows(self, versions: Iterable[Version]) -> list[Row]:
        """The rows of the object versions that are parts of a load."""
        return [row for version in versions if version in self._parts for row in self._parts[version].rows]

    def rows_of_parts(self, keys: Container[str]) -> list[Row]:
        """The rows of every version of these parts of loads."""
        return [row for (key, _), part in self._parts.items() if key in keys for row in part.rows]

    def is_delete(self, row: Row) -> bool:
        """Whether a version says that the row is gone."""
        return row.get(OP) == "D"

    def _follows_soon(self) -> bool:
        return self._clock() - self._last_part < STALLS_AFTER
