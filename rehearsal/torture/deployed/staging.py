"""The staging bucket of the deployed lake, with a list of one's own of what was put into it."""

import time
from collections import defaultdict
from typing import Any

from rehearsal.torture.deployed.parquet import parquet
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import Version
from rehearsal.torture.trial import COPY

_A_SECOND = 1.1
"""To which S3 tells when something landed."""


class RealStaging:
    """Writes through S3, and remembers every version by its key."""

    def __init__(self, s3: Any, bucket: str) -> None:  # noqa: ANN401 - a boto3 client
        self._s3 = s3
        self._bucket = bucket
        self._landed: dict[Version, DmsFile] = {}
        self._current: dict[str, str] = {}
        self._written_at: dict[str, float] = defaultdict(float)

    def put(self, file: DmsFile, reason: str, *, is_apart: bool) -> dict[str, Any]:
        """Store a file; returns S3's event.

        What `is_apart` lands in a later second than whatever came before it into its folder.
        """
        folder = file.key.rpartition("/")[0]
        if is_apart:
            time.sleep(max(0.0, self._written_at[folder] + _A_SECOND - time.time()))
        version = self._copy(file.key) if reason == COPY else self._upload(file)
        self._written_at[folder] = time.time()
        self._landed[file.key, version] = file
        self._current[file.key] = version
        return self._event(file.key, version, reason)

    def delete(self, key: str) -> Version:
        """Delete an object; gives the version that a reader got until now."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        return key, self._current.pop(key)

    def current(self, key: str) -> DmsFile | None:
        """What a reader of the key gets."""
        return self._landed[key, self._current[key]] if key in self._current else None

    def current_objects(self, folder: str) -> list[DmsFile]:
        """What can be read below a folder."""
        return [self._landed[version] for version in sorted(self.readable(folder))]

    def readable(self, folder: str) -> frozenset[Version]:
        """The key and version of everything that was neither overwritten nor deleted."""
        return frozenset(version for version in self._current.items() if version[0].startswith(folder))

    def landed(self, folder: str) -> frozenset[Version]:
        """The key and version of everything that landed."""
        return frozenset(version for version in self._landed if version[0].startswith(folder))

    def _upload(self, file: DmsFile) -> str:
        written = self._s3.put_object(Bucket=self._bucket, Key=file.key, Body=parquet(file))
        return str(written["VersionId"])

    def _copy(self, key: str) -> str:
        """S3 copies an object onto itself only if something of it changes."""
        source = {"Bucket": self._bucket, "Key": key}
        copied = self._s3.copy_object(Bucket=self._bucket, Key=key, CopySource=source, MetadataDirective="REPLACE")
        return str(copied["VersionId"])

    def _event(self, key: str, version: str, reason: str) -> dict[str, Any]:
        head = self._s3.head_object(Bucket=self._bucket, Key=key, VersionId=version)
        described = {"key": key, "size": head["ContentLength"], "etag": head["ETag"].strip('"'), "version-id": version}
        described["sequencer"] = f"{time.time_ns():016X}"
        detail = {"bucket": {"name": self._bucket}, "object": described, "reason": reason}
        return {"time": f"{head['LastModified']:%Y-%m-%dT%H:%M:%SZ}", "detail": detail}
