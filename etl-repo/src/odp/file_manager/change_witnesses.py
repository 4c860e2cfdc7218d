"""Finds out whether a table's source was emptied: by its load's objects, or by change files where no load shows it.

DMS then deletes everything in the table's folder. So all files that landed before some moment are gone, and the
existing ones landed after it. If a person deletes a few files, other old files remain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from odp.ports import Deletions, FileHistory
from odp.records import FileStatus, KeptEntry, LandedFile

# Finds when the objects of a load were deleted from the staging bucket.


def last_deletion(staged: Deletions, parts: Sequence[LandedFile], by_then: str) -> str:
    """Return the time at which the last object of a load was deleted; empty if any object exists.

    S3 forgets deletions after a while. Then an object counts as deleted at the given time.
    """
    deleted: dict[str, str] = {}
    for bucket, prefix, keys in _places(parts):
        for key, deleted_at in staged.deletions(bucket, prefix):
            if key in keys and not deleted_at:
                return ""
            if key in keys:
                deleted[key] = deleted_at
    return max(deleted.get(part.key, by_then) for part in parts)


def _places(parts: Iterable[LandedFile]) -> Iterator[tuple[str, str, set[str]]]:
    """Group the keys of parts by folder, each group with a prefix that matches few other keys."""
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for part in parts:
        keys[part.bucket, part.key.removesuffix(part.name)].add(part.key)
    for (bucket, _), found in keys.items():
        yield bucket, _common_prefix(min(found), max(found)), found


def _common_prefix(first: str, last: str) -> str:
    """Return the common prefix of all keys between two."""
    return next((first[:end] for end in range(len(first), 0, -1) if last.startswith(first[:end])), "")


# Finds by change files whether a table's source was emptied, where no load can show it.
#
# DMS then deletes everything in the table's folder. So all files that landed before some moment are gone, and the
# existing ones landed after it. If a person deletes a few files, other old files remain.


TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST = 10
"""The number of files checked at each end of the time; each costs a request, until one exists."""
_READ = 100
"""The number of files read from the history at once; some do not count."""
_DAYS_BEFORE = tuple(4**number for number in range(6))
_ONE_DAY = timedelta(days=1)
"""More than the difference between a file's name and its landing time: names may be in any time zone."""


@dataclass(frozen=True, slots=True)
class GoneChanges:
    """The checked files, the newest first, and the time at which the last one was deleted."""

    files: tuple[LandedFile, ...]
    gone_at: str


@dataclass(frozen=True, slots=True)
class ChangeWitnesses:
    """Reads applied change files from the history, and checks their objects in the bucket."""

    files: FileHistory
    staged: Deletions
    now: datetime

    def gone(self, table: str, since: str) -> GoneChanges | None:
        """Find the time at which all files that had landed since another time were deleted.

        The oldest files landed before that time, even if many landed after it. The newest files before it show that
        nobody deleted only old files.
        """
        oldest = self._oldest(table, since)
        deleted = self._deleted(oldest)
        if not deleted:
            return None
        newest = self._newest(table, since, max(deleted.values()))
        deleted |= self._deleted(file for file in newest if file not in deleted)
        gone_at = max(deleted.values())
        if any(file not in deleted and file.landed_at < gone_at for file in (*oldest, *newest)):
            return None
        return GoneChanges(tuple(sorted(deleted, key=_landing, reverse=True)), gone_at)

    def still_gone(self, table: str, since: str, entry: KeptEntry) -> GoneChanges | None:
        """Check an entry again, unless an object is back; S3 may have forgotten the deletions meanwhile."""
        file_id = entry.entry_id.removeprefix(f"{table}#")
        name = file_id.split("/")[1]
        found = self.files.processed_changes(table, name, _READ)
        named = [file for file in found if file.file_id == file_id]
        gone_at = time_of(entry)
        files = {*named, *self._newest(table, since, gone_at)}
        if not named or not all(map(self._deleted_at, files)):
            return None
        return GoneChanges((*named, *sorted(files - {*named}, key=_landing, reverse=True)), gone_at)

    def has_any(self, table: str, since: str) -> bool:
        """Whether a table has files that landed since a time."""
        return bool(self._oldest(table, since))

    def _deleted(self, files: Iterable[LandedFile]) -> dict[LandedFile, str]:
        """Return the deletion time of the files before the first existing one, unless that one landed before it."""
        deleted: dict[LandedFile, str] = {}
        for file in files:
            deleted_at = self._deleted_at(file)
            if not deleted_at:
                return deleted if deleted and max(deleted.values()) <= file.landed_at else {}
            deleted[file] = deleted_at
        return deleted

    def _deleted_at(self, file: LandedFile) -> str:
        """Return the deletion time of an object, empty if it exists; a forgotten deletion counts as now."""
        for key, deleted_at in self.staged.deletions(file.bucket, file.key):
            if key == file.key:
                return deleted_at
        return self.now.strftime(TIME)

    def _oldest(self, table: str, since: str) -> Sequence[LandedFile]:
        """Return the first files that landed since a time; names may be a day earlier than landings."""
        for days in (-1, 0, 1):
            start = datetime.fromisoformat(since) + days * _ONE_DAY
            found = self.files.processed_changes(table, f"{start:%Y%m%d-%H%M%S}", _READ)
            landed = sorted((file for file in _applied(found) if file.landed_at > since), key=_landing)
            if landed or len(found) < _READ:
                return landed[:_MOST]
        return ()

    def _newest(self, table: str, since: str, until: str) -> Sequence[LandedFile]:
        """Return the last files that landed before a time, in landing order; of many, only some of the last day."""
        begin = datetime.fromisoformat(since) - _ONE_DAY
        landed: set[LandedFile] = set()
        for start in _starts_before(datetime.fromisoformat(until), begin):
            found = self.files.processed_changes(table, f"{start:%Y%m%d}", _READ)
            landed |= {file for file in _applied(found) if since < file.landed_at < until}
            if len(landed) >= _MOST or len(found) == _READ:
                break
        return sorted(landed, key=_landing)[-_MOST:]


def time_of(entry: KeptEntry) -> str:
    """Return the time at which the objects of an entry were gone; an older release kept only the time of the entry."""
    return datetime.fromisoformat(entry.gone_at or entry.since).astimezone(UTC).strftime(TIME)


def _starts_before(until: datetime, begin: datetime) -> Iterator[datetime]:
    for days in _DAYS_BEFORE:
        start = until - days * _ONE_DAY
        yield max(start, begin)
        if start <= begin:
            return


def _applied(files: Iterable[LandedFile]) -> Iterator[LandedFile]:
    return (file for file in files if file.status is FileStatus.APPLIED)


def _landing(file: LandedFile) -> tuple[str, str]:
    return file.landed_at, file.name
