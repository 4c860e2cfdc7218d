"""Finds which landed files are still readable: their version is the object's current one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lake.landing.listings import TableListing
from odp.ports import StagedFiles
from odp.records import LandedFile, SkipReason


@dataclass(frozen=True, slots=True)
class Readability:
    """Reads the current version of every object that the run's listing does not show.

    The listing is from the beginning of the run, so it lacks files that landed later.
    """

    staged_files: StagedFiles
    listing: TableListing

    def unreadable(self, files: Sequence[LandedFile]) -> dict[str, SkipReason]:
        """Give the ids of files whose objects were overwritten or deleted after landing."""
        return dict(_unreadable(files, self.current_versions(files)))

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Give the current version of each object, by key; a deleted object has none.

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
    """Give the records of applied files: a part with another current version is recorded as skipped.

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
