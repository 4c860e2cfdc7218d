"""The staging bucket's object versions, by the S3 API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import boto3

from odp.records import ObjectVersion

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ObjectVersionTypeDef

_UNVERSIONED = "null"


class S3StagingListing:
    """Lists objects with the version ids that their events carry.

    `buckets` gives the physical name behind each role; what is listed names the role.
    """

    def __init__(self, buckets: Mapping[str, str] = MappingProxyType({})) -> None:
        self._buckets = buckets
        self._s3 = boto3.client("s3")

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """Give the versions of every object below a prefix, in the order of their keys, after a key.

        Objects from before the bucket was versioned are left out: their events and listings have no name in common.
        """
        markers = {"KeyMarker": after}
        while markers:
            page = self._s3.list_object_versions(Bucket=self._buckets.get(bucket, bucket), Prefix=prefix, **markers)  # type: ignore[arg-type]
            yield from (_version(bucket, found) for found in page.get("Versions", ()) if _is_version(found))
            is_last = not page["IsTruncated"]
            markers = {} if is_last else {name: page[f"Next{name}"] for name in ("KeyMarker", "VersionIdMarker")}  # type: ignore[literal-required]


def _is_version(found: ObjectVersionTypeDef) -> bool:
    return found["VersionId"] != _UNVERSIONED


def _version(bucket: str, found: ObjectVersionTypeDef) -> ObjectVersion:
    return ObjectVersion(
        bucket=bucket,
        key=found["Key"],
        version_id=found["VersionId"],
        etag=found["ETag"].strip('"'),
        size=found["Size"],
        last_modified=found["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
