"""One table on its whole way: the source, the task that replicates it, and what the lake is asked to make of it."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from odp.file_processor.generations import RELOAD_SETTLES_AFTER
from odp.records import RawTableConfig, VersioningType

from rehearsal.source.dms import CHANGE_SEQUENCE, OP, DmsSettings
from rehearsal.torture.dms_files import SCHEMA_NAME, DmsFile, DmsTable, any_settings
from rehearsal.torture.history import Key, Row, SourceTable

CADENCE = "torture"
FEW_KEYS, MANY_KEYS = 5, 24
_COMPOSITE, _PARTITIONED, _HISTORICAL, _MANY_KEYS, _PARALLEL = 0.3, 0.6, 0.25, 0.1, 0.2


class Replica:
    """A source table under replication; what DMS has written is what the lake must show in the end."""

    def __init__(self, name: str, draw: Random, clock: Callable[[], datetime]) -> None:
        self.name = name
        self._clock = clock
        self._last_part = clock()
        self._has_stalled = False
        self._loads_in_parallel = draw.random() < _PARALLEL
        self.config = any_config(name, draw)
        keys = MANY_KEYS if draw.random() < _MANY_KEYS else FEW_KEYS
        self.source = SourceTable(self.config.hudi_primary_key, keys)
        self.settings: DmsSettings = any_settings(draw)
        self.dms = DmsTable(name, self.source, self.settings, clock)
        self.unwritten: deque[DmsFile] = deque()
        self.is_broken = False
        self.late: list[DmsFile] = []
        """Change files that DMS has written, but whose upload takes its time."""
        self.of_generation: dict[str, DmsFile] = {}
        """What was written since the newest load began; what lies under other keys belongs to former loads."""
        self._versions: dict[Key, Row] = {}
        self._loads: list[list[Row]] = []

    def begin_load(self, draw: Random) -> None:
        """Start a full load; what an unfinished one had left to write is given up. An empty table has no file.

        A parallel load writes its parts in any order, but for the first one, with which every load begins.
        """
        parts = self.dms.full_load()
        if self._loads_in_parallel:
            parts[1:] = draw.sample(parts[1:], len(parts[1:]))
        self.is_broken = self.is_broken and self.is_historical()  # what landed before the load is superseded
        self.unwritten = deque(parts)
        self._last_part, self._has_stalled = self._clock(), False
        if parts:
            self._loads.append([])
            self.of_generation.clear()

    def next_part(self) -> DmsFile:
        """The next part of the load under way."""
        part = self.unwritten.popleft()
        self._loads[-1] += part.rows
        self.of_generation[part.key] = part
        self._has_stalled = self._has_stalled or not self._follows_soon()
        self._last_part = self._clock()
        return part

    def next_changes(self) -> list[DmsFile]:
        """The changes since; a historical table must show every one of them."""
        files = self.dms.changes()
        for file in files:
            self.of_generation[file.key] = file
            for row in file.rows:
                self._versions.setdefault(self._version_key(row), row)
        return files

    @property
    def is_loading(self) -> bool:
        """Whether parts are to come; a load that stalled for too long cannot be waited for."""
        return bool(self.unwritten) and not self._has_stalled and self._follows_soon()

    def fill(self, draw: Random) -> None:
        """See to it that there is something to load."""
        while not self.source.rows:
            self.source.change(draw)

    def is_historical(self) -> bool:
        """Whether the lake keeps every version."""
        return self.config.table_data_versioning_type is VersioningType.HISTORICAL

    def expected(self) -> set[Key]:
        """The keys of the rows, or of the versions, that the lake must hold."""
        if not self.is_historical():
            return set(self.source.rows)
        newest = self._loads[-1] if self._loads else []
        return {*(self._load_key(row) for row in newest), *self._versions}

    def allowed(self) -> dict[Key, list[Row]]:
        """What a row may look like: loads are not versioned, and a newer one may have overwritten older ones unread."""
        if not self.is_historical():
            return {key: [row] for key, row in self.source.rows.items()}
        rows = {key: [row] for key, row in self._versions.items()}
        for row in (row for load in self._loads for row in load):
            rows.setdefault(self._load_key(row), []).append(row)
        return rows

    def lake_key(self, row: Row) -> Key:
        """The key of a row that was read from the lake."""
        return self._version_key(row) if self.is_historical() else self._key(row)

    def value(self, row: Row) -> dict[str, Any]:
        """What the lake must show of a row; deletes are marked."""
        marked = {"deleted": row.get(OP) == "D"} if self.is_historical() else {}
        return {**{name: row.get(name) for name in self.source.columns}, **marked}

    def _follows_soon(self) -> bool:
        return self._clock() - self._last_part < RELOAD_SETTLES_AFTER

    def _key(self, row: Row) -> Key:
        return tuple(row[name] for name in self.source.key)

    def _version_key(self, row: Row) -> Key:
        return (*self._key(row), row[CHANGE_SEQUENCE] or "")

    def _load_key(self, row: Row) -> Key:
        return (*self._key(row), "")


def any_config(name: str, draw: Random) -> RawTableConfig:
    """A table of any legal kind."""
    is_historical = draw.random() < _HISTORICAL
    return RawTableConfig(
        refresh_cadence=CADENCE,
        source_table_name=f"{SCHEMA_NAME}.{name}",
        hudi_primary_key=("ID", "PART") if draw.random() < _COMPOSITE else ("ID",),
        hudi_partition_key="REGION" if draw.random() < _PARTITIONED else None,
        hudi_precombine_field=CHANGE_SEQUENCE,
        hudi_table_type="copy_on_write",
        table_data_versioning_type=VersioningType.HISTORICAL if is_historical else VersioningType.SNAPSHOT,
        table_storage_type="hudi",
        is_active=True,
        raw_database_name="torture_raw",
        raw_database_s3_bucket="raw",
        raw_table_name=name,
    )
