"""Converts items of format 1 to format 2.

Format 1 stored physical bucket names, and file ids were hashes of bucket, key and version. It read schema and table
from the last folders of a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odp.dynamodb.file_tracker import FORMER_ID
from odp.errors import ObjectKeyError
from odp.file_manager.registration import Staging, file_id
from odp.records import FileStatus, FileType
from odp.stored_format import FORMAT

from lake.landing.object_created import object_id

if TYPE_CHECKING:
    from odp.file_manager.object_key import DmsObject

Item = dict[str, Any]
_ANY_CHANGES = "20000101-000000000.parquet"


@dataclass(frozen=True, slots=True)
class MigratedFile:
    """A file of format 1 in format 2; `is_held` if it was pending under a name without an order."""

    old: Item
    new: Item
    is_held: bool = False

    @property
    def key(self) -> Item:
        """The key of the old item."""
        return {name: self.old[name] for name in ("source_table_name", "file_id")}

    @property
    def names(self) -> tuple[str, str]:
        """The source table's name before and after."""
        return self.old["source_table_name"], self.new["source_table_name"]


def is_format_1(item: Mapping[str, Any]) -> bool:
    """Whether an item of the file trackers, the leases or the quarantine is in format 1."""
    return "format" not in item and not str(item.get("source_table_name", "")).startswith("#")


def migrated_file(item: Item, staging: Staging, *, is_pending: bool) -> MigratedFile:
    """Return a pending or processed file in format 2.

    Raises:
        ValueError: its bucket is not this lake's staging bucket.
        ObjectKeyError: by the configured sources its key is no file of a table.
    """
    role, key = staging.role_of(item["file_ingestion_s3_bucket"]), item["file_ingestion_path"]
    meaning, unordered = _meaning(key, staging)
    kind = FileType(item["dms_file_type"])
    version = item.get("version_id") or f"{item['etag']}/{item.get('sequencer', '')}"
    new = {
        **item,
        "source_table_name": meaning.source_table_name,
        "file_id": file_id(role, key, version, kind),
        "format": FORMAT,
        "file_ingestion_s3_bucket": role,
        "schema_name": meaning.schema_name,
        "table_name": meaning.table_name,
    }
    if meaning.file_type is not kind:
        message = f"{key}: was registered as {kind}, but is {meaning.file_type} by its name"
        raise ObjectKeyError(message)
    if meaning.segment:
        new["segment"] = meaning.segment
    if is_pending:  # a failed run may have committed it, and the commit has the old id
        new[FORMER_ID] = item["file_id"]
    if unordered and is_pending:
        new |= {"file_ingestion_status": FileStatus.HELD.value, "status_reason": str(unordered)}
    return MigratedFile(item, new, is_held=bool(unordered) and is_pending)


def _meaning(key: str, staging: Staging) -> tuple[DmsObject, ObjectKeyError | None]:
    """Format 1 accepted change files whose names are not times; the rest of such a key names the table."""
    try:
        return staging.sources.parse_object_key(key), None
    except ObjectKeyError as error:
        folder, _, name = key.rpartition("/")
        if not name[:1].isdigit():
            raise
        try:
            return staging.sources.parse_object_key(f"{folder}/{_ANY_CHANGES}"), error
        except ObjectKeyError:
            raise error from None


def is_file_now(entry: Mapping[str, Any], staging: Staging) -> bool:
    """Whether a rejected file is accepted now: the sweep registers it, or ignores it as a folder marker."""
    key = entry["file_ingestion_path"]
    if key.endswith("/") and not int(entry["file_size"]):
        return True
    try:
        staging.sources.parse_object_key(key)
    except ObjectKeyError:
        return False
    return True


def migrated_rejection(entry: Item, staging: Staging, versions: list[str]) -> Item:
    """Return a rejected file in format 2, with the id that a sweep would give if its version still exists."""
    bucket, key = entry["file_ingestion_s3_bucket"], entry["file_ingestion_path"]
    role = staging.role_of(bucket)
    known = {object_id(bucket, key, version): version for version in versions}
    version = known.get(entry["entry_id"])
    identity = object_id(role, key, version) if version else entry["entry_id"]
    return {**entry, "entry_id": identity, "file_ingestion_s3_bucket": role, "format": FORMAT}
