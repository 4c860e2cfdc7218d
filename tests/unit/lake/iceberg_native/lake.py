"""A small lake, and what tests do with its tables; readers share no code with the product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lake.tables.change import ChangeKind, Commit, Proof, TableDefinition, WrittenRows
from lake.tables.columns import Columns, column_type
from lake.tables.iceberg_native.row_change import Limits, RowChange
from lake.tables.iceberg_native.table import NativeIcebergTable
from lake.tables.partitions import partition_of

SCHEMA = "Op string, ID bigint, V int, REGION string"
ROWS = [("I", 1, 10, "north"), ("I", 2, 20, "south"), ("I", 3, 30, None)]
CHANGES = [("U", 1, 11, "south"), ("D", 2, None, None), ("I", 4, 40, "west")]
BEFORE, AFTER = [(1, 10, "north"), (2, 20, "south"), (3, 30, None)], [(1, 11, "south"), (3, 30, None), (4, 40, "west")]
"""The rows of ROWS, and those after CHANGES."""
NEW = {"odp.file_ids": '["f2"]', "odp.table_state": "{}"}
"""The proof of CHANGES."""
DATABASE = "lake"
ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "float": pa.float32(),
    "double": pa.float64(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_names = count(1)


def nothing() -> None:
    """A lease that holds."""


def arrow_type(text: str) -> pa.DataType:
    if text.startswith("decimal"):
        precision, scale = text[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return ARROW[text]


def columns(schema: str) -> Columns:
    return {name: column_type(text) for name, text in (column.split(" ") for column in schema.split(", "))}


def arrow(rows: Sequence[tuple[Any, ...]], schema: str = SCHEMA) -> pa.Table:
    """Rows of a schema that is written as Spark writes it."""
    named = [column.split(" ") for column in schema.split(", ")]
    return pa.table(
        {name: pa.array([row[at] for row in rows], arrow_type(text)) for at, (name, text) in enumerate(named)}
    )


@dataclass(frozen=True)
class Lake:
    """Tables below a root; `reader` reads their catalog with pyiceberg alone, without the product's files."""

    root: str
    catalog: Catalog
    reader: Catalog

    @property
    def folder(self) -> Path:
        """Where a lake on local files lies."""
        return Path(self.root.removeprefix("file://"))

    def table(self, *, partition_by: str | None = "REGION", **different: Any) -> LakeTable:
        """A table that does not exist yet, partitioned as manifests write it."""
        name = f"t{next(_names)}"
        location = f"{self.root}/{DATABASE}/{name}"
        by = partition_of(partition_by) if partition_by else None
        definition = TableDefinition(DATABASE, name, location, "ID", ("ID",), by, ("Op", "D"))
        return LakeTable(self, replace(definition, **different))


@dataclass(frozen=True)
class LakeTable:
    """One table of the lake."""

    lake: Lake
    definition: TableDefinition
    limits: Limits | None = None

    @property
    def native(self) -> NativeIcebergTable:
        return NativeIcebergTable(self.lake.catalog, self.definition, self.limits)

    def change(
        self,
        rows: Sequence[tuple[Any, ...]],
        schema: str = SCHEMA,
        *,
        kind: ChangeKind = ChangeKind.MERGE,
        proof: Proof | None = None,
        check_lease: Callable[[], None] = nothing,
        **more: Any,
    ) -> WrittenRows:
        """Apply rows as one change."""
        proof = {"odp.file_ids": '["f1"]'} if proof is None else proof
        return self.native.apply(RowChange(kind, arrow(rows, schema), columns(schema), proof, **more), check_lease)

    @property
    def stored(self) -> Table:
        """The table as pyiceberg alone reads it."""
        return self.lake.reader.load_table((DATABASE, self.definition.name))

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        """The rows as pyiceberg alone reads them."""
        found = self.stored.scan().to_arrow().select(list(names or ("ID", "V", "REGION"))).to_pylist()
        return sorted((tuple(row.values()) for row in found), key=repr)

    def data_files(self) -> list[str]:
        """The live data files."""
        return sorted(self.stored.inspect.files()["file_path"].to_pylist())

    def commit(self) -> Commit:
        commit = self.native.last_commit()
        assert commit is not None
        return commit


def refresh(table: LakeTable) -> str:
    """What a run does: it applies CHANGES unless the table's proof has them already."""
    native = table.native
    stored = native.existing()
    if stored is not None and stored.proof == NEW:
        return "found in the table"
    native.apply(RowChange(ChangeKind.MERGE, arrow(CHANGES), columns(SCHEMA), NEW), nothing)
    return "applied"
