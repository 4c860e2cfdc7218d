"""What the key of a DMS object says: which table it belongs to and whether it is a full load or changes.

Below the source's folder a key is `schema/table/` and one of these:

- a part of a full load: `[segment folder/][SEGMENT<n>_]LOAD<8 hex digits>.parquet`; folder and prefix are those of
  DMS's parallel load;
- a file of changes: `[date folders/]<yyyymmdd>-<hhmmssfff>.parquet`, with date folders in every sequence and delimiter
  that DMS offers (DatePartitionSequence, DatePartitionDelimiter), or without.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from odp.errors import ObjectKeyError
from odp.records import FileType
from odp.source_table import SourceTable

_FULL_LOAD = re.compile(r"(?P<prefix>SEGMENT[0-9]{1,10}_)?LOAD[0-9A-F]{8}\.parquet")
_CHANGES = re.compile(r"(?P<second>[0-9]{8}-[0-9]{6})[0-9]{3,20}\.parquet")

_YEAR, _MONTH, _DAY, _HOUR = r"[0-9]{4}", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12][0-9]|3[01])", r"([01][0-9]|2[0-3])"
_DATE_SEQUENCES = (
    (_YEAR, _MONTH, _DAY),
    (_YEAR, _MONTH, _DAY, _HOUR),
    (_YEAR, _MONTH),
    (_MONTH, _YEAR, _DAY),
    (_DAY, _MONTH, _YEAR),
)
_DATE_FOLDERS = re.compile("|".join(f"({d.join(s)}/)" for s in _DATE_SEQUENCES for d in ("/", "-", "_", "")))


@dataclass(frozen=True, slots=True)
class DmsObject:
    """What one object key means."""

    source: str
    schema_name: str
    table_name: str
    file_type: FileType
    folder: str
    """What the keys of the same table have in common: `[source's folder/]schema/table/`."""
    segment: str
    """Of a part of a parallel load: its folder and prefix in the table's folder."""
    name: str
    """The file name."""

    @property
    def source_table_name(self) -> str:
        """The text of the table's identity."""
        return SourceTable(self.source, self.schema_name, self.table_name).name


def dms_object(key: str, source: str, prefix: str) -> DmsObject:
    """Read a key that begins with the folder of a source, which ends with a slash unless it is empty.

    Raises:
        ObjectKeyError: the key is neither a full-load nor a change file of DMS.
    """
    *folders, name = key.removeprefix(prefix).split("/")
    load, changes = _FULL_LOAD.fullmatch(name), _CHANGES.fullmatch(name)
    if not load and not changes:
        _refuse(
            key,
            "the file name is neither LOAD<8 hex digits>.parquet nor <yyyymmdd>-<hhmmssfff>.parquet; only DMS writes "
            "into the folder of a source, in the format Parquet: put other files elsewhere",
        )
    if len(folders) < 2 or not all(folders[:2]):  # noqa: PLR2004 - a schema and a table
        _refuse(
            key,
            f"no schema and table precede its name; below the folder of source {source} DMS writes schema/table/<file>",
        )
    schema, table, *inner = folders
    if changes:
        _check_changes(key, changes["second"], inner)
    segment = _segment(key, inner, load["prefix"] or "") if load else ""
    file_type = FileType.FULL_LOAD if load else FileType.CHANGES
    return DmsObject(source, schema, table, file_type, f"{prefix}{schema}/{table}/", segment, name)


def table_folder(key: str, schema: str, table: str) -> str:
    """Give the folder of a table from the key of one of its change files, without the folders of a date."""
    parts = key.split("/")[:-1]
    for end in range(len(parts) + 1):
        folder, dates = "".join(f"{part}/" for part in parts[:end]), "".join(f"{part}/" for part in parts[end:])
        is_of_table = f"/{folder}".endswith(f"/{schema}/{table}/")
        if is_of_table and (not dates or _DATE_FOLDERS.fullmatch(dates)):
            return folder
    message = f"{key} is no file of changes of {schema}.{table}"
    raise ValueError(message)


def _segment(key: str, inner: Sequence[str], prefix: str) -> str:
    if len(inner) > 1 or not all(inner):
        _refuse(
            key,
            f"{'/'.join(inner)}/ is between the table's folder and a part of a full load, where DMS writes at most the "
            "one folder of a parallel load's segment; if the source's tables lie deeper, configure its folder",
        )
    return "".join(f"{folder}/" for folder in inner) + prefix


def _check_changes(key: str, second: str, inner: Sequence[str]) -> None:
    path = "".join(f"{folder}/" for folder in inner)
    if path and not _DATE_FOLDERS.fullmatch(path):
        _refuse(
            key,
            f"{path} is between the table's folder and a file of changes, where DMS writes nothing or the folders of a "
            "date; if the source's tables lie deeper, configure its folder",
        )
    try:
        datetime.strptime(second, "%Y%m%d-%H%M%S")  # noqa: DTZ007 - the zone is the DMS task's
    except ValueError:
        _refuse(
            key,
            f"{second} is no date and time, and changes are applied in the order of their file names; rename the "
            "file after the time of its changes, or delete it",
        )


def _refuse(key: str, reason: str) -> NoReturn:
    message = f"{key}: {reason}"
    raise ObjectKeyError(message)
