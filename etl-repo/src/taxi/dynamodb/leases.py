"""The leases of taxi_audit: one execution per dataset works at a time; a dead one's lease is taken over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lake.errors import LeaseLostError
from lake.ledger.leases import DynamoDbLeases, LeaseItem, demanding
from taxi.records import FORMAT, Holder, Lease

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    from lake.ledger.regions import RunEpoch

_EXECUTION = "execution_arn"


class DynamoDbDatasetLeases:
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
        epoch: RunEpoch | None = None,
    ) -> None:
        self._client = dynamodb.meta.client
        self._leases = DynamoDbLeases(dynamodb, seconds=seconds, clock=clock)
        self._table = audit_table
        self._epoch = epoch

    def acquire(self, dataset: str, owner: str, execution_arn: str = "") -> Lease | None:
        """Take a free, expired or own lease with a new fencing token; None while another holds it.

        Raises:
            StaleRegionError: a later epoch than that of the claim has begun.
        """
        return self._take(dataset, owner, execution_arn)

    def holder(self, dataset: str) -> Holder | None:
        """Return the holder of a dataset's lease, expired or not; None if there is none."""
        key = lease_item(self._table, dataset).key
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        if "owner" not in item:
            return None
        lease = Lease(dataset, str(item["owner"]), int(str(item["fencing_token"])))
        return Holder(lease, str(item.get(_EXECUTION, "")))

    def take_over(self, holder: Holder, owner: str, execution_arn: str) -> Lease | None:
        """Take the lease of a holder that ended, with a new fencing token; None if it has changed hands since."""
        return self._take(holder.lease.dataset, owner, execution_arn, seen=holder.lease)

    def _take(self, dataset: str, owner: str, execution_arn: str, *, seen: Lease | None = None) -> Lease | None:
        execution: dict[str, Any] = {_EXECUTION: execution_arn}
        item = self._leases.take(lease_item(self._table, dataset), owner, execution, seen=seen, epoch=self._epoch)
        return None if item is None else Lease(dataset, owner, int(item["fencing_token"]))

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held; raises LeaseLostError when a later claim took it."""
        if not self._leases.renew(lease_item(self._table, lease.dataset), lease):
            raise lost(lease)

    def release(self, lease: Lease) -> None:
        """Return a lease that is still held; raises LeaseLostError when a later claim took it."""
        if not self._leases.release(lease_item(self._table, lease.dataset), lease, gone=[_EXECUTION]):
            raise lost(lease)


def lease_item(audit_table: str, dataset: str) -> LeaseItem:
    """Name the item of a dataset's lease."""
    key = {"dataset": f"lease#{dataset}", "file_id": "lease"}
    return LeaseItem(dataset, audit_table, key, FORMAT, owner="owner", expires_at="expires_at")


def check_of(lease: Lease, audit_table: str) -> dict[str, Any]:
    """Return the part of a transaction that lets it happen only while the lease is held."""
    return demanding(lease_item(audit_table, lease.dataset), lease)


def lost(lease: Lease) -> LeaseLostError:
    """Return the error of a lease that a later claim took."""
    return LeaseLostError(f"{lease.dataset}: a later claim took the lease of {lease.owner} ({lease.fencing_token})")
