"""Tells which landed files can still be read: whose version is the one that a reader of the object gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from odp.listings import TableListing
from odp.ports import Reconciler
from odp.records import LandedFile, SkipReason


@dataclass(frozen=True, slots=True)
class Readability:
    """Asks the staging bucket, once the listing beside a table's pending files does not answer."""

    reconciler: Reconciler
    listing: TableListing

    def unreadable(self, files: Sequence[LandedFile]) -> dict[str, SkipReason]:
        """Give those files by id whose objects were overwritten or deleted since they landed."""
        current = dict(self.listing.current)
        beyond = [file for file in files if not self.listing.covers(file.key)]
        for bucket in {file.bucket for file in beyond}:
            keys = sorted({file.key for file in beyond if file.bucket == bucket})
            found = self.reconciler.current_versions(bucket, keys)
            current |= {key: version for key, version in found.items() if version is not None}
        return dict(_unreadable(files, current))


def _unreadable(files: Sequence[LandedFile], current: dict[str, str]) -> Iterable[tuple[str, SkipReason]]:
    for file in files:
        if file.version_id is None:  # an unversioned bucket names no version
            continue
        if file.key not in current:
            yield file.file_id, SkipReason.VANISHED
        elif current[file.key] != file.version_id:
            yield file.file_id, SkipReason.OVERWRITTEN
