"""Finds files that landed without an event: S3 is the truth, events are only the faster way to it.

A refresh looks beside the pending files of its table, so that it applies no file before an older one; a sweep looks at
the whole bucket from time to time, for tables of which no other file comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odp.batched import batched
from odp.file_manager.rejection import rejection_of
from odp.file_manager.s3_event import listed_object
from odp.file_manager.sources import DEFAULT_SOURCES, Sources
from odp.ports import KnownFiles, Quarantine, StagingListing
from odp.records import LandedFile, ObjectVersion, RejectedFile

LOOK_BACK = timedelta(days=1)
"""How far behind the newest change file a refresh looks; older files that were missed are for the sweep."""
_VERSIONS_AT_ONCE = 1000
_YEAR_FIRST = re.compile(r"(?:19|20)\d\d(?P<delimiter>[-_/]?)(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Found:
    """What was registered that no event had told of."""

    landed: int = 0
    rejected: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(self.landed + other.landed, self.rejected + other.rejected)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Registers what a listing shows and the tracker does not know."""

    listing: StagingListing
    register: KnownFiles
    quarantine: Quarantine
    sources: Sources = DEFAULT_SOURCES

    def of_table(self, pending: Sequence[LandedFile], newest_change_file: str) -> int:
        """Register what lies beside a table's pending files; costs a request for each thousand files listed."""
        places: dict[tuple[str, str], list[str]] = {}
        for file in pending:
            folder = self.sources.parse_object_key(file.key).folder
            places.setdefault((file.bucket, folder), []).append(file.key.removeprefix(folder))
        found = Found()
        for (bucket, folder), keys in places.items():
            after = folder + start_of_look_back(newest_change_file, keys)
            found += self._register_all(self.listing.versions(bucket, folder, after))
        return found.landed

    def of_bucket(self, bucket: str) -> Found:
        """Register everything in the bucket that is not known."""
        return self._register_all(self.listing.versions(bucket))

    def _register_all(self, versions: Iterable[ObjectVersion]) -> Found:
        found = Found()
        for some in batched(versions, _VERSIONS_AT_ONCE):
            files = [listed_object(version, self.sources) for version in some]
            unknown = self.register.unknown([file for file in files if isinstance(file, LandedFile)])
            rejected = [rejection_of(file) for file in files if isinstance(file, RejectedFile)]
            found += Found(
                landed=sum(self.register.register(file) for file in unknown),
                rejected=sum(self.quarantine.keep(entry) for entry in rejected),
            )
        return found


def start_of_look_back(newest_change_file: str, keys: Iterable[str]) -> str:
    """Give the key within a table's folder after which to list; empty where keys are not in the order of time.

    LOAD files come after everything that begins with a digit, so none of them is passed over.
    """
    if not newest_change_file:
        return ""
    day = datetime.strptime(newest_change_file[:8], "%Y%m%d") - LOOK_BACK  # noqa: DTZ007 - the zone is the DMS task's
    starts = {_start(key, day) for key in keys}
    return starts.pop() if len(starts) == 1 else ""


def _start(key: str, day: datetime) -> str:
    if "/" not in key:
        return f"{day:%Y%m%d}"
    year_first = _YEAR_FIRST.match(key)
    return f"{day:%Y}{year_first['delimiter']}{day:%m}" if year_first else ""
