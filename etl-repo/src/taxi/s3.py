"""The taxi flow's S3 adapters: the landed files, and the bundles that its state machine passes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from taxi.errors import PassingFailureError, SourceFileError, is_passing
from taxi.records import FORMAT, Bundle, FileOutcome, LandedFile, LoadStatus, MalformedRow

# The raw bucket's files and the quarantine, by the S3 API.


_GONE = {"404", "NoSuchKey"}
ROWS_IN_OBJECT = 10_000
BYTES_IN_OBJECT = 8 * 2**20
"""The most bytes of an object before the next one begins."""


class S3RawFiles:
    """Objects of the raw bucket."""

    def __init__(self) -> None:
        self._s3 = boto3.client("s3")

    def version(self, bucket: str, key: str) -> str | None:
        """Return the current etag of an object, without quotes; None if the object does not exist."""
        try:
            return self._s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        """Return the first bytes of an object, all of them if it is shorter.

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


# Bundles and their outcomes as JSON objects in the bundle bucket.


class S3Bundles:
    """Keeps each bundle under its own key with its outcome beside it; the bucket's lifecycle expires old ones."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = boto3.client("s3")

    def write(self, bundle: Bundle) -> None:
        """Keep a bundle under its key, without the outcomes of loaded files, which are stored separately."""
        left_out = ("dataset", "loaded")
        files = [{name: value for name, value in asdict(file).items() if name not in left_out} for file in bundle.files]
        document = {
            "dataset": bundle.dataset,
            "execution": bundle.execution,
            "number": bundle.number,
            "epoch": bundle.epoch,
            "files": files,
        }
        self._write(bundle.key, document)

    def read(self, key: str) -> Bundle:
        """Read the bundle of a key."""
        document = self._read(key)
        files = tuple(LandedFile(dataset=document["dataset"], **_known(LandedFile, file)) for file in document["files"])
        return Bundle(
            document["dataset"], document["execution"], document["number"], files, int(document.get("epoch", 0))
        )

    def write_outcome(self, bundle_key: str, outcomes: Sequence[FileOutcome]) -> None:
        """Keep the outcomes of a bundle's files; a later write for the same bundle replaces them."""
        self._write(_outcome_key(bundle_key), {"files": [asdict(outcome) for outcome in outcomes]})

    def outcome(self, bundle_key: str) -> Mapping[str, FileOutcome] | None:
        """Read the outcomes of a bundle's files, by file id; None if nothing was written."""
        try:
            document = self._read(_outcome_key(bundle_key))
        except ClientError as error:
            # without s3:ListBucket S3 answers AccessDenied for a missing key, which must not count as missing
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return {
            file["file_id"]: FileOutcome(**_known(FileOutcome, {**file, "status": LoadStatus(file["status"])}))
            for file in document["files"]
        }

    def _write(self, key: str, document: Mapping[str, Any]) -> None:
        body = json.dumps({"format": FORMAT, **document}).encode()
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _read(self, key: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        return document


def _known(record: type[LandedFile | FileOutcome], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out fields of a later release that this one does not know."""
    names = {field.name for field in fields(record)}
    return {name: value for name, value in stored.items() if name in names}


def _outcome_key(bundle_key: str) -> str:
    return f"{bundle_key.removesuffix('.json')}.outcome.json"
