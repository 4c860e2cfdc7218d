"""odpf_file_processing_tracker (one writer per table) and odpf_file_processing_tracker_history (what each run did)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from odp.dynamodb.connection import condition_failed
from odp.errors import LeaseLostError
from odp.records import Lease, RefreshOutcome, RefreshStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

_KEYS_PER_READ = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_IS_FREE = "attribute_not_exists(lease_expires_at) OR lease_expires_at < :now"
_IS_MINE = "lease_owner = :owner AND fencing_token = :token"


class DynamoDbHeldLeases:
    """Tells which tables are being written, without the right to write any lease."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, leases_table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._table = leases_table
        self._clock = clock

    def held(self, qualified_names: Iterable[str]) -> frozenset[str]:
        """Name those of the given tables that a run is writing now."""
        items = read_leases(self._dynamodb, self._table, qualified_names)
        return frozenset(
            str(item["raw_table_name"])
            for item in items
            if float(str(item.get("lease_expires_at", 0))) >= self._clock()
        )


def read_leases(
    dynamodb: DynamoDBServiceResource, table: str, qualified_names: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Read what odpf_file_processing_tracker has of the given tables."""
    names = iter(sorted(set(qualified_names)))
    while chunk := list(islice(names, _KEYS_PER_READ)):
        keys: list[dict[str, Any]] = [{"raw_table_name": name} for name in chunk]
        while keys:
            response = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
            yield from response["Responses"].get(table, [])
            unprocessed = response.get("UnprocessedKeys", {}).get(table)
            keys = list(unprocessed["Keys"]) if unprocessed else []


class DynamoDbTableLeases:
    """Leases that expire, so that a killed run's tables are taken over; a fencing token tells its owners apart."""

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        leases_table: str,
        history_table: str,
        *,
        seconds: float = 300,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._leases = dynamodb.Table(leases_table)
        self._history = dynamodb.Table(history_table)
        self._seconds = seconds
        self._clock = clock

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take the lease if it is free or expired; None while another run holds it."""
        now = self._clock()
        expires_at = now + self._seconds
        try:
            item = self._leases.update_item(
                Key={"raw_table_name": qualified_name},
                UpdateExpression=(
                    "SET refresh_status = :updating, lease_owner = :owner, lease_expires_at = :expires_at "
                    "ADD fencing_token :one"
                ),
                ConditionExpression=_IS_FREE,
                ExpressionAttributeValues={
                    ":updating": RefreshStatus.UPDATING.value,
                    ":owner": owner,
                    ":expires_at": _number(expires_at),
                    ":now": _number(now),
                    ":one": 1,
                },
                ReturnValues="ALL_NEW",
            )["Attributes"]
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
        self._update_mine(
            lease, "SET lease_expires_at = :expires_at", {":expires_at": _number(self._clock() + self._seconds)}
        )

    def release(
        self, lease: Lease, status: RefreshStatus, catalog_commit: str, written_with: Mapping[str, str] | None
    ) -> None:
        """Return the lease with the table's status and the identity of its data; None leaves what is known of that.

        Raises:
            LeaseLostError: it expired and another run took it over.
        """
        values: dict[str, Any] = {"refresh_status": status.value, "catalog_commit": catalog_commit}
        if written_with is not None:
            values["written_with"] = dict(written_with)
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self._update_mine(
            lease,
            f"SET {assignments} REMOVE lease_owner, lease_expires_at",
            {f":{name}": value for name, value in values.items()},
        )

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Keep what a run did to a table in the history."""
        item: dict[str, Any] = {
            "raw_table_name": outcome.qualified_name,
            "glue_job_run_id": run_id,
            "source_table_name": outcome.source_table_name,
            "refresh_status": outcome.status.value,
            "refresh_start_date_time": outcome.started_at,
            "refresh_end_date_time": outcome.ended_at,
            "rows_inserted": outcome.counts.inserted,
            "rows_updated": outcome.counts.updated,
            "rows_deleted": outcome.counts.deleted,
            "files_processed": outcome.files,
        }
        if outcome.error:
            item |= {"error_message": outcome.error, "stack_trace": outcome.stack_trace}
        self._history.put_item(Item=item)

    def _update_mine(self, lease: Lease, update: str, values: dict[str, Any]) -> None:
        try:
            self._leases.update_item(
                Key={"raw_table_name": lease.qualified_name},
                UpdateExpression=update,
                ConditionExpression=_IS_MINE,
                ExpressionAttributeValues={**values, ":owner": lease.owner, ":token": lease.fencing_token},
            )
        except ClientError as error:
            if condition_failed(error):
                message = f"{lease.qualified_name}: the lease of {lease.owner} expired and another run took it over"
                raise LeaseLostError(message) from error
            raise


def _number(seconds: float) -> Decimal:
    """DynamoDB's numbers are decimals; milliseconds are precise enough for a lease."""
    return Decimal(f"{seconds:.3f}")
