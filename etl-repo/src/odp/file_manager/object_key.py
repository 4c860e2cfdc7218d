"""Reads the key of a DMS object: its table, and whether it is a part of a load or a change file.

Below the source's folder a key is `schema/table/` and one of these:

- a part of a full load: `[segment folder/][SEGMENT<n>_]LOAD<8 hex digits>.parquet`; folder and prefix are those of
  DMS's parallel load;
- a file of changes: `[date folders/]<yyyymmdd>-<hhmmssfff>.parquet`, with date folders in every sequence and delimiter
  that DMS offers (DatePartitionSequence, DatePartitionDelimiter), or without.

Whoever may write into the bucket chooses the names. So names that DMS does not write are refused: folders that Hadoop's
paths leave out, days that do not exist, numbers that no load has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NoReturn

from lake.landing.object_created import MOST_KEY_BYTES
from lake.shown_text import shown
from odp.errors import ObjectKeyError
from odp.records import FileType
from odp.table_identity import SourceTable

MOST_PARTS = 1_000_000
"""DMS numbers the parts of a load from 1; a part of the default size has up to 1 GB."""
MOST_IDENTITY_BYTES = 800
"""The table's identity is part of a sort key of at most 1,024 bytes; no database has names this long."""
AHEAD = timedelta(days=2)
"""How much later than its landing a change file's name may be: names may be in any time zone.

A later name would be the table's newest change: all true changes would be late, and wait for a person.
"""
_FIRST_YEAR = 1970

_FULL_LOAD = re.compile(r"(?P<prefix>SEGMENT[0-9]{1,10}_)?LOAD(?P<number>[0-9A-F]{8})\.parquet")
_CHANGES = re.compile(r"(?P<second>[0-9]{8}-[0-9]{6})[0-9]{3,20}\.parquet")

