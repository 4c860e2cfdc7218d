"""Bundles and their outcomes as JSON objects in the bundle bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import boto3
from botocore.exceptions import ClientError

from taxi.records import FORMAT, Bundle, FileOutcome, LandedFile, LoadStatus


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
            "files": files,
        }
        self._write(bundle.key, document)

    def read(self, key: str) -> Bundle:
        """Read the bundle of a key."""
        document = self._read(key)
        files = tuple(LandedFile(dataset=document["dataset"], **_known(LandedFile, file)) for file in document["files"])
        return Bundle(document["dataset"], document["execution"], document["number"], files)

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
