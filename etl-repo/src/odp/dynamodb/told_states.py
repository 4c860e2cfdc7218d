"""What people were told, and when cadences were planned: two partitions of small items in odpf_file_tracker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import persist, took_place
from odp.records import PLANNED, TOLD
from odp.state_changes import DAY_SECONDS, Told
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

MOST_FORGOTTEN = 1000
CLAIM_SECONDS = 1000
"""Longer than any function runs: its claim expires only once it is dead."""


class DynamoDbToldStates:
    """An item for each subject that has a problem, or had one lately; a claim is a conditional write on its version."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, pending_table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._table = pending_table
        self._clock = clock

    def known(self) -> Mapping[str, Told]:
        """Give what people know of every subject that has a problem, or had one lately."""
        items = _items(self._client, self._table, TOLD)
        return {str(item["file_id"]): self._told_of(item) for item in items}

    def claim(self, key: str, told: Told) -> str | None:
        """Claim the next message of a subject; None if another run has it, or people know more than was read.

        The claim counts among the messages of a day: one whose note always fails would else be sent without end.
        """
        now = int(self._clock())
        me = uuid.uuid4().hex
        # versions begin again with an item that was forgotten; its times do not
        is_as_read = "(told_version = :version AND (recent = :was OR attribute_not_exists(recent)))"
        is_free = is_as_read if told.version else "attribute_not_exists(file_id)"
        values = {
            ":next": told.version + 1,
            ":me": me,
            ":until": now + CLAIM_SECONDS,
            ":recent": _times([*(at for at in told.recent if at > now - DAY_SECONDS), now]),
            **({":version": told.version, ":was": _times(told.recent)} if told.version else {}),
        }
        update = (
            "SET #format = :format, told_version = :next, claimed_by = :me, claimed_until = :until, recent = :recent"
        )
        # or mine: an answer may be lost, and the request is repeated
        is_mine = self._update(key, update, f"{is_free} OR claimed_by = :me", values)
        return me if is_mine else None

    def note(self, key: str, claim: str, told: Told) -> None:
        """Keep what people know now, unless the claim was taken over."""
        item: dict[str, Any] = {
            **_key(TOLD, key),
            "format": FORMAT,
            "problems": ",".join(sorted(told.problems)),
            "since": told.since,
            "recent": _times(told.recent),
            "told_version": told.version + 2,
        }
        request: Any = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "claimed_by = :me",
            "ExpressionAttributeValues": {":me": claim},
        }
        took_place(lambda: persist(lambda: self._client.put_item(**request)))

    def give_back(self, key: str, claim: str, told: Told) -> None:
        """Let the claim expire, so that the next judgement sends a message: nobody knows whether this one arrived."""
        values = {":me": claim, ":past": 1, ":recent": _times(told.recent)}
        update = "SET #format = :format, claimed_until = :past, recent = :recent"
        self._update(key, update, "claimed_by = :me", values)

    def forget(self, known: Mapping[str, Told]) -> None:
        """Delete the items that say nothing any more, unless somebody has claimed a message since they were read.

        Each is a request, so the rest of very many is left to the next day: the function that asks has a time-out.
        """
        now = self._clock()
        empty = ((key, told) for key, told in known.items() if told.says_nothing(now))
        for key, told in islice(empty, MOST_FORGOTTEN):
            self._delete(key, told.version)

    def _delete(self, key: str, version: int) -> None:
        request: Any = {
            "TableName": self._table,
            "Key": _key(TOLD, key),
            "ConditionExpression": "told_version = :version",
            "ExpressionAttributeValues": {":version": version},
        }
        took_place(lambda: persist(lambda: self._client.delete_item(**request)))

    def _update(self, key: str, update: str, condition: str, values: Mapping[str, Any]) -> bool:
        request: Any = {
            "TableName": self._table,
            "Key": _key(TOLD, key),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#format": "format"},
            "ExpressionAttributeValues": {":format": FORMAT, **values},
        }
        return took_place(lambda: persist(lambda: self._client.update_item(**request)))

    def _told_of(self, item: Mapping[str, Any]) -> Told:
        until = int(str(item.get("claimed_until", 0)))
        is_being_sent = until >= self._clock()
        return Told(
            problems=frozenset(filter(None, str(item.get("problems", "")).split(","))),
            since=str(item.get("since", "")),
            recent=tuple(int(at) for at in str(item.get("recent", "")).split(",") if at),
            version=int(str(item["told_version"])),
            is_being_sent=is_being_sent,
            is_unsure=until > 0 and not is_being_sent,
        )


class DynamoDbPlannedCadences:
    """When an execution of each cadence last came to a plan."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, pending_table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._table = pending_table
        self._clock = clock

    def planned(self, refresh_cadence: str) -> None:
        """Note that an execution of a cadence came to a plan now, with batches or without."""
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        item: dict[str, Any] = {**_key(PLANNED, refresh_cadence), "format": FORMAT, "planned_at": at}
        persist(lambda: self._client.put_item(TableName=self._table, Item=item))

    def forget(self, refresh_cadence: str) -> None:
        """Delete what is known of a cadence, so that time begins to count when it comes again."""
        persist(lambda: self._client.delete_item(TableName=self._table, Key=_key(PLANNED, refresh_cadence)))

    def last_planned(self) -> Mapping[str, str]:
        """Give the time (ISO 8601) of the last plan of each cadence that ever came to one."""
        items = _items(self._client, self._table, PLANNED)
        return {str(item["file_id"]): str(item["planned_at"]) for item in items}


def _items(client: DynamoDBClient, table: str, partition: str) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="source_table_name = :partition",
        ExpressionAttributeValues={":partition": partition},
        ConsistentRead=True,
    )
    return (item for page in pages for item in page["Items"])


def _times(recent: Iterable[int]) -> str:
    return ",".join(map(str, recent))


def _key(partition: str, key: str) -> dict[str, str]:
    return {"source_table_name": partition, "file_id": key}
