"""A program for test_function_code: the function's imports, a load and a merge, with a Data Catalog in memory."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import odp.native.handler  # noqa: F401 - what Lambda imports
import pyarrow as pa

from lake.tables.change import ChangeKind, TableDefinition
from lake.tables.columns import column_type
from lake.tables.iceberg_native.data_catalog import data_catalog
from lake.tables.iceberg_native.row_change import RowChange
from lake.tables.iceberg_native.table import NativeIcebergTable

COLUMNS = {"Op": column_type("string"), "ID": column_type("bigint"), "V": column_type("string")}


class _MissingError(Exception):
    pass


class _RefusedError(Exception):
    pass


class Glue:
    """The client's calls that a commit makes."""

    exceptions = SimpleNamespace(
        EntityNotFoundException=_MissingError,
        AlreadyExistsException=_RefusedError,
        ConcurrentModificationException=_RefusedError,
    )

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {}

    def get_table(self, *, DatabaseName: str, Name: str) -> dict[str, Any]:  # noqa: N803 - the API's names
        if Name not in self._tables:
            raise _MissingError
        return {"Table": {**self._tables[Name], "DatabaseName": DatabaseName, "VersionId": "1"}}

    def create_table(self, *, DatabaseName: str, TableInput: dict[str, Any]) -> None:  # noqa: N803
        self._tables[TableInput["Name"]] = TableInput

    def update_table(self, *, DatabaseName: str, TableInput: dict[str, Any], **_: Any) -> None:  # noqa: N803
        self._tables[TableInput["Name"]] = TableInput


def main(folder: str) -> None:
    client: Any = Glue()
    catalog = data_catalog(client)
    table = NativeIcebergTable(
        catalog, TableDefinition("lake", "t", f"file://{folder}/t", "ID", ("ID",), None, ("Op", "D"))
    )
    for kind, rows in (
        (ChangeKind.REPLACE, [("I", 1, "a"), ("I", 2, "b"), ("I", 3, "c")]),
        (ChangeKind.MERGE, [("U", 2, "x"), ("D", 3, None)]),
    ):
        operations, ids, values = map(list, zip(*rows, strict=True))
        arrow = pa.table({"Op": operations, "ID": pa.array(ids, pa.int64()), "V": pa.array(values, pa.string())})
        table.apply(RowChange(kind, arrow, COLUMNS, {"odp.file_ids": '["f1"]'}), lambda: None)
    print(sorted((row["ID"], row["V"]) for piece in table.rows() for row in piece.to_pylist()))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
