"""The table writer in memory: reads DMS files as the Spark writer does, and commits as Hudi does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from odp.errors import RejectedInputError
from odp.file_processor.schema_changes import Columns
from odp.file_processor.table_schema import HeldTable, decide_table_columns
from odp.file_processor.table_writers.hudi_options import (
    FILE_IDS,
    STATE,
    IndexLookUp,
    read_commit_metadata,
    record_key,
    write_options,
)
from odp.records import DELETE, INSERT, OPERATION, LandedFile, RawTableConfig, VersioningType
from odp.refreshes import CommittedRefresh, Refresh, RefreshKind, RowCounts

from rehearsal.torture.memory.hudi_table import HudiOptions, HudiTable, Row
from rehearsal.torture.memory.staging import StagingBucket

LOWEST = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: what it was to apply, its metadata, what it did."""

    refresh: Refresh
    metadata: Mapping[str, str]
    counts: RowCounts


@dataclass(slots=True)
class StoredTable:
    """One table with its timeline."""

    content: HudiTable = field(default_factory=HudiTable)
    columns: Columns = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)


class MemoryWriter:
    """Applies refreshes for one run; `before_commit` is called when all is read and nothing written yet."""

    def __init__(
        self,
        tables: dict[str, StoredTable],
        staging: StagingBucket,
        before_commit: Callable[[], None],
        on_commit: Callable[[RawTableConfig], None],
    ) -> None:
        self._tables = tables
        self._staging = staging
        self._before_commit = before_commit
        self._on_commit = on_commit

    def last_refresh(self, config: RawTableConfig) -> CommittedRefresh | None:
        """Read the newest commit."""
        table = self._tables.get(config.qualified_name)
        if table is None:
            return None
        commit = table.commits[-1]
        file_ids, state = read_commit_metadata(commit.metadata)
        return CommittedRefresh(f"{len(table.commits):06d}", file_ids, state, commit.counts)

    def apply(self, config: RawTableConfig, refresh: Refresh, check_lease: Callable[[], None]) -> CommittedRefresh:
        """Make the refresh visible in one commit."""
        columns = self._columns(config, refresh)
        options = write_options(config, refresh, columns, IndexLookUp(tasks=1, moves_rows=True))
        rows = self._rows(config, refresh)
        self._before_commit()
        check_lease()
        table = self._tables.setdefault(config.qualified_name, StoredTable())
        table.columns = columns
        counts = table.content.write(rows, HudiOptions(options))
        commit = Commit(refresh, {name: options[name] for name in (FILE_IDS, STATE)}, counts)
        table.commits.append(commit)
        self._on_commit(config)
        committed = self.last_refresh(config)
        assert committed is not None  # noqa: S101 - it was written a line before
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:  # noqa: ARG002 - there is no catalog
        """Give the newest commit."""
        return f"{len(self._tables[config.qualified_name].commits):06d}"

    def _columns(self, config: RawTableConfig, refresh: Refresh) -> Columns:
        files = (*refresh.files, *refresh.replayed)
        contents = self._staging.read([file.key for file in files])
        for landed, content in zip(files, contents, strict=True):
            if not content.columns:
                raise RejectedInputError(f"{landed.key} is not a Parquet file")
        of_files = {landed.file_id: content.columns for landed, content in zip(files, contents, strict=True)}
        table, last = self._tables.get(config.qualified_name), self.last_refresh(config)
        held = HeldTable(table.columns, last.state) if table and last else None
        return decide_table_columns(config, refresh, of_files, held)

    def _rows(self, config: RawTableConfig, refresh: Refresh) -> list[Row]:
        rows = latest_per_key(self._read((*refresh.files, *refresh.replayed), config), config)
        is_snapshot = config.table_data_versioning_type is VersioningType.SNAPSHOT
        if is_snapshot and refresh.kind is not RefreshKind.CHANGES:
            return [row for row in rows if row[OPERATION] != DELETE]
        return rows

    def _read(self, files: Sequence[LandedFile], config: RawTableConfig) -> Iterable[dict[str, Any]]:
        ordering = config.hudi_precombine_field
        for landed, file in zip(files, self._staging.read([file.key for file in files]), strict=True):
            for row in file.rows:
                value = LOWEST if landed.is_load else row[ordering] or LOWEST
                yield {OPERATION: INSERT, **row, ordering: value}


def latest_per_key(rows: Iterable[dict[str, Any]], config: RawTableConfig) -> list[Row]:
    """The last change of each key."""
    latest: dict[tuple[Any, ...], Row] = {}
    keys, ordering = record_key(config), config.hudi_precombine_field
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key not in latest or row[ordering] >= latest[key][ordering]:
            latest[key] = row
    return list(latest.values())
