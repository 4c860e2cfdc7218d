"""A versioned bucket: an object that is written again is a new version, and a key is read in its newest one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory.clock import Clock

BUCKET = "staging"


@dataclass(frozen=True, slots=True)
class ObjectVersion:
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
        self.versions: list[ObjectVersion] = []
        self._newest: dict[str, DmsFile] = {}

    def put(self, file: DmsFile) -> ObjectVersion:
        """Store one more version."""
        number = len(self.versions) + 1
        version = ObjectVersion(file, f"v{number}", f"{number:016X}", self._clock.stamp())
        self.versions.append(version)
        self._newest[file.key] = file
        return version

    def landed(self, table: str) -> frozenset[tuple[str, str]]:
        """The key and version of everything that landed for a table."""
        return frozenset(
            (version.file.key, version.version_id) for version in self.versions if f"/{table}/" in version.file.key
        )

    def read(self, keys: Sequence[str]) -> list[DmsFile]:
        """Give the newest version of each key."""
        return [self._newest[key] for key in keys]
