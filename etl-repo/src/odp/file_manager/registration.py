"""One S3 event becomes one registered file, or an entry in quarantine with the reason."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from lake.landing.listings import ObjectVersion
from lake.landing.object_created import (
    EventError,
    MalformedMessage,
    RejectedFile,
    created_object,
    event_in,
    malformed,
    object_id,
)
from lake.log_keys import log_keys
from lake.shown_text import shown
from odp.errors import ObjectKeyError
from odp.file_manager.object_key import check_landing
from odp.file_manager.sources import DEFAULT_SOURCES, Sources
from odp.ports import FileRegister, Quarantine, TableEntries
from odp.records import FileType, LandedFile, PendingWork, Quarantined, QuarantineKind

# From an S3 event or a listing to the record of a landed file.


STAGING = "staging"
"""The role of the bucket into which DMS writes. What is stored names buckets by role, the same in every Region."""


@dataclass(frozen=True, slots=True)
class Staging:
    """What the events of one lake's staging bucket mean: the sources in it, and the bucket's physical name."""

    sources: Sources = DEFAULT_SOURCES
    buckets: Mapping[str, str] = field(default_factory=lambda: {STAGING: STAGING})
    """The physical name of each bucket whose events come, by its role."""

    def role_of(self, bucket: str) -> str:
        """Return the role of a bucket; raises EventError for a bucket of another lake."""
        for role, physical_name in self.buckets.items():
            if physical_name == bucket:
                return role
        own = ", ".join(self.buckets.values())
        message = f"bucket {shown(bucket)} has no role in this lake, whose buckets are {own}"
        raise EventError(message)


DEFAULT_STAGING = Staging()


def landed_object(event: Mapping[str, Any], staging: Staging = DEFAULT_STAGING) -> LandedFile | RejectedFile | None:
    """Read the landed file from an event; None for a folder marker.

    A key that is no DMS file gives a rejected file, never an exception.

    Raises:
        EventError: the event is none of a new object, or of a bucket that is not this lake's.
    """
    created = created_object(event)
    version = ObjectVersion(
        bucket=staging.role_of(created.bucket),
        key=created.key,
        version_id=created.version,
        etag=created.etag,
        size=created.size,
        last_modified=created.time,
    )
    landed = listed_object(version, staging.sources)
    if not isinstance(landed, LandedFile):
        return landed
    return replace(landed, version_id=created.version_id, sequencer=created.sequencer, event_reason=created.reason)


def listed_object(version: ObjectVersion, sources: Sources = DEFAULT_SOURCES) -> LandedFile | RejectedFile | None:
    """Read the landed file from a listing: with the id that the event of the same version gives it."""
    if version.key.endswith("/") and not version.size:
        return None
    role, key = version.bucket, version.key
    try:
        dms_object = sources.parse_object_key(key)
        check_landing(key, dms_object.name, version.last_modified)
    except ObjectKeyError as error:
        identity = object_id(role, key, version.version_id)
        return RejectedFile(identity, role, key, version.etag, version.size, version.last_modified, reason=str(error))
    return LandedFile(
        source_table_name=dms_object.source_table_name,
        file_id=file_id(role, key, version.version_id, dms_object.file_type),
        file_type=dms_object.file_type,
        schema_name=dms_object.schema_name,
        table_name=dms_object.table_name,
        bucket=role,
        key=key,
        size=version.size,
        etag=version.etag,
        landed_at=version.last_modified,
        version_id=version.version_id,
        segment=dms_object.segment,
    )


def file_id(role: str, key: str, version: str, file_type: FileType) -> str:
    """Derive the id of a landed file: ids of a table sort as its files are applied, loads first, changes by name.

    The same version of an object has the same id in both Regions. Existing ledgers use it, so it never changes.
    """
    is_change = int(file_type is FileType.CHANGES)
    return f"{is_change}/{key.rsplit('/', 1)[-1]}/{object_id(role, key, version)}"


# Quarantine entries of objects that are no DMS files, and of messages without an object.


_BODY_CHARACTERS = 10_000


def rejection_of(file: RejectedFile) -> Quarantined:
    """Describe an object that is not a DMS file."""
    details: dict[str, str | int] = {
        "file_ingestion_s3_bucket": file.bucket,
        "file_ingestion_path": file.key,
        "file_size": file.size,
        "file_ingestion_date_time": file.landed_at,
    }
    return Quarantined(QuarantineKind.REJECTED_FILE, file.file_id, file.reason, details)


def malformed_entry(message: MalformedMessage) -> Quarantined:
    """Describe a message that names no object."""
    details: dict[str, str | int] = {"message": message.body[:_BODY_CHARACTERS]}
    return Quarantined(QuarantineKind.MALFORMED_MESSAGE, message.message_id, message.reason, details)


# Registration of one SQS message.


logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a message."""

    REGISTERED = "registered"
    ALREADY_KNOWN = "already_known"
    REJECTED = "rejected"
    IGNORED = "ignored"
    """A folder marker: an empty object whose key ends with a slash."""


def register_message(
    message: Mapping[str, Any],
    tracker: FileRegister,
    quarantine: Quarantine,
    staging: Staging = DEFAULT_STAGING,
) -> Outcome:
    """Register the object of a message, or keep in quarantine what can be none; any error may pass by itself."""
    landed = _read(message, staging)
    if landed is None:
        return Outcome.IGNORED
    if isinstance(landed, Quarantined):
        logger.warning("into quarantine: %s", landed.reason)
        return Outcome.REJECTED if quarantine.keep(landed) else Outcome.ALREADY_KNOWN
    with log_keys(table=landed.source_table_name):
        is_new = tracker.register(landed)
        logger.info("%s %s", "registered" if is_new else "already registered", landed.key)
    return Outcome.REGISTERED if is_new else Outcome.ALREADY_KNOWN


def _read(message: Mapping[str, Any], staging: Staging) -> LandedFile | Quarantined | None:
    """Read what a message tells; a retry cannot help a message without an object of this lake."""
    try:
        landed = landed_object(event_in(message), staging)
    except EventError as error:
        return malformed_entry(malformed(str(message["body"]), error))
    return rejection_of(landed) if isinstance(landed, RejectedFile) else landed


# Quarantine entries for tables that no manifest names: one for each table while its files wait.


KIND = QuarantineKind.UNCONFIGURED_TABLE


def keep_unconfigured_tables(
    pending: Mapping[str, PendingWork], configured: Container[str], quarantine: TableEntries
) -> int:
    """Update the entries, and return the number of new tables."""
    unconfigured = {name: work for name, work in pending.items() if name not in configured}
    kept = set(quarantine.entries(KIND))
    for work in unconfigured.values():
        quarantine.replace(_entry(work))
    for name in kept - unconfigured.keys():
        quarantine.remove(KIND, name)
    return len(unconfigured.keys() - kept)


def _entry(work: PendingWork) -> Quarantined:
    name = work.source_table_name
    reason = (
        f"{name}: {work.files} files wait, but no manifest configures the table; add it to the table manifests, or "
        "leave it out of the DMS task and skip its files"
    )
    return Quarantined(KIND, name, reason, {"source_table_name": name, "files": work.files, "bytes": work.bytes})
