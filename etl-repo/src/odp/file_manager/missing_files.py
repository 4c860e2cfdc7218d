"""Registers files that landed without an event: S3 is the truth, and events are only faster.

A refresh lists the keys beside the pending files of its table, so it applies no file before an older one. The sweep
lists the whole bucket, for tables that get no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from lake.batched import batched
from lake.landing.listings import EVENTS_TAKE, ObjectVersion, TableListing
from lake.landing.object_created import RejectedFile
from odp.file_manager.key_ranges import (
    DateLayout,
    KeyRange,
    days_around,
    layouts_of,
    merged,
    range_of_loads,
    ranges_of_days,
)
from odp.file_manager.registration import listed_object, rejection_of
from odp.file_manager.sources import DEFAULT_SOURCES, Sources
from odp.ports import KnownEntries, KnownFiles, Listing
from odp.records import LandedFile
from odp.table_identity import SourceTable

_VERSIONS_AT_ONCE = 1000


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """The files that were registered without an event; `missed` files are older than events need."""

    landed: int = 0
    missed: int = 0
    rejected: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(self.landed + other.landed, self.missed + other.missed, self.rejected + other.rejected)


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """Registers listed files that the tracker does not know."""

    listing: Listing
    register: KnownFiles
    quarantine: KnownEntries
    sources: Sources = DEFAULT_SOURCES
    clock: Callable[[], datetime] = _utc_now
    events_take: timedelta = EVENTS_TAKE
    """An object without an event is missed only when it is older; where there are two Regions, replicas come late."""

    def register_missing(
        self, pending: Sequence[LandedFile], newest_change_file: str, processed: Sequence[LandedFile] = ()
    ) -> TableListing:
        """Register missing files beside a table's pending files; a request for each thousand files of their days.

        `processed` are files that the history is known to have.
        """
        known = {file.file_id for file in (*pending, *processed)}
        folders: dict[tuple[str, str], list[LandedFile]] = {}
        for file in pending:
            folder = self.sources.table_folder(SourceTable.parse(file.source_table_name))
            if folder is not None:
                folders.setdefault((file.bucket, folder), []).append(file)
        found, current, shows_more = Found(), set[tuple[str, str]](), False
        for (bucket, folder), files in folders.items():
            ranges = ranges_beside(folder, files, newest_change_file, self._layouts(bucket, folder, files))
            versions = list(versions_in(self.listing, bucket, folder, ranges))
            listed = [listed_object(version, self.sources) for version in versions]
            others = [file for file in listed if isinstance(file, LandedFile) and file.file_id not in known]
            unprocessed = self.register.unprocessed(others)
            shows_more = shows_more or bool(unprocessed)
            found += self._register(unprocessed, [file for file in listed if isinstance(file, RejectedFile)])
            current |= {(version.key, version.version_id) for version in versions if version.is_latest}
        return TableListing(found.landed, found.missed, frozenset(current), shows_more)

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Return the current version of each key, None if there is none; costs a request for each key."""
        return self.listing.current_versions(bucket, keys)

    def register_all(self, versions: Iterable[ObjectVersion]) -> Found:
        """Register unknown versions, and keep objects that are not DMS files in quarantine."""
        found = Found()
        for some in batched(versions, _VERSIONS_AT_ONCE):
            listed = [listed_object(version, self.sources) for version in some]
            files = [file for file in listed if isinstance(file, LandedFile)]
            found += self._register(files, [file for file in listed if isinstance(file, RejectedFile)])
        return found

    def _register(self, files: Sequence[LandedFile], rejected: Sequence[RejectedFile]) -> Found:
        new = [file for file in self.register.unknown(files) if self.register.register(file)]
        entries = [rejection_of(file) for file in rejected]
        return Found(
            landed=len(new),
            missed=sum(map(self._was_missed, new)),
            rejected=sum(self.quarantine.keep(entry) for entry in self.quarantine.unknown(entries)),
        )

    def _layouts(self, bucket: str, folder: str, files: Sequence[LandedFile]) -> set[DateLayout]:
        """Return the layouts of the pending changes; if only loads wait, the layout of the folder's oldest object."""
        changes = [file.key for file in files if not file.is_load]
        keys = changes or (version.key for version in islice(self.listing.versions(bucket, folder), 1))
        return layouts_of(key.removeprefix(folder) for key in keys)

    def _was_missed(self, file: LandedFile) -> bool:
        return self.clock() - datetime.fromisoformat(file.landed_at) > self.events_take


def ranges_beside(
    folder: str, files: Sequence[LandedFile], newest_change_file: str, layouts: Iterable[DateLayout]
) -> list[KeyRange]:
    """Give the key ranges to list beside a table's pending files: their days, all loads, the folders of their segments.

    The days of a load are its landing days: a change that the load contains must not be applied after it.
    """
    loads = [file for file in files if file.is_load]
    names = [file.name for file in files if not file.is_load]
    days = days_around([*names, newest_change_file]) | days_around(file.landed_at.replace("-", "") for file in loads)
    below = (file.key.removeprefix(folder) for file in loads)
    segments = {key.split("/")[0] + "/" for key in below if "/" in key}
    return [
        *ranges_of_days(folder, layouts, days),
        *(KeyRange.below(folder + segment) for segment in segments),
        range_of_loads(folder),
    ]


def versions_in(listing: Listing, bucket: str, folder: str, ranges: Iterable[KeyRange]) -> Iterator[ObjectVersion]:
    """List the versions in some key ranges of a folder; keys between two ranges are skipped."""
    wanted, at = merged(ranges), 0
    while at < len(wanted):
        for version in listing.versions(bucket, folder, wanted[at].start):
            while at < len(wanted) and version.key >= wanted[at].end:
                at += 1
            if at == len(wanted) or version.key < wanted[at].start:
                break
            yield version
        else:
            return
