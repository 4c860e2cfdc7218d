"""What the key of a DMS object says: which table it belongs to and whether it is a full load or changes.

`[folder/…]schema/table/LOAD%08X.parquet` and `[folder/…]schema/table/[date partitions/]yyyymmdd-hhmmssfff.parquet`,
at any folder depth, with date partitions on or off in every sequence and delimiter that DMS offers
(DatePartitionSequence, DatePartitionDelimiter). The file name decides, never the depth of the path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from odp.errors import ObjectKeyError
from odp.records import FileType

_FULL_LOAD = re.compile(r"LOAD[0-9A-F]{8}\.parquet")
_CHANGES = re.compile(r"\d{8}-\d{9,}\.parquet")

_YEAR, _MONTH, _DAY, _HOUR = r"(19|20)\d\d", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])", r"([01]\d|2[0-3])"
_DATE_SEQUENCES = (
    (_YEAR, _MONTH, _DAY),
    (_YEAR, _MONTH, _DAY, _HOUR),
    (_YEAR, _MONTH),
    (_MONTH, _YEAR, _DAY),
    (_DAY, _MONTH, _YEAR),
)
_DATE_IN_ONE_FOLDER = re.compile("|".join(f"({d.join(s)})" for s in _DATE_SEQUENCES for d in ("", "-", "_")))
_DATE_IN_FOLDERS = tuple(
    tuple(re.compile(part) for part in sequence) for sequence in sorted(_DATE_SEQUENCES, key=len, reverse=True)
)


@dataclass(frozen=True, slots=True)
class DmsObject:
    """What one object key means."""

    schema_name: str
    table_name: str
    file_type: FileType
    folder: str
    """What precedes date partition and name in the keys of the same table: `[folder/]schema/table/`."""

    @property
    def source_table_name(self) -> str:
        """`schema.table`; an underscore between them would let a_b.c and a.b_c collide."""
        return f"{self.schema_name}.{self.table_name}"


def parse_object_key(key: str) -> DmsObject:
    """Read schema, table and file type from an object key.

    Raises:
        ObjectKeyError: the key is neither a full-load nor a change file of DMS.
    """
    *folders, name = key.split("/")
    if _FULL_LOAD.fullmatch(name):
        return _dms_object(key, folders, FileType.FULL_LOAD)
    if _CHANGES.fullmatch(name):
        return _dms_object(key, _without_date_partition(folders), FileType.CHANGES)
    message = f"{key}: the file name is neither LOAD<8 hex digits>.parquet nor <yyyymmdd>-<hhmmssfff>.parquet"
    raise ObjectKeyError(message)


def _dms_object(key: str, folders: Sequence[str], file_type: FileType) -> DmsObject:
    if len(folders) < 2 or not all(folders[-2:]):  # noqa: PLR2004 - a schema and a table
        message = f"{key}: a DMS file lies in [folder/]schema/table/, but no schema and table precede its name"
        raise ObjectKeyError(message)
    schema_name, table_name = folders[-2:]
    if "." in schema_name or "." in table_name:
        message = f"{key}: a dot in a schema or table name would make schema.table ambiguous; rename it in the DMS task"
        raise ObjectKeyError(message)
    return DmsObject(schema_name, table_name, file_type, "".join(f"{folder}/" for folder in folders))


def _without_date_partition(folders: Sequence[str]) -> Sequence[str]:
    for parts in _DATE_IN_FOLDERS:
        tail = folders[-len(parts) :]
        has_room = len(folders) >= len(parts) + 2
        if has_room and all(part.fullmatch(folder) for part, folder in zip(parts, tail, strict=True)):
            return folders[: -len(parts)]
    has_room = len(folders) > 2  # noqa: PLR2004 - a schema and a table stay
    return folders[:-1] if has_room and _DATE_IN_ONE_FOLDER.fullmatch(folders[-1]) else folders
