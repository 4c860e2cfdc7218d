"""Which landed files are still readable, and the quarantine entries of those that a refresh did not apply."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lake.landing.listings import TableListing
from odp.ports import FileTracker, ObjectContents, StagedFiles
from odp.records import LandedFile, Quarantined, QuarantineKind, RawTableConfig, SkipReason
from odp.refresh import HeldFiles, RefreshPlan

# Finds which landed files are still readable: their version is the object's current one.


@dataclass(frozen=True, slots=True)
class Readability:
    """Reads the current version of every object that the run's listing does not show.

    The listing is from the beginning of the run, so it lacks files that landed later.
    """

    staged_files: StagedFiles
    listing: TableListing

    def unreadable(self, files: Sequence[LandedFile]) -> dict[str, SkipReason]:
        """Return the ids of files whose objects were overwritten or deleted after landing."""
        return dict(_unreadable(files, self.current_versions(files)))

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Return the current version of each object, by key; a deleted object has none.

        Files of an unversioned bucket are left out.
        """
        current: dict[str, str] = {}
        others: list[LandedFile] = []
        for file in files:
            if (file.key, file.version_id) in self.listing.current:
                current[file.key] = str(file.version_id)
            elif file.version_id is not None:
                others.append(file)
        for bucket in {file.bucket for file in others}:
            keys = sorted({file.key for file in others if file.bucket == bucket})
            found = self.staged_files.current_versions(bucket, keys)
            current |= {key: version for key, version in found.items() if version is not None}
        return current


def as_committed(files: Sequence[LandedFile], staged_files: StagedFiles) -> list[LandedFile]:
    """Return the records of applied files: a part with another current version is recorded as skipped.

    A commit that has read such a part may have either version. DMS writes no change file twice. This costs a request
    for each part of a load.
    """
    parts = [file for file in files if file.is_load and not file.is_emptying]
    changed = dict(_unreadable(parts, Readability(staged_files, TableListing()).current_versions(parts)))
    amid = {file_id for file_id, reason in changed.items() if reason is SkipReason.OVERWRITTEN}
    return [file.skipped(SkipReason.OVERWRITTEN_AMID) if file.file_id in amid else file for file in files]


def _unreadable(files: Sequence[LandedFile], current: Mapping[str, str]) -> Iterable[tuple[str, SkipReason]]:
    for file in files:
        if file.version_id is None:  # an unversioned bucket has no version ids
            continue
        if file.key not in current:
            yield file.file_id, SkipReason.VANISHED
        elif current[file.key] != file.version_id:
            yield file.file_id, SkipReason.OVERWRITTEN


# One table's history, and its objects in the staging bucket.


@dataclass(frozen=True, slots=True)
class ProcessedFiles:
    """Reads the history of one table, and its objects in the staging bucket."""

    files: FileTracker
    contents: ObjectContents
    readability: Readability
    source_table_name: str
    parts: Sequence[LandedFile]

    def loads(self) -> Sequence[LandedFile]:
        """Return the parts of loads that the history has."""
        return self.parts

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:
        """Read the changes that the history has, from a name on."""
        return self.files.processed_changes(self.source_table_name, from_name, most)

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Compare two versions of one object; None if one of them is gone."""
        return self.contents.has_same_content(version, earlier)

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Return the version of each object that a reader gets."""
        return self.readability.current_versions(files)


# Quarantine entries of files that a refresh did not apply, for a person's decision.


_TO_LOOK_AT = {SkipReason.VANISHED.value}
_SHOWN = 5


def entries_of(config: RawTableConfig, refresh: RefreshPlan) -> Iterator[Quarantined]:
    """Return the quarantine entries of held files, and of skipped files whose objects were deleted."""
    for held in refresh.held:
        yield _held(config, held)
    for file in refresh.skipped:
        if file.status_reason in _TO_LOOK_AT:
            yield _skipped(file)


def entry_of_held(source_table_name: str, held_id: str) -> str:
    """The id of the entry of files that were held together."""
    return f"{source_table_name}#{held_id}"


def _held(config: RawTableConfig, held: HeldFiles) -> Quarantined:
    is_load = any(file.is_load for file in held.files)
    kind = QuarantineKind.HELD_LOAD if is_load else QuarantineKind.HELD_FILE
    entry_id = entry_of_held(config.source_table_name, held.held_id)
    command = _command_for_load(config.source_table_name) if is_load else _command_for_file(entry_id)
    reason = f"{config.source_table_name}: {held.reason}; approve or dismiss it: {command}"
    details: dict[str, str | int] = {
        "source_table_name": config.source_table_name,
        "files": len(held.files),
        "bytes": sum(file.size for file in held.files),
        "first_file": held.files[0].key,
        "landed_from": min((file.landed_at for file in held.files if not file.is_emptying), default=""),
        "file_names": ", ".join(file.name for file in held.files[:_SHOWN]),
    }
    return Quarantined(kind, entry_id, reason, details)


def _command_for_load(source_table_name: str) -> str:
    return f"odp reload {shlex.quote(source_table_name)} --approve, or --dismiss"


def _command_for_file(entry_id: str) -> str:
    entry = shlex.quote(entry_id)
    return f"odp quarantine release {entry}, or odp quarantine dismiss {entry} --reason TEXT"


def _skipped(file: LandedFile) -> Quarantined:
    reason = (
        f"{file.source_table_name}: {file.key}: {file.status_reason}; upload the object again, and its new version "
        "is applied in its place; removing a delete marker makes none"
    )
    details: dict[str, str | int] = {
        "source_table_name": file.source_table_name,
        "file_ingestion_path": file.key,
        "file_size": file.size,
        "file_ingestion_date_time": file.landed_at,
    }
    return Quarantined(QuarantineKind.SKIPPED_FILE, file.file_id, reason, details)
