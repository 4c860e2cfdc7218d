"""A versioned bucket: an object that is written again is a new version, and a key is read in its newest one."""

import hashlib
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.staging_sweep import ROUND_EVERY, Sweep
from odp.records import LandedFile

from lake.landing.listings import ObjectVersion, SweepState, VersionPage
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import Version
from rehearsal.torture.faults import Fire
from rehearsal.torture.memory.leases import Clock
from rehearsal.torture.reference_model import FOLDERS

BUCKET = "staging"


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of one object."""

    file: DmsFile
    version_id: str
    sequencer: str
    landed_at: str
    reason: str
    etag: str
    size: int

    @property
    def event(self) -> dict[str, Any]:
        """EventBridge's event of it."""
        described = {"key": self.file.key, "size": self.size, "etag": self.etag, "sequencer": self.sequencer}
        named = {"object": {**described, "version-id": self.version_id}, "reason": self.reason}
        return {"time": self.landed_at, "detail": {"bucket": {"name": BUCKET}, **named}}


class StagingBucket:
    """What DMS has written, version by version.

    Buckets that are `keyed` (SSE-KMS) give equal contents unequal ETags; of those that `forget`, what was overwritten
    or deleted has expired.
    """

    def __init__(self, clock: Clock, *, is_keyed: bool = False, forgets: bool = False, versions: str = "v") -> None:
        self._clock = clock
        self._versions = versions
        self._is_keyed = is_keyed
        self._forgets = forgets
        self.page_size = 1000
        self.pages = 0
        """How many pages of the whole bucket were listed."""
        self.stored: list[StoredVersion] = []
        self._by_key: list[StoredVersion] = []
        self._newest: dict[str, StoredVersion] = {}
        self._deleted: dict[str, str] = {}

    def put(self, file: DmsFile, reason: str = "PutObject") -> StoredVersion:
        """Store one more version."""
        number = len(self.stored) + 1
        version = self._made(file, f"{self._versions}{number}", self._clock.stamp(), reason)
        self._keep(version)
        self._newest[file.key] = version
        return version

    def replicate(self, original: StoredVersion) -> StoredVersion | None:
        """Store another Region's version with its id and landing time; None if it is here already.

        Versions of a key are in the order of their landing, so a late one does not become the newest.
        """
        if any(stored.version_id == original.version_id for stored in self._by_key):
            return None
        version = self._made(original.file, original.version_id, original.landed_at, original.reason)
        self._keep(version)
        key, known = version.file.key, self._newest.get(version.file.key)
        hidden = max(known.landed_at if known else "", self._deleted.get(key, ""))
        if version.landed_at >= hidden:
            self._newest[key] = version
        return version

    def replicate_deletion(self, key: str, at: str) -> None:
        """Put another Region's delete marker on an object, unless a later version is here."""
        newest = self._newest.get(key)
        if newest is None or newest.landed_at <= at:
            self._newest.pop(key, None)
            self._deleted[key] = max(at, self._deleted.get(key, ""))

    def _made(self, file: DmsFile, version_id: str, landed_at: str, reason: str) -> StoredVersion:
        number = len(self.stored) + 1
        content = f"{file.columns}{file.rows}"
        size = 100 + len(content)  # other rows, mostly other bytes
        keyed = f"{number if self._is_keyed else ''}{content}"
        etag = hashlib.md5(keyed.encode(), usedforsecurity=False).hexdigest()
        return StoredVersion(file, version_id, f"{number:016X}", landed_at, reason, etag, size)

    def _keep(self, version: StoredVersion) -> None:
        self.stored.append(version)
        insort(self._by_key, version, key=lambda stored: stored.file.key)

    def delete(self, key: str) -> None:
        """Put a delete marker on an object; its versions stay."""
        del self._newest[key]
        self._deleted[key] = self._clock.stamp()

    def deletions(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        """When the object of each key was deleted; empty if there is one."""
        del bucket
        keys = {found.file.key for found in self.stored if found.file.key.startswith(prefix)}
        return ((key, "" if key in self._newest else self._deleted[key]) for key in sorted(keys))

    def current(self, key: str) -> StoredVersion | None:
        """The version that a reader of the key gets."""
        return self._newest.get(key)

    def current_objects(self, prefix: str) -> list[DmsFile]:
        """What can be read below a prefix."""
        return [version.file for key, version in sorted(self._newest.items()) if key.startswith(prefix)]

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """List every version of every object; a listing names neither sequencer nor reason."""
        for found in self._by_key:
            key = found.file.key
            if key.startswith(prefix) and key > after:
                described = (key, found.version_id, found.etag, found.size, found.landed_at)
                yield ObjectVersion(bucket, *described, is_latest=self._newest.get(key) is found)

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:
        """List the versions that follow a marker."""
        self.pages += 1
        listed = list(self.versions(bucket))
        marked = [number for number, found in enumerate(listed) if found.version_id == version_marker]
        start = marked[0] + 1 if key_marker else 0
        page = tuple(listed[start : start + self.page_size])
        is_last = start + self.page_size >= len(listed)
        return VersionPage(page) if is_last else VersionPage(page, page[-1].key, page[-1].version_id)

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """List the folders directly below a prefix."""
        del bucket
        below = (found.file.key.removeprefix(prefix) for found in self.stored if found.file.key.startswith(prefix))
        yield from sorted({f"{prefix}{key.split('/')[0]}/" for key in below if "/" in key})

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """The version that a reader of each key gets."""
        return {key: self.current_version(bucket, key) for key in keys}

    def current_version(self, bucket: str, key: str) -> str | None:
        """The version that a reader of the key gets."""
        del bucket
        return self._newest[key].version_id if key in self._newest else None

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Whether two versions hold the same rows; None where one of them has expired."""
        if not self._is_keyed and version.etag == earlier.etag:
            return True
        if self._forgets and self.current_version(BUCKET, version.key) != earlier.version_id:
            return None
        contents = {stored.version_id: stored.file for stored in self.stored if stored.file.key == version.key}
        one, other = contents[str(version.version_id)], contents[str(earlier.version_id)]
        return (one.columns, one.rows) == (other.columns, other.rows)

    def readable(self, folder: str) -> frozenset[tuple[str, str]]:
        """The key and version of everything of a table that was neither overwritten nor deleted."""
        found = self._newest.items()
        return frozenset((key, version.version_id) for key, version in found if key.startswith(folder))

    def landed(self, folder: str) -> frozenset[tuple[str, str]]:
        """The key and version of everything that landed for a table."""
        stored = (version for version in self.stored if version.file.key.startswith(folder))
        return frozenset((version.file.key, version.version_id) for version in stored)

    def read(self, keys: Sequence[str]) -> list[DmsFile]:
        """Return the newest version of each key."""
        return [self._newest[key].file for key in keys]


# The File Manager's sweep in memory: a run ends long before it has seen the whole bucket, and the next one goes on.

_PAGES = 2
_A_PAGE_TAKES = timedelta(minutes=1)


class MemorySweepState:
    """What the sweep keeps from run to run."""

    def __init__(self) -> None:
        self.state = SweepState()

    def load(self) -> SweepState:
        """Load the position of the last run."""
        return self.state

    def save(self, state: SweepState) -> None:
        """Save the position of this run."""
        self.state = state


class MemorySweep:
    """A sweep whose every run has time for two pages; it takes rounds to be a week apart, so that one is always due.

    Change files are therefore recent to the first round at most, and only if that comes in the week when they landed.
    """

    def __init__(self, staging: StagingBucket, clock: Clock, weeks: int) -> None:
        self._staging = staging
        self._clock = clock
        self._states = MemorySweepState()
        self._weeks = weeks
        self._at_begin = 0
        self.seen: set[Version] = set()
        """What a round that has ended must have come by, since it lay in the bucket when the round began."""

    def run(self, reconciliation: Callable[[Fire], MissingFiles], fire: Fire) -> None:
        """Look at what there is time for."""
        listing, states, folders = fire(self._staging), fire(self._states), list(FOLDERS.values())
        sweep = Sweep(reconciliation(fire), listing, states, BUCKET, folders, self._now)
        stored, began = len(self._staging.stored), self._states.state.round_began
        try:
            sweep.run(self._now() + _PAGES * _A_PAGE_TAKES)
        finally:
            if self._states.state.round_began != began:
                self._at_begin = stored
        if self._states.state.round_ended:
            self._weeks += 1
            self.seen |= {(each.file.key, each.version_id) for each in self._staging.stored[: self._at_begin]}

    def run_through(self, reconciliation: Callable[[Fire], MissingFiles], fire: Fire) -> None:
        """Run as often as two rounds take: the one under way has passed by what landed behind it."""
        for _ in range(2 * (1 + len(self._staging.stored) // (_PAGES * self._staging.page_size))):
            self.run(reconciliation, fire)

    def _now(self) -> datetime:
        return self._clock.datetime() + self._weeks * ROUND_EVERY + self._staging.pages * _A_PAGE_TAKES
