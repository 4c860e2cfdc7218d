"""The object keys that DMS gives its files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

SEQUENCES = {
    "YYYYMMDD": ("%Y", "%m", "%d"),
    "YYYYMMDDHH": ("%Y", "%m", "%d", "%H"),
    "YYYYMM": ("%Y", "%m"),
    "MMYYYYDD": ("%m", "%Y", "%d"),
    "DDMMYYYY": ("%d", "%m", "%Y"),
}
DELIMITERS = {"SLASH": "/", "DASH": "-", "UNDERSCORE": "_", "NONE": ""}


@dataclass(frozen=True, slots=True)
class DatePartitions:
    """DatePartitionSequence and DatePartitionDelimiter of the S3 endpoint."""

    sequence: Literal["YYYYMMDD", "YYYYMMDDHH", "YYYYMM", "MMYYYYDD", "DDMMYYYY"] = "YYYYMMDD"
    delimiter: Literal["SLASH", "DASH", "UNDERSCORE", "NONE"] = "SLASH"

    def folder(self, committed_at: datetime) -> str:
        """The folder of changes committed at this time, with its closing slash."""
        return committed_at.strftime(DELIMITERS[self.delimiter].join(SEQUENCES[self.sequence])) + "/"


@dataclass(slots=True)
class FileNames:
    """Names files `[folder/]schema/table/…`; no two change files of a table share a name."""

    schema_name: str
    folder: str
    date_partitions: DatePartitions | None
    clock: Callable[[], datetime]
    _last: dict[str, datetime] = field(default_factory=dict)

    def full_load(self, table: str, part: int) -> str:
        """A reload starts at 1 again and so writes over the names of the load before."""
        return f"{self._prefix(table)}LOAD{part:08X}.parquet"

    def changes(self, table: str, committed_at: str) -> str:
        """Foldered by when the change was committed, named by when the file was written."""
        stamp = self._next_stamp(table)
        name = f"{stamp:%Y%m%d-%H%M%S}{stamp.microsecond // 1000:03d}.parquet"
        return f"{self._prefix(table)}{self.date_folder(committed_at)}{name}"

    def date_folder(self, committed_at: str) -> str:
        """The date part of a key, empty if the endpoint does not partition by date."""
        return self.date_partitions.folder(datetime.fromisoformat(committed_at)) if self.date_partitions else ""

    def _prefix(self, table: str) -> str:
        folder = f"{self.folder.strip('/')}/" if self.folder else ""
        return f"{folder}{self.schema_name}/{table}/"

    def _next_stamp(self, table: str) -> datetime:
        """A clock that stands still or goes back must not make a file overwrite another."""
        now = self.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if table in self._last:
            now = max(now, self._last[table] + timedelta(milliseconds=1))
        self._last[table] = now
        return now
