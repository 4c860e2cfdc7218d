"""How to connect to DynamoDB, read many items, repeat what was throttled, and tell a lost condition from a failure.

Adapters are used by several threads. boto3's resources are not safe to share between threads, clients are. So an
adapter keeps the resource's client, which converts values as the resource does, and the names of its tables.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own

from lake.aws_calls import aws_calls
from lake.batched import batched
from lake.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


T = TypeVar("T")

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
_IN_PROGRESS = "TransactionInProgressException"
_KEYS_PER_READ = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html


def dynamodb_resource() -> DynamoDBServiceResource:
    """Connect with retries that back off while DynamoDB throttles."""
    return boto3.resource("dynamodb", config=aws_calls(retries={"mode": "adaptive", "max_attempts": 8}))


def read_items(
    client: DynamoDBClient, table: str, keys: Iterable[Mapping[str, str]], **options: str
) -> Iterator[dict[str, Any]]:
    """Read the items that exist, strongly consistent, with as few requests as DynamoDB allows."""
    for batch in batched(keys, _KEYS_PER_READ):
        wanted: Sequence[Any] = list(batch)  # boto3 looks for the values to convert in lists only
        attempt = 0
        while wanted:
            request: Any = {table: {**options, "Keys": wanted, "ConsistentRead": True}}
            response = client.batch_get_item(RequestItems=request)
            yield from response["Responses"].get(table, [])
            unprocessed = response.get("UnprocessedKeys", {}).get(table)
            remaining = unprocessed["Keys"] if unprocessed else ()
            attempt = attempt + 1 if len(remaining) == len(wanted) else 0
            if remaining:
                _pause(attempt)
            wanted = remaining


def transact(client: DynamoDBClient, actions: Sequence[Mapping[str, Any]]) -> None:
    """Write all actions or none; what conflicts with another transaction or is throttled is tried again.

    Raises:
        ClientError: a condition failed, or it kept failing.
    """
    token = uuid.uuid4().hex
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=actions, ClientRequestToken=token)  # type: ignore[arg-type]
        except ClientError as error:
            if not is_passing(error) or attempt == _ATTEMPTS - 1:
                raise
            if error.response["Error"]["Code"] != _IN_PROGRESS:  # else DynamoDB still works on this very request
                token = uuid.uuid4().hex
            _pause(attempt)
        else:
            return


def persist(write: Callable[[], T]) -> T:
    """Write one item, or read several at once; what meets a transaction, which boto3 does not repeat, is tried again.

    Raises:
        ClientError: its condition failed, or it kept failing.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            return write()
        except ClientError as error:
            if not is_passing(error):
                raise
            _pause(attempt)
    return write()


def took_place(write: Callable[[], object]) -> bool:
    """Carry out a write, alone or a transaction; tells whether its condition held, and raises what else it meets."""
    try:
        write()
    except ClientError as error:
        if condition_failed(error):
            return False
        raise
    return True


def _pause(attempt: int) -> None:
    """Wait at random, longer with each attempt, or those that met once would meet again."""
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))  # noqa: S311 - jitter


def is_passing(error: ClientError) -> bool:
    """Whether the same write may succeed a moment later: it was throttled or met a transaction."""
    codes = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
    return not condition_failed(error) and bool(_PASSING & {*codes, error.response["Error"]["Code"]})


def condition_failed(error: ClientError) -> bool:
    """Whether a write, alone or in a transaction, was refused by its condition."""
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return True
    return bool(failed_conditions(error))


def failed_conditions(error: ClientError) -> frozenset[int]:
    """Return the positions of those actions of a transaction whose conditions failed."""
    reasons = error.response.get("CancellationReasons", [])
    failed = (number for number, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed")
    return frozenset(failed)


# Separates transient errors of an AWS service from errors of the call itself.


_TOO_MANY_REQUESTS, _SERVICE_FAILED = 429, 500


@contextmanager
def trouble_of_aws() -> Iterator[None]:
    """Give the trouble of a service the one name by which a state machine tries again.

    Raises:
        ServiceUnavailableError: boto3 repeated a call in vain.
    """
    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        raise ServiceUnavailableError(str(error)) from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if is_passing(error) or status == _TOO_MANY_REQUESTS or status >= _SERVICE_FAILED:
            raise ServiceUnavailableError(str(error)) from error
        raise
