"""The marks of landed files in odpf_region, a global table: the other Region knows of a file before its copy comes.

A mark is written in the transaction that registers the file, and DynamoDB carries it to the other Region within about a
second. S3 takes minutes. So each Region knows by name which files are on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import persist
from odp.ports import LandingMark
from odp.records import LandedFile
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

TABLES = "landed"
"""The partition with one item for each source table that has marks."""
_DAYS = 7
"""S3 tries for days to replicate an object; a mark is there as long, and costs nothing when DynamoDB deletes it."""
_DAY = 86_400


def marks_of(source_table_name: str) -> str:
    """Return the partition with the marks of a source table."""
    return f"{TABLES}#{source_table_name}"


class DynamoDbLandingMarks:
    """Writes the marks of files that land in this Region, and reads those of the other one."""

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        region_table: str,
        own_region: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = dynamodb.meta.client
        self._table = region_table
        self._own_region = own_region
        self._clock = clock
        self._noted: set[str] = set()

    def note_table(self, source_table_name: str) -> None:
        """Note that a source table has marks; once in the life of a process, because a repetition changes nothing."""
        if source_table_name in self._noted:
            return
        item: dict[str, Any] = {"region_kind": TABLES, "entry_id": source_table_name, "format": FORMAT}
        persist(lambda: self._client.put_item(TableName=self._table, Item=item))
        self._noted.add(source_table_name)

    def action(self, file: LandedFile) -> dict[str, Any]:
        """Return the action that marks a file; what the Region of its landing wrote already stays as it is."""
        values = {
            "format": FORMAT,
            "bucket": file.bucket,
            "key": file.key,
            "version_id": file.version_id,
            "size": file.size,
            "landed_at": file.landed_at,
            "sequencer": file.sequencer,
            "event_reason": file.event_reason or None,
            "region": self._own_region,
            "expires_at": int(self._clock()) + _DAYS * _DAY,
        }
        known = {name: value for name, value in values.items() if value is not None}
        assignments = (f"#{name} = if_not_exists(#{name}, :{name})" for name in known)
        return {
            "Update": {
                "TableName": self._table,
                "Key": {"region_kind": marks_of(file.source_table_name), "entry_id": file.file_id},
                "UpdateExpression": "SET " + ", ".join(assignments),
                "ExpressionAttributeNames": {f"#{name}": name for name in known},
                "ExpressionAttributeValues": {f":{name}": value for name, value in known.items()},
            }
        }

    def mark_of(self, file: LandedFile) -> LandingMark | None:
        """Return what the other Region says of a file that landed there; None if it says nothing (yet)."""
        key = {"region_kind": marks_of(file.source_table_name), "entry_id": file.file_id}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        region = str(item.get("region", self._own_region))
        if region == self._own_region:
            return None
        sequencer = item.get("sequencer")
        return LandingMark(
            region=region,
            landed_at=str(item["landed_at"]),
            sequencer=None if sequencer is None else str(sequencer),
            event_reason=str(item.get("event_reason", "")),
        )
