"""One way to connect to DynamoDB, to read many items, and to tell a lost condition from a failure."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from odp.batched import batched

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

_ATTEMPTS = 10
_LONGEST_PAUSE = 2.0
_PASSING = {
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ThrottlingError",
    "ThrottlingException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
}
_KEYS_PER_READ = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html


def dynamodb_resource() -> DynamoDBServiceResource:
    """Connect with retries that back off while DynamoDB throttles."""
    return boto3.resource("dynamodb", config=Config(retries={"mode": "adaptive", "max_attempts": 8}))


def read_items(
    dynamodb: DynamoDBServiceResource, table: str, keys: Iterable[Mapping[str, str]], **options: str
) -> Iterator[dict[str, Any]]:
    """Read those of the given items that exist, strongly consistent, by as few requests as DynamoDB allows."""
    for batch in batched(keys, _KEYS_PER_READ):
        wanted: Sequence[Any] = list(batch)  # boto3 looks for the values to convert in lists only
        while wanted:
            request: Any = {table: {**options, "Keys": wanted, "ConsistentRead": True}}
            response = dynamodb.batch_get_item(RequestItems=request)
            yield from response["Responses"].get(table, [])
            unprocessed = response.get("UnprocessedKeys", {}).get(table)
            wanted = unprocessed["Keys"] if unprocessed else ()


def transact(client: DynamoDBClient, actions: Sequence[Mapping[str, Any]]) -> None:
    """Write all actions or none; what conflicts with another transaction or is throttled is tried again.

    Raises:
        ClientError: a condition failed, or it kept failing.
    """
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except ClientError as error:
            if condition_failed(error) or not _is_passing(error) or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))  # noqa: S311 - jitter
        else:
            return


def _is_passing(error: ClientError) -> bool:
    codes = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
    return bool(_PASSING & {*codes, error.response["Error"]["Code"]})


def condition_failed(error: ClientError) -> bool:
    """Tell whether a write, alone or in a transaction, was refused by its condition."""
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return True
    reasons = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)
