"""Turns what S3 says of an object, in an EventBridge event or in a listing, into the record of a landed file.

The key in such an event is not URL-encoded (unlike S3's own notifications), so it is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from odp.errors import ObjectKeyError
from odp.file_manager.object_key import parse_object_key
from odp.records import LandedFile, ObjectVersion, RejectedFile


def landed_object(event: Mapping[str, Any]) -> LandedFile | RejectedFile:
    """Read the landed file from an event; a key that is no DMS file gives a rejected one, never an exception."""
    bucket, s3_object = event["detail"]["bucket"]["name"], event["detail"]["object"]
    key, size, landed_at = s3_object["key"], int(s3_object.get("size", 0)), event["time"]
    identity = file_id(bucket, key, _version(s3_object))
    landed = _landed(identity, bucket, key, size, landed_at)
    if isinstance(landed, RejectedFile):
        return landed
    return replace(
        landed,
        etag=s3_object.get("etag", ""),
        version_id=s3_object.get("version-id"),
        sequencer=s3_object.get("sequencer"),
    )


def listed_object(version: ObjectVersion) -> LandedFile | RejectedFile:
    """Read the landed file from a listing: with the id that the event of the same version gives it."""
    bucket, key = version.bucket, version.key
    identity = file_id(bucket, key, version.version_id)
    landed = _landed(identity, bucket, key, version.size, version.last_modified)
    if isinstance(landed, RejectedFile):
        return landed
    return replace(landed, etag=version.etag, version_id=version.version_id)


def _landed(identity: str, bucket: str, key: str, size: int, landed_at: str) -> LandedFile | RejectedFile:
    try:
        dms_object = parse_object_key(key)
    except ObjectKeyError as error:
        return RejectedFile(identity, bucket, key, size, landed_at, reason=str(error))
    return LandedFile(
        source_table_name=dms_object.source_table_name,
        file_id=identity,
        file_type=dms_object.file_type,
        schema_name=dms_object.schema_name,
        table_name=dms_object.table_name,
        bucket=bucket,
        key=key,
        size=size,
        etag="",
        landed_at=landed_at,
    )


def file_id(bucket: str, key: str, version: str) -> str:
    """Derive the id of one object version: the same for every event about it, another for each new upload."""
    identity = json.dumps([bucket, key, version])
    name = key.rsplit("/", 1)[-1]
    kind = 0 if name.startswith("LOAD") else 1
    return f"{kind}/{name}/{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def _version(s3_object: Mapping[str, Any]) -> str:
    """An unversioned bucket names no version; there the sequencer tells two uploads of equal content apart."""
    version_id = s3_object.get("version-id")
    return str(version_id) if version_id else f"{s3_object.get('etag', '')}/{s3_object.get('sequencer', '')}"
