"""One way to connect to DynamoDB, to read many items, and to tell a lost condition from a failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from odp.batched import batched

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

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


def condition_failed(error: ClientError) -> bool:
    """Tell whether a write, alone or in a transaction, was refused by its condition."""
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return True
    reasons = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)
