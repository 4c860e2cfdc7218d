"""The raw bucket's files and the quarantine, by the S3 API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from taxi.errors import PassingFailureError, SourceFileError
from taxi.failures import is_passing
from taxi.records import MalformedRow

_GONE = {"404", "NoSuchKey"}
ROWS_IN_OBJECT = 10_000
BYTES_IN_OBJECT = 8 * 2**20
"""The most bytes of an object before the next one begins."""


class S3RawFiles:
    """Objects of the raw bucket."""

    def __init__(self) -> None:
        self._s3 = boto3.client("s3")

    def version(self, bucket: str, key: str) -> str | None:
        """Give the current etag of an object, without quotes; None if the object does not exist."""
        try:
            return self._s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        """Give the first bytes of an object, all of them if it is shorter.

        Raises:
            SourceFileError: it was removed meanwhile.
            PassingFailureError: S3 does not answer, or throttles.
        """
        try:
            found = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{length - 1}")
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
            if code == "InvalidRange":  # S3's answer for an empty object
                return b""
            if code in _GONE:
                message = "the object was removed while its bundle was being loaded; send it again"
                raise SourceFileError(message) from error
            if is_passing(error):
                message = f"the file cannot be read now: {error}"
                raise PassingFailureError(message) from error
            raise
        return found["Body"].read()


class S3Quarantine:
    """Malformed rows as JSON lines below `quarantine/<dataset>/<file id>/` of the conformed bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = boto3.client("s3")

    def keep(self, dataset: str, file_id: str, rows: Iterable[MalformedRow]) -> str:
        """Keep the malformed rows of a file version, replacing earlier ones; returns their S3 URI prefix.

        The same version has the same rows, so a repeated run writes the same objects.
        """
        prefix = f"quarantine/{dataset}/{file_id}/"
        for number, content in enumerate(_objects(rows)):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{prefix}{number:05}.jsonl",
                Body=content,
                ContentType="application/jsonl",
            )
        return f"s3://{self._bucket}/{prefix}"


def _objects(rows: Iterable[MalformedRow]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for row in rows:
        # an unpaired surrogate cannot be encoded in UTF-8 and would stop the run
        lines.append(f"{json.dumps(asdict(row), ensure_ascii=False)}\n".encode(errors="replace"))
        size += len(lines[-1])
        if len(lines) == ROWS_IN_OBJECT or size >= BYTES_IN_OBJECT:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)
