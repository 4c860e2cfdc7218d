"""Tells which landed files can still be read: whose version is the one that a reader of the object gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lake.landing.listings import TableListing
from odp.ports import StagedFiles
from odp.records import LandedFile, SkipReason


@dataclass(frozen=True, slots=True)
class Readability:
    """Asks the staging bucket for every object that the listing beside a table's pending files does not show as it is.

    The listing is of the beginning of a run, so what landed since is not in it.
    """

    staged_files: StagedFiles
    listing: TableListing

    def unreadable(self, files: Sequence[LandedFile]) -> dict[str, SkipReason]:
        """Give those files by id whose objects were overwritten or deleted since they landed."""
        return dict(_unreadable(files, self.current_versions(files)))

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Give the version that a reader of each object gets, by key; an object that is gone has none.

        Files of a bucket without versions are left out.
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
    """Give applied files as they are booked: a part that has another version now is skipped.

    A commit that has read such a part may hold either version. DMS writes no file of changes twice. It costs a request
    for each part of a load.
    """
    parts = [file for file in files if file.is_load and not file.is_emptying]
    changed = dict(_unreadable(parts, Readability(staged_files, TableListing()).current_versions(parts)))
    amid = {file_id for file_id, reason in changed.items() if reason is SkipReason.OVERWRITTEN}
    return [file.skipped(SkipReason.OVERWRITTEN_AMID) if file.file_id in amid else file for file in files]


def _unreadable(files: Sequence[LandedFile], current: Mapping[str, str]) -> Iterable[tuple[str, SkipReason]]:
    for file in files:
        if file.version_id is None:  # an unversioned bucket names no version
            continue
        if file.key not in current:
            yield file.file_id, SkipReason.VANISHED
        elif current[file.key] != file.version_id:
            yield file.file_id, SkipReason.OVERWRITTEN
