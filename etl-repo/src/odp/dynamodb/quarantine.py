"""odpf_quarantine: everything that was kept out of the lake, with its reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import persist, read_items, took_place
from lake.shown_text import bounded_reason
from odp.records import KeptEntry, Quarantined, QuarantineKind
from odp.stored_format import FORMAT

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
        return took_place(
            lambda: persist(
                lambda: self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(entry_id) OR kept_by = :me",
                    ExpressionAttributeValues={":me": item["kept_by"]},
                )
            )
        )

    def unknown(self, entries: Sequence[Quarantined]) -> Sequence[Quarantined]:
        """List the given entries that are not kept yet; a read costs less than a refused write."""
        unknown = {(entry.kind.value, entry.entry_id): entry for entry in entries}
        keys = [key_in_quarantine(entry.kind, entry.entry_id) for entry in unknown.values()]
        for item in read_items(self._client, self._table, keys, ProjectionExpression="quarantine_kind, entry_id"):
            del unknown[str(item["quarantine_kind"]), str(item["entry_id"])]
        return list(unknown.values())

    def entries(self, kind: QuarantineKind) -> Sequence[str]:
        """List the ids of the entries of a kind."""
        return [str(item["entry_id"]) for item in self._of_kind(kind, "entry_id")]

    def of_tables(self, kind: QuarantineKind) -> Sequence[KeptEntry]:
        """List the entries of a kind, each with its table."""
        names = (
            "entry_id, source_table_name, quarantined_at, dismissed_at, gone_at, landed_from, "
            "file_ingestion_date_time, reason"
        )
        return [_kept_entry(item) for item in self._of_kind(kind, names)]

    def replace(self, entry: Quarantined) -> None:
        """Write an entry, and replace it if it is there already."""
        item = item_of(entry)
        persist(lambda: self._client.put_item(TableName=self._table, Item=item))

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Remove an entry."""
        key = key_in_quarantine(kind, entry_id)
        persist(lambda: self._client.delete_item(TableName=self._table, Key=key))

    def _of_kind(self, kind: QuarantineKind, names: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="quarantine_kind = :kind",
            ExpressionAttributeValues={":kind": kind.value},
            ProjectionExpression=names,
            ConsistentRead=True,
        )
        return (item for page in pages for item in page["Items"])


def key_in_quarantine(kind: QuarantineKind, entry_id: str) -> dict[str, str]:
    """Return the key of an entry."""
    return {"quarantine_kind": kind.value, "entry_id": entry_id}


def _kept_entry(item: Mapping[str, Any]) -> KeptEntry:
    table, since, gone_at = (str(item.get(name, "")) for name in ("source_table_name", "quarantined_at", "gone_at"))
    landed_from = str(item.get("landed_from", item.get("file_ingestion_date_time", since)))
    reason = str(item.get("reason", ""))
    return KeptEntry(str(item["entry_id"]), table, since, "dismissed_at" in item, gone_at, landed_from, reason)


def item_of(entry: Quarantined) -> dict[str, Any]:
    """Return the item of an entry; `kept_by` separates a repeated request from a later one."""
    return {
        **entry.details,
        **key_in_quarantine(entry.kind, entry.entry_id),
        "format": FORMAT,
        "reason": bounded_reason(entry.reason),
        "quarantined_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "kept_by": uuid.uuid4().hex,
    }
