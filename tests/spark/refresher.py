"""Applies landed files to one table as a run of the job would, and reads the table as others do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.selection.file_selection import Selection
from odp.records import LandedFile, RawTableConfig
from odp.refresh import LastCommit, RefreshKind, RefreshPlan, TableState

from rehearsal.validation.lake import LakeReader

ADDED = ("_hoodie", "_odp_")


@dataclass
class History:
    """What the history has of one table; every object is there, and no two have the same content."""

    files: list[LandedFile] = field(default_factory=list)

    def loads(self) -> Sequence[LandedFile]:
        return [file for file in self.files if file.is_load]

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:
        found = [file for file in self.files if not file.is_load and file.name >= from_name]
        return sorted(found, key=lambda file: file.name)[:most]

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool:
        return False

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        return {file.key: str(file.version_id) for file in files}


class Refresher:
    """Applies files as a run would, remembering what was applied."""

    def __init__(self, writer: SparkTableWriter, config: RawTableConfig, buckets: Any) -> None:
        self.writer, self.config = writer, config
        self.folder = buckets / config.raw_database_s3_bucket / config.raw_database_name / config.raw_table_name
        self.history = History()

    def __call__(self, *files: LandedFile) -> LastCommit:
        last = self.writer.last_refresh(self.config)
        state = last.state if last else TableState()
        versioning = self.config.history
        refresh = Selection(files, state, versioning, self.history, now=datetime.now(UTC)).select()
        committed = self.writer.apply(self.config, refresh, check_lease=lambda: None)
        self.history.files += [*refresh.files, *refresh.set_aside]
        return committed

    def apply(
        self,
        kind: RefreshKind,
        *files: LandedFile,
        replayed: tuple[LandedFile, ...] = (),
        generation: int = 1,
        fence: int = 0,
        epoch: int = 0,
    ) -> LastCommit:
        """Apply files as a refresh of this kind, whatever the core would decide."""
        refresh = RefreshPlan(kind, files, replayed, TableState(generation), fence=fence, epoch=epoch)
        return self.writer.apply(self.config, refresh, check_lease=lambda: None)

    def key(self, name: str) -> str:
        """The key under which DMS writes a file of this name for the table."""
        return f"{self.config.source_table_name.replace('.', '/')}/{name}.parquet"

    def table(self) -> pa.Table:
        """The table's own columns, read by hudi-rs, in the order of its rows' Hudi keys."""
        ordered = self.whole_table()
        return ordered.drop_columns([name for name in ordered.column_names if name.startswith(ADDED)])

    def whole_table(self) -> pa.Table:
        """The table with the columns that Hudi and the framework add."""
        read = LakeReader().read(str(self.folder))
        return read.sort_by("_hoodie_record_key") if read.num_rows else read

    def catalog_tables(self) -> tuple[str, ...]:
        """The names that the catalog has of the table: what is compacted and what is true, if these differ."""
        name = self.config.raw_table_name
        return (name,) if self.config.hudi_table_type == "copy_on_write" else (f"{name}_ro", f"{name}_rt")

    def values(self, *columns: str) -> list[tuple[Any, ...]]:
        """The values of these columns, row by row."""
        rows = self.whole_table().select(list(columns)).to_pylist()
        return [tuple(row[column] for column in columns) for row in rows]
