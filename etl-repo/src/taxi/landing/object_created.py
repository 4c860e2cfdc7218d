"""Turns an EventBridge `Object Created` event of S3 into the record of a landed file.

The key in such an event is not URL-encoded (unlike S3's own notifications), so it is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from taxi.datasets.dataset import Dataset, FileFormat, dataset_of, format_of
from taxi.records import LandedFile, RejectedFile


def landed_object(event: Mapping[str, Any], datasets: Mapping[str, Dataset]) -> LandedFile | RejectedFile:
    """Read the landed file from an event; what can be no file of a dataset gives a rejected one, never an exception."""
    bucket, s3_object = event["detail"]["bucket"]["name"], event["detail"]["object"]
    key, etag = s3_object["key"], s3_object.get("etag", "")
    version_id = s3_object.get("version-id")
    # an unversioned bucket names no version; there the sequencer tells two uploads of equal content apart
    identity = file_id(bucket, key, version_id or f"{etag}/{s3_object.get('sequencer', '')}")
    size, landed_at = int(s3_object.get("size", 0)), event["time"]
    dataset = dataset_of(key, datasets.values())
    if dataset is None or format_of(key) is None:
        reason = _reason(key, dataset, datasets)
        return RejectedFile(identity, bucket, key, etag, size, landed_at, reason, version_id)
    return LandedFile(dataset.name, identity, bucket, key, etag, size, landed_at, version_id)


def file_id(bucket: str, key: str, version: str) -> str:
    """Derive the id of one object version: the same for every event about it, another for each new upload."""
    identity = json.dumps([bucket, key, version])
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _reason(key: str, dataset: Dataset | None, datasets: Mapping[str, Dataset]) -> str:
    if key.endswith("/"):
        return f"{key}: is a folder, not a file"
    if dataset is None:
        prefixes = ", ".join(known.prefix for known in datasets.values())
        return f"{key}: lies below the prefix of no dataset; those are {prefixes}"
    endings = " nor ".join(f".{known}" for known in FileFormat)
    return f"{key}: ends with neither {endings}, so {dataset.name} cannot read it"
