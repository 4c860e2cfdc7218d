"""Compares versions of staged objects, by the S3 API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from odp.records import LandedFile

_GONE = {"404", "NoSuchKey", "NoSuchVersion"}
_COMPARED = 1 << 20
"""Comparing so many bytes at each end is enough for Parquet: the end has the counts and bounds of every column."""


class S3ObjectContents:
    """Compares ETags first; if they differ, it compares both ends of both versions.

    ETags of equal contents differ in buckets that are encrypted with a KMS key.
    """

    def __init__(self, buckets: Mapping[str, str]) -> None:
        self._buckets = buckets
        self._s3 = boto3.client("s3")

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Whether two versions of one object have the same content; None if one of them is gone."""
        if version.size != earlier.size:
            return False
        if not version.size or (version.etag and version.etag == earlier.etag):
            return True
        for range_ in _ends(version.size):
            contents = self._read(version, range_), self._read(earlier, range_)
            if None in contents:
                return None
            if contents[0] != contents[1]:
                return False
        return True

    def _read(self, file: LandedFile, range_: str) -> bytes | None:
        bucket = self._buckets.get(file.bucket, file.bucket)
        request: dict[str, Any] = {"Bucket": bucket, "Key": file.key, "Range": range_}
        if file.version_id:
            request["VersionId"] = file.version_id
        try:
            found = self._s3.get_object(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        return found["Body"].read()


def _ends(size: int) -> tuple[str, ...]:
    if size <= 2 * _COMPARED:
        return (f"bytes=0-{size - 1}",)
    return (f"bytes=0-{_COMPARED - 1}", f"bytes=-{_COMPARED}")
