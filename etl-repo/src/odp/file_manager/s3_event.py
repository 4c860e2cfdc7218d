"""Turns what S3 says of an object, in an EventBridge event or in a listing, into the record of a landed file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lake.landing.listings import ObjectVersion
from lake.landing.object_created import EventError, created_object
from lake.shown_text import shown
from odp.errors import ObjectKeyError
from odp.file_manager.object_key import check_landing
from odp.file_manager.sources import DEFAULT_SOURCES, Sources
from odp.records import FileType, LandedFile, RejectedFile

STAGING = "staging"
"""The role of the bucket into which DMS writes. What is stored names buckets by role, the same in every Region."""


@dataclass(frozen=True, slots=True)
class Staging:
    """What the events of one lake's staging bucket mean: the sources in it, and the bucket's physical name."""

    sources: Sources = DEFAULT_SOURCES
    buckets: Mapping[str, str] = field(default_factory=lambda: {STAGING: STAGING})
    """The physical name of each bucket whose events come, by its role."""

    def role_of(self, bucket: str) -> str:
        """Give the role of a bucket; raises EventError for a bucket of another lake."""
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
        return RejectedFile(identity, role, key, version.size, version.last_modified, reason=str(error))
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

    The same version of an object has the same id in both Regions; books that exist are read by it, so it never changes.
    """
    is_change = int(file_type is FileType.CHANGES)
    return f"{is_change}/{key.rsplit('/', 1)[-1]}/{object_id(role, key, version)}"


def object_id(role: str, key: str, version: str) -> str:
    """Derive the id of one object version: the same for every event about it, another for each new upload."""
    return hashlib.sha256(json.dumps([role, key, version]).encode()).hexdigest()[:32]
