"""How native tables reach their files: few requests, one S3 client for each process."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import lru_cache
from threading import Lock
from typing import Any, ClassVar

import boto3
import pyarrow as pa
import pyarrow.fs
from cachetools import LRUCache
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

from lake.aws_calls import aws_calls
from lake.batched import batched

LAKE_IO = f"{__name__}.LakeIO"
METADATA = "metadata"
_LARGEST_KEPT = 4_000_000
_KEPT = 64 << 20
_DELETED_AT_ONCE = 1000
_S3 = "s3://"
AWS_CALLS = aws_calls(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6})
_S3_OPTIONS = {
    "s3.endpoint": "endpoint_override",
    "s3.region": "region",
    "s3.access-key-id": "access_key",
    "s3.secret-access-key": "secret_key",
    "s3.session-token": "session_token",
}


class LakeIO(PyArrowFileIO):
    """Reads metadata, which never changes, once for each process, and writes each piece of it in one request."""

    def new_input(self, location: str) -> PyArrowFile:
        """Give a file to read."""
        return self._file(location)

    def new_output(self, location: str) -> PyArrowFile:
        """Give a file to write."""
        return self._file(location)

    def _initialize_s3_fs(self, netloc: str | None) -> pyarrow.fs.FileSystem:  # noqa: ARG002
        return _s3(tuple(sorted((name, str(self.properties[name])) for name in _S3_OPTIONS if name in self.properties)))

    def _file(self, location: str) -> PyArrowFile:
        scheme, netloc, path = self.parse_location(location, self.properties)
        of = _MetadataFile if location.split("/")[-2:-1] == [METADATA] else PyArrowFile
        return of(location=location, path=path, fs=self.fs_by_scheme(scheme, netloc))


class _MetadataFile(PyArrowFile):
    """A file of metadata; its name has a random part, so what is known of it stays true."""

    kept: ClassVar[LRUCache[str, bytes]] = LRUCache(_KEPT, getsizeof=len)
    lock: ClassVar[Lock] = Lock()
    """Tables are refreshed in several threads."""

    def __len__(self) -> int:
        return len(self._content())

    def exists(self) -> bool:
        """Whether this process has read or written it; another name is new, because names are random."""
        with self.lock:
            return self.location in self.kept

    def open(self, seekable: bool = True) -> pa.BufferReader:  # noqa: ARG002
        """Open what is kept, or fetch it."""
        return pa.BufferReader(self._content())

    def create(self, overwrite: bool = False) -> io.BytesIO:  # noqa: ARG002
        """Write it in one request when it is closed, and keep it."""
        return _Written(self)

    def put(self, content: bytes) -> None:
        """Write the content."""
        with super().create(overwrite=True) as out:
            out.write(content)
        self._keep(content)

    def _content(self) -> bytes:
        with self.lock:
            content = self.kept.get(self.location)
        if content is None:
            with closing(super().open(seekable=False)) as source:
                content = source.read()
            self._keep(content)
        return content

    def _keep(self, content: bytes) -> None:
        with self.lock:
            if len(content) < _LARGEST_KEPT:
                self.kept[self.location] = content


class _Written(io.BytesIO):
    def __init__(self, file: _MetadataFile) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.put(self.getvalue())
        super().close()


@lru_cache
def _s3(properties: tuple[tuple[str, str], ...]) -> pyarrow.fs.FileSystem:
    options = {_S3_OPTIONS[name]: value for name, value in properties}
    retries = pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=6)
    return pyarrow.fs.S3FileSystem(
        allow_delayed_open=True, connect_timeout=5, request_timeout=30, retry_strategy=retries, **options
    )


@lru_cache
def _s3_client() -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    return boto3.client("s3", config=AWS_CALLS)


def delete_files(io: FileIO, locations: Iterable[str]) -> None:
    """Delete files, many in one request; those that are not there are deleted already.

    Arrow's own deletion in S3 would leave an empty object in place of each folder.
    """
    of_bucket: defaultdict[str, list[str]] = defaultdict(list)
    for location in sorted(locations):
        bucket, _, key = location.removeprefix(_S3).partition("/")
        if location.startswith(_S3):
            of_bucket[bucket].append(key)
        else:
            with suppress(FileNotFoundError):  # a run that broke here has deleted it
                io.delete(location)
    for bucket, keys in of_bucket.items():
        _delete_objects(bucket, keys)


def _delete_objects(bucket: str, keys: list[str]) -> None:
    for some in batched(keys, _DELETED_AT_ONCE):
        named = [{"Key": key} for key in some]
        answer = _s3_client().delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
        if failed := answer.get("Errors"):
            message = f"{len(failed)} objects of {bucket} cannot be deleted; the first: {failed[0]}"
            raise OSError(message)
