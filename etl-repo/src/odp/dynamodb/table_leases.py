"""odpf_file_processing_tracker: one writer per table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.errors import LeaseLostError
from lake.ledger.connection import read_items
from lake.ledger.leases import DynamoDbLeases, LeaseItem, decimal_seconds
from lake.tables.capabilities import Engine
from odp.records import WrittenTable, engine_of_run
from odp.refresh import Lease, RefreshStatus
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    from lake.ledger.regions import RunEpoch


def read_leases(
    dynamodb: DynamoDBServiceResource, table: str, qualified_names: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Read what odpf_file_processing_tracker has of the given tables."""
    keys = ({"raw_table_name": name} for name in sorted(set(qualified_names)))
    return read_items(dynamodb.meta.client, table, keys)


class DynamoDbTableLeases:
    """Leases of tables: a killed run's lease expires, and another run takes the table over."""

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        leases_table: str,
        *,
        seconds: float = 300,
        clock: Callable[[], float] = time.time,
        epoch: RunEpoch | None = None,
    ) -> None:
        self._leases = DynamoDbLeases(dynamodb, seconds=seconds, clock=clock)
        self._table = leases_table
        self._clock = clock
        self._epoch = epoch

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take the lease if it is free, expired or the owner's own; None while another run holds it.

        Raises:
            StaleRegionError: a later epoch than that of the run has begun.
        """
        now = self._clock()
        since = {"refresh_status": RefreshStatus.UPDATING.value, "lease_since": decimal_seconds(now)}
        if engine_of_run(owner) is Engine.NATIVE:
            since |= left_to_spark(_DIED.format(run=owner), now, comes_again=True)
        item = self._leases.take(lease_item(self._table, qualified_name), owner, since, epoch=self._epoch)
        if item is None:
            return None
        token, commit = int(item["fencing_token"]), str(item.get("catalog_commit", ""))
        expires_at = float(item["lease_expires_at"])
        reason, until = beyond_engine(item), float(item.get("spark_until", 0))
        lease = Lease(qualified_name, owner, token, expires_at, commit, item.get("written_with"), reason, until)
        return replace(lease, epoch=self._epoch.number) if self._epoch else lease

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held.

        Raises:
            LeaseLostError: it expired and another run took it over.
            StaleRegionError: a later epoch than that of the run has begun.
        """
        if not self._leases.renew(lease_item(self._table, lease.qualified_name), lease, self._epoch):
            raise lost(lease)


# Why the native engine left a table to Spark. A native run writes this with its lease, and removes it at its end: so
# the reason stands there if it is killed. A refresh of Spark that completes at `spark_until` or later removes it, too.


SPARK_SECONDS = 86_400
"""How long Spark refreshes a table if the reason comes again; after that, the table may have become smaller."""
BEYOND_ENGINE = ("beyond_engine", "spark_until")
_DIED = "the run {run} ended without recording its end: it ran out of memory or time, or was stopped"


def left_to_spark(reason: str, now: float, *, comes_again: bool) -> dict[str, Any]:
    """Return the attributes of a lease by which Spark refreshes the table next, and for a day if it comes again."""
    until = now + SPARK_SECONDS if comes_again else now
    return dict(zip(BEYOND_ENGINE, (reason, decimal_seconds(until)), strict=True))


def beyond_engine(item: Mapping[str, Any]) -> str:
    """Return why the native engine left the next refresh to Spark; empty if it did not."""
    return str(item.get("beyond_engine", ""))


def lease_item(table: str, qualified_name: str) -> LeaseItem:
    """Name the item of a table's lease."""
    return LeaseItem(qualified_name, table, {"raw_table_name": qualified_name}, FORMAT)


def lost(lease: Lease) -> LeaseLostError:
    """Say that a lease is another run's now."""
    return LeaseLostError(f"{lease.qualified_name}: the lease of {lease.owner} expired and another run took it over")


# For the Configuration Manager: which tables have data, and the identity of that data.


class DynamoDbWrittenTables:
    """Reads the written state of tables, without the right to write."""

    def __init__(self, dynamodb: DynamoDBServiceResource, leases_table: str) -> None:
        self._dynamodb = dynamodb
        self._table = leases_table

    def written(self, qualified_names: Iterable[str]) -> Mapping[str, WrittenTable]:
        """Return the written state of the given tables; tables that no refresh ever touched are left out."""
        return {
            str(item["raw_table_name"]): WrittenTable(
                identity=item.get("written_with"),
                is_being_written=item.get("refresh_status") == RefreshStatus.UPDATING,
            )
            for item in read_leases(self._dynamodb, self._table, qualified_names)
        }
