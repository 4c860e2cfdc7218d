"""DMS files in memory, and the final rows that the native engine makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from odp.file_processor.apply.source_columns import name_columns
from odp.native.dms_rows import read_footers
from odp.native.final_rows import FinalRows
from odp.records import FileType, LandedFile, RawTableConfig, RowHistory

from lake.tables.columns import Columns

CONFIG = RawTableConfig(
    refresh_cadence="10min",
    source_table_name="s.t",
    primary_key=("ID",),
    partition_key=None,
    change_sequence=None,
    hudi_table_type="",
    history=RowHistory.LATEST,
    table_format="iceberg",
    is_active=True,
    raw_database_name="raw",
    raw_database_s3_bucket="b",
    raw_table_name="t",
)


@dataclass
class Files:
    """Landed files and their contents."""

    contents: dict[str, bytes] = field(default_factory=dict)
    landed: list[LandedFile] = field(default_factory=list)

    def add(self, name: str, rows: pa.Table | bytes, *, folder: str = "s/t", row_group: int = 3) -> LandedFile:
        kind = FileType.FULL_LOAD if name.startswith("LOAD") else FileType.CHANGES
        key = f"{folder}/{name}.parquet"
        out = BytesIO()
        if isinstance(rows, bytes):
            out.write(rows)
        else:
            pq.write_table(rows, out, row_group_size=row_group)
        file = LandedFile("s.t", f"f{len(self.landed)}", kind, "s", "t", "b", key, 1, "", "2026")
        self.contents[key] = out.getvalue()
        self.landed.append(file)
        return file

    def open(self, file: LandedFile) -> Any:
        if file.key not in self.contents:
            raise FileNotFoundError(file.key)
        return pa.BufferReader(self.contents[file.key])

    def final(
        self, columns: Columns, images: Mapping[str, str] | None = None, load_version: str = "", **configured: Any
    ) -> FinalRows:
        config = replace(CONFIG, **configured)
        found = {id_: footer.columns for id_, footer in read_footers(self.landed, self.open).items()}
        named = {
            file.file_id: name_columns(config, found[file.file_id], {} if file.is_load else images or {})
            for file in self.landed
        }
        return FinalRows(config, columns, self.landed, named, self.open, load_version)


def values(rows: FinalRows, *names: str) -> list[tuple[Any, ...]]:
    """The final rows."""
    return as_tuples(rows.read(), *names)


def as_tuples(pieces: Iterable[pa.Table], *names: str) -> list[tuple[Any, ...]]:
    table = pa.concat_tables(pieces)
    return sorted((tuple(row[name] for name in names) for row in table.to_pylist()), key=repr)
