"""Athena reads the current state of Iceberg and Hudi tables; ministack would read every data file ever written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from hudi import HudiTableBuilder
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO
from pyiceberg.table import StaticTable
from pyiceberg.typedef import Properties
from pyiceberg.types import NestedField, TimestamptzType

from rehearsal.emulator import ministack_patches as patches

Relation = Callable[[dict[str, Any], list[str]], str]
_COPIES = "copies-of"
_TIMELINE = ".hoodie/"
_COPIED_TO = "ministack-athena-"


def install() -> None:
    """Let queries read only the files of the snapshot that the Data Catalog points to, or of Hudi's latest commit."""
    patches.ATHENA_TABLE_RELATION.wrap(_iceberg)
    patches.ATHENA_TABLE_RELATION.wrap(_hudi)


def _iceberg(relation: Relation, table: dict[str, Any], files: list[str]) -> str:
    metadata = table.get("Parameters", {}).get("metadata_location")
    if metadata is None:
        return relation(table, files)
    copies = _local_copies(table["StorageDescriptor"]["Location"], metadata, files)
    live = _live_files(copies)
    return _parquet(copies.table, live) if live else str(patches.ATHENA_EMPTY_RELATION.value(table))


def _hudi(relation: Relation, table: dict[str, Any], files: list[str]) -> str:
    """Read a table's latest file slices."""
    # where ministack has copied the table to
    folder = next(folder for folder in Path(files[0]).parents if folder.name.startswith(_COPIED_TO))
    if not _copy_timeline(table["StorageDescriptor"]["Location"], folder):
        return relation(table, files)
    slices = HudiTableBuilder.from_base_uri(str(folder)).build().get_file_slices()
    live = [str(folder / each.base_file_relative_path()) for each in slices]
    return relation(table, live) if live else str(patches.ATHENA_EMPTY_RELATION.value(table))


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


def _copy_timeline(location: str, folder: Path) -> bool:
    """Copy what ministack leaves out because its name begins with a point; False if this is no Hudi table."""
    parsed = urlparse(location)
    prefix = parsed.path.strip("/") + "/"
    keys = [key for key in patches.S3_BUCKETS.value[parsed.netloc]["objects"] if key.startswith(prefix + _TIMELINE)]
    for key in keys:
        data = patches.S3_OBJECT_DATA.value(parsed.netloc, key)
        path = folder / key.removeprefix(prefix)
        if data is not None and not key.endswith("/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return f"{prefix}{_TIMELINE}hoodie.properties" in keys
