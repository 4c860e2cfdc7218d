"""Messages sent and planning times of cadences: two partitions of small items in odpf_file_tracker."""

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

_STANDBY = "standby#"
"""Begins the key of a cadence's last plan in a standby Region; no cadence's name has such a sign."""
MOST_FORGOTTEN = 1000
CLAIM_SECONDS = 1000
"""Longer than any function runs, so a claim expires only after its owner has ended."""


class DynamoDbToldStates:
    """Keeps an item for each subject with a problem, now or lately; a claim is a conditional write on its version."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, pending_table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._table = pending_table
        self._clock = clock

    def known(self) -> Mapping[str, Told]:
        """Return what people know of every subject that has a problem, or had one lately."""
        items = _items(self._client, self._table, TOLD)
        return {str(item["file_id"]): self._told_of(item) for item in items}

    def claim(self, key: str, told: Told) -> str | None:
        """Claim the next message of a subject; None if another run has it, or the item changed since it was read.

        The claim counts among the messages of a day. Otherwise a message whose record always fails would be sent
        without end.
        """
        now = int(self._clock())
        me = uuid.uuid4().hex
        # versions begin again after an item was forgotten; times do not
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
        # or this run's: an answer may be lost, and boto3 repeats the request
        is_mine = self._update(key, update, f"{is_free} OR claimed_by = :me", values)
        return me if is_mine else None

    def note(self, key: str, claim: str, told: Told) -> None:
        """Record what people know now, unless another run took the claim over."""
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
        """Let the claim expire: nobody knows whether the message arrived, so the next judgement sends one."""
        values = {":me": claim, ":past": 1, ":recent": _times(told.recent)}
        update = "SET #format = :format, claimed_until = :past, recent = :recent"
        self._update(key, update, "claimed_by = :me", values)

    def forget(self, known: Mapping[str, Told]) -> None:
        """Delete forgettable items, unless a message was claimed since they were read.

        Each costs a request, so the rest of very many waits for the next day: the calling function has a timeout.
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
    """Keeps the time of each cadence's last plan."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, pending_table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._table = pending_table
        self._clock = clock

    def planned(self, refresh_cadence: str) -> None:
        """Record that a cadence was planned now, with or without batches."""
        self._put(refresh_cadence, "planned_at")

    def planned_as_standby(self, refresh_cadence: str) -> None:
        """Record that a standby Region made a plan of a cadence now."""
        self._put(f"{_STANDBY}{refresh_cadence}", "standby_planned_at")

    def last_as_standby(self, refresh_cadence: str) -> str:
        """Return the time (ISO 8601) of a cadence's last plan in a standby Region; empty without one."""
        items = self._client.query(
            TableName=self._table,
            KeyConditionExpression="source_table_name = :partition AND file_id = :cadence",
            ExpressionAttributeValues={":partition": PLANNED, ":cadence": f"{_STANDBY}{refresh_cadence}"},
            ConsistentRead=True,
        )["Items"]
        return next((str(item["standby_planned_at"]) for item in items), "")

    def _put(self, key: str, attribute: str) -> None:
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        item: dict[str, Any] = {**_key(PLANNED, key), "format": FORMAT, attribute: at}
        persist(lambda: self._client.put_item(TableName=self._table, Item=item))

    def forget(self, refresh_cadence: str) -> None:
        """Delete the time of a cadence, so its time begins again when the cadence returns."""
        persist(lambda: self._client.delete_item(TableName=self._table, Key=_key(PLANNED, refresh_cadence)))

    def last_planned(self) -> Mapping[str, str]:
        """Return the time (ISO 8601) of each cadence's last plan; cadences that were never planned are left out."""
        items = _items(self._client, self._table, PLANNED)
        return {str(item["file_id"]): str(item["planned_at"]) for item in items if "planned_at" in item}


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
