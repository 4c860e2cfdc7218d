"""A folder that stands for a bucket in which DMS files have landed, and what the engine finds in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from odp_cli.inference.landed_objects import LandedObject
from odp_cli.inference.landed_tables import LandedTable, LandedTables, landed_tables
from odp_cli.inference.settings import ProfileSettings
from odp_cli.inference.table_profile import TableProfile, profile, profile_each

Columns = Mapping[str, Any]
SETTINGS = ProfileSettings(threads=2)


def sequence(*numbers: int) -> list[str]:
    """Change sequences as AR_H_CHANGE_SEQ has them: 16 digits of time, 19 of a counter."""
    return [f"2026010512000000{number:019d}" for number in numbers]


class FolderSource:
    """The objects of a local folder; it remembers which were opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[str] = []

    def objects(self) -> list[LandedObject]:
        return [
            LandedObject(
                str(path.relative_to(self.folder)),
                path.stat().st_size,
                datetime.fromtimestamp(path.stat().st_mtime, UTC),
            )
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        ]

    def open(self, landed: LandedObject) -> BinaryIO:
        self.opened.append(landed.key)
        return (self.folder / landed.key).open("rb")


class Landing:
    """Lands files of one schema as DMS names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = FolderSource(folder)

    def put(self, key: str, content: bytes) -> str:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return key

    def write(self, key: str, columns: Columns | pa.Table, **options: Any) -> str:
        buffer = pa.BufferOutputStream()
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        pq.write_table(table, buffer, **{"store_schema": False, **options})
        return self.put(key, buffer.getvalue().to_pybytes())

    def load(self, columns: Columns | pa.Table, *, table: str = "orders", part: int = 1, **options: Any) -> str:
        return self.write(f"shop/{table}/LOAD{part:08X}.parquet", columns, **options)

    def changes(self, columns: Columns | pa.Table, *, table: str = "orders", minute: int = 0, **options: Any) -> str:
        """Land a change file; without a column Op, every change is an insert."""
        rows = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        if "Op" not in rows.column_names:
            rows = rows.add_column(0, "Op", [pa.repeat("I", rows.num_rows)])
        hour, minute = divmod(minute, 60)
        return self.write(f"shop/{table}/20260105-{hour:02d}{minute:02d}00123.parquet", rows, **options)

    def listed(self) -> LandedTables:
        return landed_tables(self.source.objects())

    def table(self, name: str = "shop.orders") -> LandedTable:
        return next(table for table in self.listed().tables if table.source_table_name == name)

    def profile(
        self, name: str = "shop.orders", settings: ProfileSettings = SETTINGS, load_bytes: int | None = None
    ) -> TableProfile:
        """Profile one table, on demand as if its full load took so many bytes."""
        table = self.table(name)
        if load_bytes is not None:
            table = replace(table, loads=tuple(replace(load, size=load_bytes) for load in table.loads))
        return profile(table, self.source, settings)

    def profiles(self, settings: ProfileSettings = SETTINGS) -> Sequence[TableProfile]:
        return profile_each(self.listed().tables, self.source, settings)
