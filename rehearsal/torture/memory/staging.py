"""A versioned bucket: an object that is written again is a new version, and a key is read in its newest one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from odp.listings import VersionPage
from odp.records import ObjectVersion

from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory.clock import Clock

BUCKET = "staging"


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of one object."""

    file: DmsFile
    version_id: str
    sequencer: str
    landed_at: str

    @property
    def event(self) -> dict[str, Any]:
        """What EventBridge tells of it."""
        described = {"key": self.file.key, "size": self.size, "etag": self.sequencer, "sequencer": self.sequencer}
        detail = {"bucket": {"name": BUCKET}, "object": {**described, "version-id": self.version_id}}
        return {"time": self.landed_at, "detail": detail}

    @property
    def size(self) -> int:
        """More rows, more bytes."""
        return 100 + len(self.file.rows)


class StagingBucket:
    """What DMS has written, version by version."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.stored: list[StoredVersion] = []
        self._newest: dict[str, StoredVersion] = {}

    def put(self, file: DmsFile) -> StoredVersion:
        """Store one more version."""
        number = len(self.stored) + 1
        version = StoredVersion(file, f"v{number}", f"{number:016X}", self._clock.stamp())
        self.stored.append(version)
        self._newest[file.key] = version
        return version

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """List every version of every object; a listing names no sequencer."""
        for found in sorted(self.stored, key=lambda version: version.file.key):
            key = found.file.key
            if key.startswith(prefix) and key > after:
                is_latest = self._newest[key].version_id == found.version_id
                yield ObjectVersion(
                    bucket, key, found.version_id, found.sequencer, found.size, found.landed_at, is_latest
                )

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:  # noqa: ARG002 - a port
        """Give the whole rest as one page."""
        return VersionPage(tuple(self.versions(bucket, "", key_marker)))

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:  # noqa: ARG002 - a port
        """List the folders directly below a prefix."""
        below = (
            version.file.key.removeprefix(prefix) for version in self.stored if version.file.key.startswith(prefix)
        )
        yield from sorted({f"{prefix}{key.split('/')[0]}/" for key in below if "/" in key})

    def current_version(self, bucket: str, key: str) -> str | None:  # noqa: ARG002 - a port
        """Give the version that a reader gets."""
        found = self._newest.get(key)
        return found.version_id if found else None

    def readable(self, table: str) -> frozenset[tuple[str, str]]:
        """The key and version of everything of a table that was not overwritten."""
        return frozenset((key, found.version_id) for key, found in self._newest.items() if f"/{table}/" in key)

    def landed(self, table: str) -> frozenset[tuple[str, str]]:
        """The key and version of everything that landed for a table."""
        return frozenset(
            (version.file.key, version.version_id) for version in self.stored if f"/{table}/" in version.file.key
        )

    def read(self, keys: Sequence[str]) -> list[DmsFile]:
        """Give the newest version of each key."""
        return [self._newest[key].file for key in keys]
