"""odpf_file_processing_tracker: one writer per table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lake.errors import LeaseLostError
from lake.ledger.connection import condition_failed, persist, read_items
from odp.refresh import Lease, RefreshStatus
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

# also if it is the run's own: an answer may be lost, and the request is repeated
_IS_FREE = "attribute_not_exists(lease_expires_at) OR lease_expires_at < :now OR lease_owner = :owner"
IS_MINE = "lease_owner = :owner AND fencing_token = :token"


def read_leases(
    dynamodb: DynamoDBServiceResource, table: str, qualified_names: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Read what odpf_file_processing_tracker has of the given tables."""
    keys = ({"raw_table_name": name} for name in sorted(set(qualified_names)))
    return read_items(dynamodb.meta.client, table, keys)


class DynamoDbTableLeases:
    """Leases that expire, so that a killed run's tables are taken over; a fencing token tells its owners apart.

    A run that asks again for a lease that it holds gets it with a new token. So a request whose answer was lost can
    be repeated, and of two leases that one run took only the later one writes.
    """

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        leases_table: str,
        *,
        seconds: float = 300,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = dynamodb.meta.client
        self._table = leases_table
        self._seconds = seconds
        self._clock = clock

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take the lease if it is free, expired or the owner's own; None while another run holds it."""
        now = self._clock()
        expires_at = now + self._seconds
        update = (
            "refresh_status = :updating, lease_owner = :owner, lease_expires_at = :expires_at, lease_since = :now "
            "ADD fencing_token :one"
        )
        values = {
            ":updating": RefreshStatus.UPDATING.value,
            ":owner": owner,
            ":expires_at": _number(expires_at),
            ":now": _number(now),
            ":one": 1,
        }
        try:
            item = self._update(qualified_name, update, _IS_FREE, values)
        except ClientError as error:
            if condition_failed(error):
                return None
            raise
        token = int(str(item["fencing_token"]))
        written_with: Any = item.get("written_with")
        return Lease(qualified_name, owner, token, expires_at, str(item.get("catalog_commit", "")), written_with)

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held.

        Raises:
            LeaseLostError: it expired and another run took it over.
        """
        values = {":expires_at": _number(self._clock() + self._seconds), **proof(lease)}
        try:
            self._update(lease.qualified_name, "lease_expires_at = :expires_at", IS_MINE, values)
        except ClientError as error:
            if condition_failed(error):
                raise lost(lease) from error
            raise

    def _update(self, qualified_name: str, update: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a lease; its owner's books may be writing it in a transaction at this moment."""
        answer = persist(
            lambda: self._client.update_item(
                TableName=self._table,
                Key={"raw_table_name": qualified_name},
                UpdateExpression=f"SET #format = :format, {update}",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#format": "format"},
                ExpressionAttributeValues={**values, ":format": FORMAT},
                ReturnValues="ALL_NEW",
            )
        )
        return answer["Attributes"]


def proof(lease: Lease) -> dict[str, Any]:
    """Give the values by which IS_MINE tells a lease from that of any other run, before or after."""
    return {":owner": lease.owner, ":token": lease.fencing_token}


def lost(lease: Lease) -> LeaseLostError:
    """Say that a lease is another run's now."""
    return LeaseLostError(f"{lease.qualified_name}: the lease of {lease.owner} expired and another run took it over")


def _number(seconds: float) -> Decimal:
    """DynamoDB's numbers are decimals; milliseconds are precise enough for a lease."""
    return Decimal(f"{seconds:.3f}")
