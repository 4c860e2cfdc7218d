"""What became of objects in the staging bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from odp.records import LandedFile
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class StagedObjects:
    """The staging bucket of a lake, by its physical name."""

    s3: S3Client
    bucket: str

    def gone_since(self, file: LandedFile) -> str | None:
        """Tell when the object of a file was deleted: None if there is one, empty if nobody knows when."""
        found = self.s3.list_object_versions(Bucket=self.bucket, Prefix=file.key)
        if any(each["IsLatest"] and each["Key"] == file.key for each in found.get("Versions", ())):
            return None
        markers = [each for each in found.get("DeleteMarkers", ()) if each["IsLatest"] and each["Key"] == file.key]
        return markers[0]["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ") if markers else ""
