"""ODP's S3 adapters: contents of landed objects, plans of the File Processor, requests of the Configuration Manager."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lake.aws_calls import aws_calls
from lake.errors import ServiceUnavailableError
from lake.tables.capabilities import Engine
from odp.configuration import ConfigRequest
from odp.records import BatchPlan, LandedFile
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_TIME = "%Y-%m-%dT%H:%M:%SZ"

# Compares versions of staged objects, by the S3 API.


_GONE = {"404", "NoSuchKey", "NoSuchVersion"}
_COMPARED = 1 << 20
"""Comparing so many bytes at each end is enough for Parquet: the end has the counts and bounds of every column."""


class S3ObjectContents:
    """Compares ETags first; if they differ, it compares both ends of both versions.

    ETags of equal contents differ in buckets that are encrypted with a KMS key.
    """

    def __init__(self, buckets: Mapping[str, str]) -> None:
        self._buckets = buckets
        self._s3 = boto3.client("s3", config=aws_calls())

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


# Landing times of replicas, by the S3 API.


_NO_SUCH_VERSION = {*_GONE, "405"}
"""A HEAD of a version that is gone, or that is a delete marker."""


class S3ReplicatedObjects:
    """Asks S3 whether an object is another Region's copy, and when its original landed."""

    def __init__(self, buckets: Mapping[str, str], s3: S3Client | None = None) -> None:
        self._buckets = buckets
        self._s3 = s3 or boto3.client("s3", config=aws_calls())

    def landing_of_replica(self, file: LandedFile) -> str | None:
        """Return when the original of a replica landed; None if the object is no replica, or gone."""
        version: dict[str, Any] = {"VersionId": file.version_id} if file.version_id else {}
        bucket = self._buckets.get(file.bucket, file.bucket)
        try:
            found = self._s3.head_object(Bucket=bucket, Key=file.key, **version)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_SUCH_VERSION:
                return None
            raise
        if found.get("ReplicationStatus") != "REPLICA":
            return None
        return found["LastModified"].strftime(_TIME)


# Landed files, read by the S3 API in the version that was registered.


_AT_ONCE = 16 << 20
"""A file of up to so many bytes is read whole, in one request; most files of changes are smaller."""


class S3LandedFiles:
    """Opens landed files without Spark, each in the very version that the ledger names."""

    def __init__(self, buckets: Mapping[str, str]) -> None:
        self._buckets = buckets
        self._s3 = boto3.client("s3", config=aws_calls())

    def open(self, file: LandedFile) -> io.BufferedIOBase:
        """Open a file for reading at any position; raises FileNotFoundError if this version is gone."""
        if file.size <= _AT_ONCE:
            return io.BytesIO(self.read(file))
        return io.BufferedReader(_RangesOf(self, file), 1 << 20)

    def read(self, file: LandedFile, range_: str = "") -> bytes:
        """Read a range of a file, or all of it.

        Raises:
            FileNotFoundError: this version is gone.
            ServiceUnavailableError: S3 did not answer. The errors of botocore are OSErrors, as those of damaged files
                are, and readers could not tell them apart.
        """
        bucket = self._buckets.get(file.bucket, file.bucket)
        request: dict[str, Any] = {"Bucket": bucket, "Key": file.key}
        if file.version_id:
            request["VersionId"] = file.version_id
        if range_:
            request["Range"] = range_
        try:
            return self._s3.get_object(**request)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise FileNotFoundError(file.uri) from error
            raise
        except BotoCoreError as error:
            message = f"{file.uri} could not be read: {error}"
            raise ServiceUnavailableError(message) from error


class _RangesOf(io.RawIOBase):
    """A large file, of which each reading is a request."""

    def __init__(self, files: S3LandedFiles, file: LandedFile) -> None:
        self._files = files
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer has no type in Python 3.11
        end = min(self._at + len(buffer), self._file.size)
        if end <= self._at:
            return 0
        content = self._files.read(self._file, f"bytes={self._at}-{end - 1}")
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


# Batch plans as JSON objects in the config bucket.


class S3PlanStorage:
    """Keeps each plan under its own key; the bucket's lifecycle expires old ones."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = boto3.client("s3", config=aws_calls())

    def write(self, plan: BatchPlan) -> None:
        """Keep a plan under its key."""
        document = {"format": FORMAT, **dataclasses.asdict(plan)}
        self._s3.put_object(Bucket=self._bucket, Key=plan.key, Body=json.dumps(document).encode())

    def read(self, key: str) -> BatchPlan:
        """Read the plan of a key; an older or a newer release may have written it."""
        document = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        batches = tuple(tuple(batch) for batch in document["batches"])
        engines = tuple(document.get("engines", [Engine.SPARK] * len(batches)))
        epoch, is_standby = int(document.get("epoch", 0)), bool(document.get("is_standby", False))
        return BatchPlan(document["refresh_cadence"], document["execution_name"], batches, engines, epoch, is_standby)


# The configuration request in the config bucket: the versions of one object.


class S3ConfigRequests:
    """Reads requests by object version; the bucket expires old versions."""

    def __init__(self, bucket: str, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._s3 = boto3.client("s3", config=aws_calls())

    def newest(self) -> str | None:
        """Return the id of the newest request; None if there is none."""
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=self._key)["VersionId"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def read(self, request_id: str) -> ConfigRequest | None:
        """Read a request; None if the bucket no longer has it."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=self._key, VersionId=request_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        received_at = found["LastModified"].strftime(_TIME)
        return ConfigRequest(request_id, received_at, found["Body"].read())
