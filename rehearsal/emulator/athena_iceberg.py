"""Athena reads an Iceberg table's current snapshot; ministack would read every data file that was ever written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO
from pyiceberg.table import StaticTable
from pyiceberg.typedef import Properties
from pyiceberg.types import NestedField, TimestamptzType

from rehearsal.emulator import ministack_patches as patches

Relation = Callable[[dict[str, Any], list[str]], str]
_COPIES = "copies-of"


def install() -> None:
    """Let queries read only the files of the snapshot that the Data Catalog points to."""
    patches.ATHENA_TABLE_RELATION.replace(_of_current_snapshot)


def _of_current_snapshot(relation: Relation) -> Relation:
    def table_relation(table: dict[str, Any], files: list[str]) -> str:
        metadata = table.get("Parameters", {}).get("metadata_location")
        if metadata is None:
            return relation(table, files)
        copies = _local_copies(table["StorageDescriptor"]["Location"], metadata, files)
        live = _live_files(copies)
        return _parquet(copies.table, live) if live else str(patches.ATHENA_EMPTY_RELATION.value(table))

    return table_relation


@dataclass(frozen=True)
class _Copies:
    """An Iceberg table all of whose files ministack has copied from below `prefix` to `folder`."""

    table: StaticTable
    prefix: str
    folder: str


def _local_copies(location: str, metadata: str, files: list[str]) -> _Copies:
    prefix = location.rstrip("/") + "/"
    relative = metadata.removeprefix(prefix)
    folder = next(file.removesuffix(relative) for file in files if file.endswith(f"/{relative}"))
    properties = {"py-io-impl": f"{__name__}.LocalCopies", f"{_COPIES}.table": prefix, f"{_COPIES}.folder": folder}
    return _Copies(StaticTable.from_metadata(metadata, properties), prefix, folder)


def _live_files(copies: _Copies) -> list[str]:
    """The copies of the current snapshot's data files."""
    if copies.table.current_snapshot() is None:
        return []
    planned = list(copies.table.scan().plan_files())
    if deletes := [task.file.file_path for task in planned if task.delete_files]:
        raise ValueError(f"NOT_SUPPORTED: {deletes[0]} has delete files; write the table with copy-on-write here")
    return [str(Path(copies.folder) / task.file.file_path.removeprefix(copies.prefix)) for task in planned]


def _parquet(table: StaticTable, files: list[str]) -> str:
    listed = ", ".join("'{}'".format(file.replace("'", "''")) for file in files)
    relation = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    quoted = ['"{}"'.format(column.name.replace('"', '""')) for column in table.schema().fields if _is_zoned(column)]
    # Athena's sessions are in UTC; duckdb's are where the machine is, and its driver gives such values to nobody
    in_utc = ", ".join(f"make_timestamp(epoch_us({name})) AS {name}" for name in quoted)
    return f"(SELECT * REPLACE ({in_utc}) FROM {relation})" if quoted else relation  # noqa: S608 - all is quoted


def _is_zoned(column: NestedField) -> bool:
    return isinstance(column.field_type, TimestamptzType)


class LocalCopies(PyArrowFileIO):
    """Opens a table's files where they were copied to: asking S3 would ask the emulator that waits for the answer."""

    def __init__(self, properties: Properties = {}) -> None:  # noqa: B006 - pyiceberg's signature
        super().__init__(properties)
        self._table = str(properties[f"{_COPIES}.table"])
        self._folder = Path(str(properties[f"{_COPIES}.folder"]))

    def new_input(self, location: str) -> PyArrowFile:
        """Open the copy of an object."""
        if urlparse(location).scheme != "s3":
            return super().new_input(location)
        return super().new_input(str(self._folder / location.removeprefix(self._table)))

    def new_output(self, location: str) -> PyArrowFile:
        """Queries write nothing."""
        raise PermissionError(location)