_YEAR, _MONTH, _DAY = r"(?P<year>[0-9]{4})", r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_HOUR = r"([01][0-9]|2[0-3])"
_DATE_SEQUENCES = (
    (_YEAR, _MONTH, _DAY),
    (_YEAR, _MONTH, _DAY, _HOUR),
    (_YEAR, _MONTH),
    (_MONTH, _YEAR, _DAY),
    (_DAY, _MONTH, _YEAR),
)
_DATE_FOLDERS = [re.compile(f"{d.join(s)}/") for s in _DATE_SEQUENCES for d in ("/", "-", "_", "")]
_OTHER_FOLDERS = (".", "..")
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, unpaired surrogates, and separators of lines and paragraphs."""


@dataclass(frozen=True, slots=True)
class DmsObject:
    """The parsed key of one object."""

    source: str
    schema_name: str
    table_name: str
    file_type: FileType
    folder: str
    """The common prefix of the table's keys: `[source's folder/]schema/table/`."""
    segment: str
    """For a part of a parallel load: its folder and prefix in the table's folder."""
    name: str
    """The file name."""

    @property
    def source_table_name(self) -> str:
        """The identity of the table, as text."""
        return SourceTable(self.source, self.schema_name, self.table_name).name


def dms_object(key: str, source: str, prefix: str) -> DmsObject:
    """Read a key that begins with the folder of a source, which ends with a slash unless it is empty.

    Raises:
        ObjectKeyError: the key is neither a full-load nor a change file of DMS.
    """
    if len(key.encode("utf-8", "replace")) > MOST_KEY_BYTES:
        _refuse(key, f"no key of S3 is longer than {MOST_KEY_BYTES:,} bytes")
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
    segment = _segment(key, inner, load["prefix"] or "", int(load["number"], 16)) if load else ""
    _check_folders(key, folders)
    _check_identity(key, SourceTable(source, schema, table))
    file_type = FileType.FULL_LOAD if load else FileType.CHANGES
    return DmsObject(source, schema, table, file_type, f"{prefix}{schema}/{table}/", segment, name)


def check_landing(key: str, name: str, landed_at: str) -> None:
    """Compare the time in a change file's name with its landing time.

    Raises:
        ObjectKeyError: the name is from the future.
    """
    changes = _CHANGES.fullmatch(name)
    if changes is None:
        return
    named = datetime.strptime(changes["second"], "%Y%m%d-%H%M%S")  # noqa: DTZ007 - the zone is the DMS task's
    if named - datetime.fromisoformat(landed_at).replace(tzinfo=None) > AHEAD:
        _refuse(
            key,
            f"{changes['second']} is later than the file landed ({landed_at}), and changes that come after it would "
            "count as late; rename the file after the time of its changes, or delete it",
        )


def table_folder(key: str, schema: str, table: str) -> str:
    """Return the folder of a table from the key of a change file, without the folders of a date."""
    parts = key.split("/")[:-1]
    for end in range(len(parts) + 1):
        folder, dates = "".join(f"{part}/" for part in parts[:end]), "".join(f"{part}/" for part in parts[end:])
        is_of_table = f"/{folder}".endswith(f"/{schema}/{table}/")
        if is_of_table and (not dates or _is_date(dates)):
            return folder
    message = f"{shown(key)} is no file of changes of {schema}.{table}"
    raise ValueError(message)


def _segment(key: str, inner: Sequence[str], prefix: str, number: int) -> str:
    path = "".join(f"{folder}/" for folder in inner)
    if len(inner) > 1 or not all(inner):
        _refuse(
            key,
            f"{shown(path)} is between the table's folder and a part of a full load, where DMS writes at most the "
            "one folder of a parallel load's segment; if the source's tables lie deeper, configure its folder",
        )
    if not 1 <= number <= MOST_PARTS:
        _refuse(
            key,
            f"{number:,} is no number of a part: DMS counts the parts of a full load from 1, and none has more than "
            f"{MOST_PARTS:,}; delete the object, or load the table again in DMS",
        )
    return path + prefix


def _check_changes(key: str, second: str, inner: Sequence[str]) -> None:
    path = "".join(f"{folder}/" for folder in inner)
    if path and not _is_date(path):
        _refuse(
            key,
            f"{shown(path)} is between the table's folder and a file of changes, where DMS writes nothing or the "
            "folders of a date; if the source's tables lie deeper, configure its folder",
        )
    try:
        is_time = datetime.strptime(second, "%Y%m%d-%H%M%S").year >= _FIRST_YEAR  # noqa: DTZ007 - the zone is the DMS task's
    except ValueError:
        is_time = False
    if not is_time:
        _refuse(
            key,
            f"{second} is no date and time since {_FIRST_YEAR}, and changes are applied in the order of their file "
            "names; rename the file after the time of its changes, or delete it",
        )


def _check_folders(key: str, folders: Sequence[str]) -> None:
    """Hadoop's paths drop `.` and `..`, so a reader would get another object, or none."""
    if any(folder in _OTHER_FOLDERS for folder in folders):
        _refuse(key, "a folder is named . or .., which leads to the folder of another table; delete the object")
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in "/".join(folders)):
        _refuse(key, "a folder's name has a control character; leave the table out of the DMS task or rename it")


def _check_identity(key: str, table: SourceTable) -> None:
    if (length := len(table.name.encode())) > MOST_IDENTITY_BYTES:
        _refuse(
            key,
            f"schema and table have {length:,} bytes together, and the ledger holds {MOST_IDENTITY_BYTES}; rename them "
            "by a transformation rule of the DMS task, or delete the object",
        )


def _is_date(path: str) -> bool:
    """Whether folders are a real date; eight digits can be read in two ways."""
    return any(_days(path))


def _days(path: str) -> Iterator[bool]:
    for pattern in _DATE_FOLDERS:
        found = pattern.fullmatch(path)
        numbers = found.groupdict() if found else {}
        if numbers:
            year, month, day = (int(numbers.get(unit, 1)) for unit in ("year", "month", "day"))
            yield year >= _FIRST_YEAR and _is_real(year, month, day)


def _is_real(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _refuse(key: str, reason: str) -> NoReturn:
    message = f"{shown(key)}: {reason}"
    raise ObjectKeyError(message)
