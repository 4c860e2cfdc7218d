"""Decides about files that arrive after newer ones, and about files that were uploaded again.

A hard delete leaves nothing in the table to compare an older change with. So a late file is applied together with the
newer applied files, which are read again. The last change of each key wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from odp.file_processor.selection.load_in_table import is_certainly_again
from odp.records import FileStatus, LandedFile, SkipReason
from odp.refresh import HeldFiles, TableState

REPLAY_HORIZON = timedelta(days=7)
"""A late file may be so much older than the newest applied change."""
_EVERYTHING = 1_000_000
_A_DAY = timedelta(days=1)
_VERSIONS_OF_A_NAME = 100
_TOO_MANY = (
    "it came after newer changes, which are too many or too many days to be read again; approve it, or dismiss it and "
    "load the table again in DMS"
)
_DELETED = (
    "it came after newer changes that were deleted from the staging bucket, or overwritten there by what is not "
    "applied, so they cannot be read again; dismiss it and load the table again in DMS, or upload them again and "
    "approve it"
)

_NAMESAKE = (
    "another file of changes has its name in another folder, though DMS gives no name twice, and the versions of a "
    "historical table are named after the file; dismiss it, and if it is no copy of the other one upload it under a "
    "name of its own"
)

Versions = Mapping[str, Sequence[LandedFile]]
"""Processed versions of objects by key."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one commit; a reload, which replaces the table in one commit, has none."""

    files: int = 1000
    bytes: int = 8_000_000_000
    replayed_files: int = 1000


class ProcessedFiles(Protocol):
    """Reads the history of one table, and its objects in the staging bucket."""

    def loads(self) -> Sequence[LandedFile]:
        """List the parts of full loads, applied or not."""

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:
        """List the change files from a name on, by name."""

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Whether two versions of one object have the same content; None if one of them is gone."""

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Return the current version of each object, by key; a deleted object has none."""


def order(file: LandedFile) -> tuple[int, str]:
    """The sort key of a file: parts of the load first, then changes by name."""
    return (0 if file.is_load else 1, file.name)


