"""Turns an `Object Created` event of S3, or a listing, into the record of a landed file, or of what was rejected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lake.landing.object_created import CreatedObject, EventError, created_object
from lake.shown_text import on_one_line, quoted, shown
from taxi.datasets.dataset import Dataset, FileFormat, dataset_of, format_of
from taxi.datasets.keys import why_not_addressable
from taxi.records import LandedFile, RejectedFile

if TYPE_CHECKING:
    from lake.landing.listings import ObjectVersion

_REASON_CHARACTERS, _BODY_CHARACTERS = 2_000, 1_000


def landed_object(
    event: Mapping[str, Any], datasets: Mapping[str, Dataset], bucket: str = ""
) -> LandedFile | RejectedFile:
    """Read the landed file from an event; what can be no file of a dataset gives a rejected one.

    Raises:
        EventError: the event is none of a new object, or of another bucket than the one that is given.
    """
    created = created_object(event)
    if bucket and created.bucket != bucket:
        message = f"it is of bucket {shown(created.bucket)}, but files land in {bucket}"
        raise EventError(message)
    return _landed(created, datasets)


def listed_object(version: ObjectVersion, datasets: Mapping[str, Dataset]) -> LandedFile | RejectedFile:
    """Read the landed file from a listing of a versioned bucket, under the id that its event gives it."""
    described = (version.bucket, version.key, version.size, version.etag, version.version_id)
    return _landed(CreatedObject(*described, sequencer=None, time=version.last_modified, reason=""), datasets)


def _landed(created: CreatedObject, datasets: Mapping[str, Dataset]) -> LandedFile | RejectedFile:
    described = (created.bucket, created.key, created.etag, created.size, created.time)
    identity = file_id(created.bucket, created.key, created.version)
    dataset = dataset_of(created.key, datasets.values())
    reason = _reason(created.key, dataset, datasets)
    if dataset is None or reason:
        return RejectedFile(identity, *described, f"{shown(created.key)}: {reason}", created.version_id)
    return LandedFile(dataset.name, identity, *described, created.version_id)


def malformed(message_body: str, error: EventError) -> RejectedFile:
    """Describe a message that tells of no object; the same message has the same id."""
    body = message_body.encode("utf-8", "backslashreplace")  # a body may hold halves of characters
    reason = f"the message is no Object Created event of S3: {on_one_line(str(error), _REASON_CHARACTERS)}"
    reason = f"{reason}; it begins with {quoted(body.decode(), _BODY_CHARACTERS)}"
    return RejectedFile(hashlib.sha256(body).hexdigest()[:32], "", "", "", 0, "", reason)


def file_id(bucket: str, key: str, version: str) -> str:
    """Derive the id of one object version: the same for every event about it, another for each new upload."""
    identity = json.dumps([bucket, key, version])
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _reason(key: str, dataset: Dataset | None, datasets: Mapping[str, Dataset]) -> str:
    """Say why an object can be no file of a dataset; empty if it can."""
    if key.endswith("/"):
        return "is a folder, not a file"
    if dataset is None:
        prefixes = ", ".join(known.prefix for known in datasets.values())
        return f"lies below the prefix of no dataset; those are {prefixes}"
    if format_of(key) is None:
        endings = " nor ".join(f".{known}" for known in FileFormat)
        return f"ends with neither {endings}, so {dataset.name} cannot read it"
    return why_not_addressable(key)
