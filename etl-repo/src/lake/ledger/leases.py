"""One writer at a time: a lease has an owner, an expiry and a fencing token, and is one item of DynamoDB.

Who asks again for a lease that is its own gets it with a new token. So a request whose answer was lost can be repeated,
and what is left of an earlier claim of the same owner changes nothing any more.

Where there is a secondary Region, a lease carries the epoch under which it was taken. Who takes or renews one reads the
newest epoch first, and stops if that is a later one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from lake.errors import ServiceUnavailableError
from lake.ledger.connection import condition_failed, is_passing, persist

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    from lake.ledger.regions import RunEpoch

logger = logging.getLogger(__name__)

EPOCH = "epoch"
"""The attribute with the epoch under which a lease was taken; without a secondary Region it is missing."""
_IS_FREE = "attribute_not_exists(#owner) OR #owner = :owner OR #expires_at < :now"
# or already its new owner's, whose request was repeated since its answer was lost
_IS_AS_SEEN = "#owner = :seen AND fencing_token = :token OR #owner = :owner"
_IS_MINE = "#owner = :owner AND fencing_token = :token"
_IS_OF_NO_LATER_EPOCH = f"(attribute_not_exists({EPOCH}) OR {EPOCH} <= :epoch)"


class Claim(Protocol):
    """What proves that a lease is held: of two claims of one owner only the later one holds it."""

    @property
    def owner(self) -> str:
        """The run or execution that holds the lease."""

    @property
    def fencing_token(self) -> int:
        """A number that grows with every claim."""


@dataclass(frozen=True, slots=True)
class LeaseItem:
    """Where a lease is kept: its table and key, the format of the item, and the names of two attributes."""

    name: str
    """What is leased, for messages."""
    table: str
    key: Mapping[str, str]
    stored_format: int
    owner: str = "lease_owner"
    expires_at: str = "lease_expires_at"


class DynamoDbLeases:
    """Takes, prolongs and returns leases by conditional writes; an expired one is taken over."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, *, seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._seconds = seconds
        self._clock = clock

    def take(
        self,
        item: LeaseItem,
        owner: str,
        values: Mapping[str, Any],
        *,
        seen: Claim | None = None,
        epoch: RunEpoch | None = None,
    ) -> dict[str, Any] | None:
        """Take a lease that is free, expired, one's own or held by the `seen` claim; set more attributes.

        Returns:
            The item afterwards; None while another one holds the lease.

        Raises:
            StaleRegionError: a later epoch than the given one has begun.
        """
        if epoch is None:
            return self._take(item, owner, values, seen)
        epoch.check()
        under = {**values, EPOCH: epoch.number}
        if taken := self._take(item, owner, under, seen, {":epoch": epoch.number}):
            return taken
        epoch.check()  # it may have begun since, and another one have taken the lease under it
        # else the lease is held; or the epochs were lost or restored, and it would be refused for ever
        if taken := self._take(item, owner, under, seen):
            logger.warning("%s: its lease was of a later epoch than %d, or became free now", item.name, epoch.number)
        return taken

    def _take(
        self,
        item: LeaseItem,
        owner: str,
        values: Mapping[str, Any],
        seen: Claim | None,
        latest: Mapping[str, int] = MappingProxyType({}),
    ) -> dict[str, Any] | None:
        now = self._clock()
        known = {":now": decimal_seconds(now)} if seen is None else {":seen": seen.owner, ":token": seen.fencing_token}
        taken = {item.owner: owner, item.expires_at: decimal_seconds(now + self._seconds), **values}
        condition = _IS_FREE if seen is None else _IS_AS_SEEN
        if latest:
            condition = f"({condition}) AND {_IS_OF_NO_LATER_EPOCH}"
        try:
            return self._update(
                item, taken, condition, {**known, **latest, ":owner": owner, ":one": 1}, more="ADD fencing_token :one"
            )
        except ClientError as error:
            if condition_failed(error):
                return None
            raise

    def renew(self, item: LeaseItem, claim: Claim, epoch: RunEpoch | None = None) -> bool:
        """Prolong a lease that is still held; False when a later claim took it.

        Raises:
            StaleRegionError: a later epoch than the given one has begun.
        """
        if epoch is not None:
            epoch.check()
        expires_at = decimal_seconds(self._clock() + self._seconds)
        return self._update_held(item, claim, {item.expires_at: expires_at}, ())

    def release(self, item: LeaseItem, claim: Claim, *, gone: Sequence[str] = ()) -> bool:
        """Return a lease that is still held, and remove more attributes; False when a later claim took it."""
        return self._update_held(item, claim, {}, (item.owner, item.expires_at, *gone))

    def _update_held(self, item: LeaseItem, claim: Claim, values: Mapping[str, Any], gone: Sequence[str]) -> bool:
        removed = {f"#gone{number}": name for number, name in enumerate(gone)}
        more = f"REMOVE {', '.join(removed)}" if gone else ""
        try:
            self._update(item, values, _IS_MINE, _proof(claim), more=more, names=removed)
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def _update(
        self,
        item: LeaseItem,
        values: Mapping[str, Any],
        condition: str,
        known: Mapping[str, Any],
        *,
        more: str = "",
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Change a lease; a transaction of its owner may demand it at this moment."""
        assigned = {**values, "format": item.stored_format}
        numbered = {f"v{number}": name for number, name in enumerate(assigned)}
        update = "SET " + ", ".join(f"#{short} = :{short}" for short in numbered)
        placeholders = {f"#{short}": name for short, name in numbered.items()} | _names(item, condition)
        given = {f":{short}": assigned[name] for short, name in numbered.items()} | dict(known)
        try:
            answer = persist(
                lambda: self._client.update_item(
                    TableName=item.table,
                    Key=item.key,
                    UpdateExpression=f"{update} {more}".strip(),
                    ConditionExpression=condition,
                    ExpressionAttributeNames={**placeholders, **(names or {})},
                    ExpressionAttributeValues=given,
                    ReturnValues="ALL_NEW",
                )
            )
        except ClientError as error:
            if is_passing(error):
                message = f"the lease of {item.name} is part of a transaction at this moment, or throttled"
                raise ServiceUnavailableError(message) from error
            raise
        return answer["Attributes"]


def demanding(item: LeaseItem, claim: Claim, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the part of a transaction that lets it happen only while a lease is held."""
    return {
        "TableName": item.table,
        "Key": item.key,
        "ConditionExpression": _IS_MINE,
        "ExpressionAttributeNames": _names(item, _IS_MINE),
        "ExpressionAttributeValues": {**(values or {}), **_proof(claim)},
    }


def _names(item: LeaseItem, condition: str) -> dict[str, str]:
    names = {"#owner": item.owner, "#expires_at": item.expires_at}
    return {short: name for short, name in names.items() if short in condition}


def _proof(claim: Claim) -> dict[str, Any]:
    return {":owner": claim.owner, ":token": claim.fencing_token}


def decimal_seconds(seconds: float) -> Decimal:
    """Write a time as DynamoDB has numbers: a decimal, precise to milliseconds."""
    return Decimal(f"{seconds:.3f}")
