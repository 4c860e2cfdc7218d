"""odpf_quarantine: what was kept out of the lake, each with its reason."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from odp.dynamodb.connection import condition_failed, persist
from odp.records import Quarantined, QuarantineKind

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class DynamoDbQuarantine:
    """Entries by kind and id."""

    def __init__(self, dynamodb: DynamoDBServiceResource, quarantine_table: str) -> None:
        self._client = dynamodb.meta.client
        self._table = quarantine_table

    def keep(self, entry: Quarantined) -> bool:
        """Keep an entry with its reason; False when it is there already."""
        item = item_of(entry)
        try:
            persist(
                lambda: self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(entry_id) OR kept_by = :me",
                    ExpressionAttributeValues={":me": item["kept_by"]},
                )
            )
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True


def key_in_quarantine(kind: QuarantineKind, entry_id: str) -> dict[str, str]:
    """Give the key of an entry."""
    return {"quarantine_kind": kind.value, "entry_id": entry_id}


def item_of(entry: Quarantined) -> dict[str, Any]:
    """Give an entry as the table has it; `kept_by` tells a repeated request from one that came later."""
    return {
        **entry.details,
        **key_in_quarantine(entry.kind, entry.entry_id),
        "reason": entry.reason,
        "quarantined_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "kept_by": uuid.uuid4().hex,
    }
