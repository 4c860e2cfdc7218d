"""The leases of taxi_audit: one execution per dataset works at a time; a dead one's lease expires and is taken over.

Every claim takes a new fencing token, also one of the same owner, so that what is left of an earlier claim (a Lambda
that timed out, an execution that was taken over) can change nothing any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lake.errors import LeaseLostError, RetryableError
from lake.ledger.connection import condition_failed, persist
from taxi.records import Holder, Lease
from taxi.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

_NAMES = ("#owner", "#expires_at", "#format")
_IS_FREE = "attribute_not_exists(#owner) OR #owner = :owner OR #expires_at < :now"
# or already its new owner's, who asked and was not told, since boto3 repeats a request whose answer was lost
_IS_AS_SEEN = "#owner = :seen AND fencing_token = :token OR #owner = :owner"
_TAKE = "SET #owner = :owner, #expires_at = :expires_at, execution_arn = :arn, #format = :format ADD fencing_token :one"
_IS_HELD = "#owner = :owner AND fencing_token = :token"


class DynamoDbLeases:
    """Leases of datasets, renewed between rounds.

    A lease ends with the execution that holds it: whoever finds it held asks what became of that one. `seconds` is for
    what cannot be asked, and must outlast a round.
    """

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        audit_table: str,
        *,
        seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = dynamodb.Table(audit_table)
        self._seconds = seconds
        self._clock = clock

    def acquire(self, dataset: str, owner: str, execution_arn: str = "") -> Lease | None:
        """Take a free, expired or own lease with a new fencing token; None while another holds it."""
        return self._take(dataset, owner, execution_arn, (_IS_FREE, {":now": int(self._clock())}))

    def holder(self, dataset: str) -> Holder | None:
        """Tell who holds a dataset's lease, expired or not; None if nobody does."""
        item = self._table.get_item(Key=_key(dataset), ConsistentRead=True).get("Item", {})
        if "owner" not in item:
            return None
        lease = Lease(dataset, str(item["owner"]), int(str(item["fencing_token"])))
        return Holder(lease, str(item.get("execution_arn", "")))

    def take_over(self, holder: Holder, owner: str, execution_arn: str) -> Lease | None:
        """Take the lease of a holder that ended, with a new fencing token; None if it has changed hands since."""
        seen = {":seen": holder.lease.owner, ":token": holder.lease.fencing_token}
        return self._take(holder.lease.dataset, owner, execution_arn, (_IS_AS_SEEN, seen))

    def _take(
        self, dataset: str, owner: str, execution_arn: str, condition: tuple[str, dict[str, Any]]
    ) -> Lease | None:
        expires_at = int(self._clock()) + self._seconds
        values = {":owner": owner, ":expires_at": expires_at, ":arn": execution_arn, ":one": 1}
        values |= {":format": FORMAT, **condition[1]}
        try:
            item = self._update(dataset, _TAKE, condition[0], values)
        except ClientError as error:
            if condition_failed(error):
                return None
            raise
        return Lease(dataset, owner, int(item["fencing_token"]))

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held; raises LeaseLostError when a later claim took it."""
        expires_at = int(self._clock()) + self._seconds
        self._update_held(lease, "SET #expires_at = :expires_at", {":expires_at": expires_at})

    def release(self, lease: Lease) -> None:
        """Return a lease that is still held; raises LeaseLostError when a later claim took it."""
        self._update_held(lease, "REMOVE #owner, #expires_at, execution_arn", {})

    def _update_held(self, lease: Lease, update: str, values: dict[str, Any]) -> None:
        try:
            self._update(lease.dataset, update, _IS_HELD, {**_held_values(lease), **values})
        except ClientError as error:
            if condition_failed(error):
                raise lost(lease) from error
            raise

    def _update(self, dataset: str, update: str, condition: str, values: dict[str, Any]) -> dict[str, Any]:
        """Change a lease; its owner's books may be demanding it in a transaction at this moment."""
        try:
            answer = persist(
                lambda: self._table.update_item(
                    Key=_key(dataset),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={name: name[1:] for name in _NAMES if name in update + condition},
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "TransactionConflictException":
                message = f"the lease of {dataset} is part of a transaction at this moment"
                raise RetryableError(message) from error
            raise
        return answer["Attributes"]


def check_of(lease: Lease, audit_table: str) -> dict[str, Any]:
    """Give the part of a transaction that lets it happen only while the lease is held."""
    return {
        "TableName": audit_table,
        "Key": _key(lease.dataset),
        "ConditionExpression": _IS_HELD,
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": _held_values(lease),
    }


def lost(lease: Lease) -> LeaseLostError:
    """Give the error of a lease that a later claim took."""
    return LeaseLostError(f"{lease.dataset}: a later claim took the lease of {lease.owner} ({lease.fencing_token})")


def _key(dataset: str) -> dict[str, str]:
    return {"dataset": f"lease#{dataset}", "file_id": "lease"}


def _held_values(lease: Lease) -> dict[str, Any]:
    return {":owner": lease.owner, ":token": lease.fencing_token}