def was_put_there(file: LandedFile, first_landed: str) -> bool:
    """Whether a change file landed so long after the time in its name that somebody else put it there.

    Names have the time in the task's time zone, which differs from UTC by less than a day.
    """
    try:
        named = datetime.strptime(file.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:  # nothing to compare with
        return False
    return datetime.fromisoformat(first_landed.partition("/")[0]) - named > _A_DAY


def newest_versions(files: Iterable[LandedFile]) -> list[LandedFile]:
    """The newest applied version of each object; only that one can be read."""
    newest: dict[str, LandedFile] = {}
    for file in files:
        known = newest.get(file.key)
        if file.status is FileStatus.APPLIED and (known is None or known.landing_order < file.landing_order):
            newest[file.key] = file
    return sorted(newest.values(), key=order)


def can_be_replayed(applied: Sequence[LandedFile], known: Iterable[LandedFile], processed: ProcessedFiles) -> bool:
    """Whether reading these files again gives the applied content, a copy of it, or content that will be applied.

    A version that a person dismissed, or has not decided yet, must not enter the table by a replay.
    """
    statuses = (FileStatus.APPLIED, FileStatus.PENDING)
    good = [file for file in known if file.status in statuses or file.status_reason == SkipReason.COPY]
    readable = {(file.key, file.version_id) for file in good}
    versioned = [file for file in applied if file.version_id is not None]
    current = processed.current_versions(versioned) if versioned else {}
    return all((file.key, current.get(file.key)) in readable for file in versioned)


def earlier_versions(changes: Sequence[LandedFile], processed: ProcessedFiles, limits: Limits) -> Versions:
    """Find the versions of these change files' objects in the history; usually one request finds none."""
    if not changes:
        return {}
    names = sorted({file.name for file in changes})
    most = len(names) + limits.replayed_files
    found = list(processed.changes(names[0], most))
    if len(found) == most:
        beyond = [name for name in names if name >= found[-1].name]
        found += [file for name in beyond for file in processed.changes(name, _VERSIONS_OF_A_NAME)]
    versions: dict[str, dict[str, LandedFile]] = {}
    for file in found:
        versions.setdefault(file.key, {})[file.file_id] = file
    return {key: list(by_id.values()) for key, by_id in versions.items()}


def hold_namesakes(changes: Sequence[LandedFile], versions: Versions) -> tuple[HeldFiles, ...]:
    """Hold each file with the name of another object that was applied or landed before it.

    Approval does not help: both files would create the same versions of their rows, and one would be lost.
    """
    keys: dict[str, set[str]] = {}
    for version in (version for of_key in versions.values() for version in of_key):
        if version.status is FileStatus.APPLIED:
            keys.setdefault(version.name, set()).add(version.key)
    in_time = sorted(changes, key=lambda file: (file.landing_order, file.file_id))
    second = [file for file in in_time if file.key not in keys.setdefault(file.name, {file.key})]
    return tuple(group for file in second for group in _held([file], _NAMESAKE))


@dataclass(frozen=True, slots=True)
class LateFiles:
    """The late files among a table's pending ones; `versions` has the history's versions of their objects."""

    state: TableState
    processed: ProcessedFiles
    limits: Limits
    versions: Versions
    pending: Sequence[LandedFile]

    def first_landed(self, file: LandedFile) -> str:
        """Return the landing order of the first version of a file's object."""
        others = (other.landing_order for other in self.pending if other.key == file.key)
        return min(
            [file.landing_order, *others, *(version.landing_order for version in self.versions.get(file.key, ()))]
        )

    def copies(self, files: Sequence[LandedFile]) -> list[LandedFile]:
        """Return the changes whose content the table already has from another version of the object."""
        return [file for file in files if not file.is_load and self._is_copy(file)]

    def replay(self, files: Sequence[LandedFile]) -> tuple[list[LandedFile], tuple[HeldFiles, ...]]:
        """Return the applied changes after the late files, and the late files with too many of them."""
        late = [file for file in sorted(files, key=order) if self._is_late(file)]
        if not late:
            return [], ()
        is_approved = any(file.approved for file in late)
        most = _EVERYTHING if is_approved else self.limits.replayed_files
        first = 0 if is_approved else self._first_within_horizon(late)
        reason = _TOO_MANY
        while first < len(late):
            found = self.processed.changes("" if late[first].is_load else late[first].name, most + 1)
            applied = [file for file in newest_versions(found) if file.landing_order >= self.state.load_landing_order]
            if len(found) <= most and can_be_replayed(applied, [*found, *self.pending], self.processed):
                return applied, _held(late[:first], reason)
            reason = _DELETED if len(found) <= most else reason
            first += max(1, (len(late) - first) // 2)
        return [], _held(late, reason)

    def _is_late(self, file: LandedFile) -> bool:
        return bool(self.state.newest_change_file) and order(file) <= (1, self.state.newest_change_file)

    def _is_copy(self, file: LandedFile) -> bool:
        applied = [
            version
            for version in self.versions.get(file.key, ())
            if version.status is FileStatus.APPLIED and version.landing_order >= self.state.load_landing_order
        ]
        newest = max(applied, key=lambda version: version.landing_order, default=None)
        return newest is not None and is_certainly_again(file, newest, self.processed.has_same_content)

    def _first_within_horizon(self, late: Sequence[LandedFile]) -> int:
        try:
            newest = datetime.strptime(self.state.newest_change_file[:8], "%Y%m%d")  # noqa: DTZ007 - compared with names only
            oldest = f"{newest - REPLAY_HORIZON:%Y%m%d}"
        except (ValueError, OverflowError):  # a commit of an earlier release, which accepted any digits as a date
            return 0
        ages = [file.is_load or file.name >= oldest for file in late]
        return ages.index(True) if True in ages else len(late)


def _held(files: Sequence[LandedFile], reason: str) -> tuple[HeldFiles, ...]:
    """Hold parts of loads and changes separately: a person decides them by different commands."""
    loads, changes = [file for file in files if file.is_load], [file for file in files if not file.is_load]
    return tuple(
        HeldFiles(of_kind[0].file_id, reason, tuple(file.held(reason) for file in of_kind))
        for of_kind in (loads, changes)
        if of_kind
    )
