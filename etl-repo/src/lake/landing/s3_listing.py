"""A bucket's object versions, by the S3 API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from lake.aws_calls import aws_calls
from lake.landing.listings import ObjectVersion, VersionPage

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef, ObjectVersionTypeDef

_UNVERSIONED = "null"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_GONE = {"404", "405", "NoSuchKey"}
"""A HEAD of a deleted object: 404 for a key, 405 where a delete marker is named."""
_AT_ONCE = 8
"""Requests at the same time; botocore keeps ten connections open."""
_BY_ITS_OWN_NAME: Mapping[str, str] = MappingProxyType({})


class S3Listing:
    """Lists objects with the version ids that their events carry; buckets are named by their roles."""

    def __init__(self, buckets: Mapping[str, str] = _BY_ITS_OWN_NAME, s3: S3Client | None = None) -> None:
        self._buckets = buckets
        self._s3 = s3 or boto3.client("s3", config=aws_calls())

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """Return the versions of every object below a prefix, in the order of their keys, after a key.

        Objects from before the bucket was versioned are left out: their events and listings have no name in common.
        """
        key, version = after, ""
        while True:
            page = self._page(bucket, prefix, key, version)
            yield from page.versions
            key, version = page.next_key, page.next_version
            if not key:
                return

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:
        """Return the page of versions of a whole bucket that follows a marker."""
        return self._page(bucket, "", key_marker, version_marker)

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """List the folders directly below a prefix, in their order."""
        paginator = self._s3.get_paginator("list_object_versions")
        for page in paginator.paginate(Bucket=self._physical(bucket), Prefix=prefix, Delimiter="/"):
            yield from (found["Prefix"] for found in page.get("CommonPrefixes", ()))

    def deletions(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        """List when the object of each key below a prefix was deleted; empty if a reader gets one."""
        paginator = self._s3.get_paginator("list_object_versions")
        for page in paginator.paginate(Bucket=self._physical(bucket), Prefix=prefix):
            yield from ((found["Key"], "") for found in page.get("Versions", ()) if found["IsLatest"])
            markers = (found for found in page.get("DeleteMarkers", ()) if found["IsLatest"])
            yield from ((found["Key"], found["LastModified"].strftime(_TIME)) for found in markers)

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Return the version that a reader of each key gets, None where there is none; a request for each key."""
        wanted = list(keys)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(wanted, pool.map(lambda key: self._current_version(bucket, key), wanted), strict=True))

    def _current_version(self, bucket: str, key: str) -> str | None:
        try:
            return self._s3.head_object(Bucket=self._physical(bucket), Key=key).get("VersionId", _UNVERSIONED)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def _page(self, bucket: str, prefix: str, key_marker: str, version_marker: str) -> VersionPage:
        named = {"KeyMarker": key_marker, "VersionIdMarker": version_marker}
        markers: dict[str, Any] = {name: marker for name, marker in named.items() if marker}
        found = self._s3.list_object_versions(Bucket=self._physical(bucket), Prefix=prefix, **markers)
        return _version_page(bucket, found)

    def _physical(self, bucket: str) -> str:
        return self._buckets.get(bucket, bucket)


def _version_page(bucket: str, page: ListObjectVersionsOutputTypeDef) -> VersionPage:
    versions = tuple(_version(bucket, found) for found in page.get("Versions", ()) if _is_version(found))
    if not page["IsTruncated"]:
        return VersionPage(versions)
    return VersionPage(versions, page["NextKeyMarker"], page.get("NextVersionIdMarker", ""))


def _is_version(found: ObjectVersionTypeDef) -> bool:
    return found["VersionId"] != _UNVERSIONED


def _version(bucket: str, found: ObjectVersionTypeDef) -> ObjectVersion:
    return ObjectVersion(
        bucket=bucket,
        key=found["Key"],
        version_id=found["VersionId"],
        etag=found["ETag"].strip('"'),
        size=found["Size"],
        last_modified=found["LastModified"].strftime(_TIME),
        is_latest=found["IsLatest"],
    )
