"""The taxi flow's raw bucket and its quarantine without S3."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from taxi.records import LandedFile, MalformedRow

RAW_BUCKET = "raw"


class FolderFiles:
    """Buckets as folders; an etag is the hash of the content, as for an object sent in one part."""

    def __init__(self, buckets: Path) -> None:
        self._buckets = buckets
        self._landed = count(1)

    def put(self, dataset: str, key: str, content: bytes) -> LandedFile:
        """Send a file to the raw bucket, after those before it; gives the entry that a bundle has of it."""
        path = self._buckets / RAW_BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        number = next(self._landed)
        landed_at = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
        return LandedFile(dataset, f"f{number}", RAW_BUCKET, key, _etag(content), len(content), landed_at)

    def version(self, bucket: str, key: str) -> str | None:
        """Give the etag of what lies under a key."""
        path = self._buckets / bucket / key
        return _etag(path.read_bytes()) if path.exists() else None

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        """Read the first bytes of an object."""
        with (self._buckets / bucket / key).open("rb") as file:
            return file.read(length)


@dataclass
class MemoryQuarantine:
    """Malformed rows by file id."""

    kept: dict[str, list[MalformedRow]] = field(default_factory=dict)

    def keep(self, dataset: str, file_id: str, rows: Iterable[MalformedRow]) -> str:
        """Keep the malformed rows of one file."""
        self.kept[file_id] = list(rows)
        return f"s3://conformed/quarantine/{dataset}/{file_id}/"


def _etag(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324 - what S3 does
