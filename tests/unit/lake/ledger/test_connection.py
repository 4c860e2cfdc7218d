"""What is throttled or meets a transaction is tried again, with pauses; what fails for good is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lake.ledger.connection import persist, read_items, transact

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


def failure(code: str, *reasons: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": ""},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(answer, "TransactWriteItems")


CONFLICT = failure("TransactionCanceledException", "None", "TransactionConflict")
PASSING = [
    CONFLICT,
    failure("TransactionCanceledException", "ThrottlingError"),
    failure("TransactionCanceledException", "ProvisionedThroughputExceeded"),
    failure("TransactionInProgressException"),
    failure("ThrottlingException"),
    failure("ProvisionedThroughputExceededException"),
    failure("RequestLimitExceeded"),
]
LASTING = [
    failure("TransactionCanceledException", "ConditionalCheckFailed"),
    failure("TransactionCanceledException", "ConditionalCheckFailed", "TransactionConflict"),
    failure("TransactionCanceledException", "ItemCollectionSizeLimitExceeded"),
    failure("ValidationException"),
    failure("AccessDeniedException"),
]


class Client:
    """Answers with failures until they are used up; remembers the tokens of the requests."""

    def __init__(self, *failures: ClientError) -> None:
        self.failures = list(failures)
        self.tokens: list[str] = []

    def transact_write_items(self, *, TransactItems: Any, ClientRequestToken: str) -> None:  # noqa: N803 - boto3's names
        assert TransactItems == [{"Put": {}}]
        self.tokens.append(ClientRequestToken)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("lake.ledger.connection.time.sleep", slept.append)
    monkeypatch.setattr("lake.ledger.connection.random.uniform", lambda _, most: most)
    return slept


def in_a_transaction(client: Any) -> None:
    transact(client, [{"Put": {}}])


def alone(client: Any) -> None:
    persist(lambda: client.transact_write_items(TransactItems=[{"Put": {}}], ClientRequestToken=""))


WAYS = pytest.mark.parametrize("write", [in_a_transaction, alone])


@WAYS
@pytest.mark.parametrize("error", PASSING, ids=str)
def test_write_that_may_succeed_a_moment_later_is_tried_again(
    write: Callable[[Any], None], error: ClientError, pauses: list[float]
) -> None:
    client = Client(error, error, error)
    write(client)
    assert (len(client.tokens), len(pauses)) == (4, 3)


@WAYS
@pytest.mark.parametrize("error", LASTING, ids=str)
def test_write_that_cannot_succeed_is_not_tried_again(write: Callable[[Any], None], error: ClientError) -> None:
    client = Client(error)
    with pytest.raises(ClientError) as raised:
        write(client)
    assert (raised.value, len(client.tokens)) == (error, 1)


@WAYS
def test_write_that_keeps_failing_fails_after_ten_attempts_and_growing_pauses(
    write: Callable[[Any], None], pauses: list[float]
) -> None:
    client = Client(*[CONFLICT] * 20)
    with pytest.raises(ClientError):
        write(client)
    assert len(client.tokens) == 10
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2]


def test_request_that_dynamodb_still_works_on_is_repeated_as_the_same_and_a_cancelled_one_as_another() -> None:
    client = Client(failure("TransactionInProgressException"), CONFLICT)
    in_a_transaction(client)
    first, repeated, second = client.tokens
    assert first == repeated != second


KEYS = [{"source_table_name": "s.t", "file_id": f"f{number}"} for number in range(4)]


def test_keys_that_dynamodb_left_unprocessed_are_asked_for_again_after_growing_pauses(
    dynamodb: DynamoDBServiceResource, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """Code review C28: they were asked for at once, again and again."""
    for key in KEYS:
        dynamodb.Table("files").put_item(Item={**key})
    client: Any = dynamodb.meta.client
    get, taken = client.batch_get_item, iter([0, 0, 0, 2, 0])

    def throttled(**request: Any) -> Any:
        keys = request["RequestItems"]["files"]["Keys"]
        part = next(taken, len(keys))
        found: Any = {"Responses": {"files": []}}
        if part:
            found = get(RequestItems={"files": {**request["RequestItems"]["files"], "Keys": keys[:part]}})
        return {**found, "UnprocessedKeys": {"files": {"Keys": keys[part:]}} if part < len(keys) else {}}

    monkeypatch.setattr(client, "batch_get_item", throttled)
    assert sorted(item["file_id"] for item in read_items(dynamodb.meta.client, "files", KEYS)) == [
        "f0",
        "f1",
        "f2",
        "f3",
    ]
    assert pauses == [0.1, 0.2, 0.4, 0.05, 0.1], "what makes progress begins with a short pause again"
