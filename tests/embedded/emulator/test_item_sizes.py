"""An item of DynamoDB has 400 KB at most, names and values together, whoever writes it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Aws = Callable[[str], Any]
MOST = 400 * 1024
EMPTY = len("key") + len("k") + len("text")


@pytest.fixture
def table(aws: Aws) -> str:
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="measured",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "measured"


def item(characters: int) -> dict[str, Any]:
    return {"key": {"S": "k"}, "text": {"S": "x" * characters}}


def test_an_item_of_400_kb_is_taken_and_a_byte_more_is_refused(aws: Aws, table: str) -> None:
    dynamodb = aws("dynamodb")
    dynamodb.put_item(TableName=table, Item=item(MOST - EMPTY))
    with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size"):
        dynamodb.put_item(TableName=table, Item=item(MOST - EMPTY + 1))


def test_an_update_that_makes_an_item_too_long_is_refused(aws: Aws, table: str) -> None:
    dynamodb, half = aws("dynamodb"), "x" * (MOST // 2)
    dynamodb.put_item(TableName=table, Item=item(MOST // 2))
    with pytest.raises(ClientError, match="exceed"):
        dynamodb.update_item(
            TableName=table,
            Key={"key": {"S": "k"}},
            UpdateExpression="SET more = :more",
            ExpressionAttributeValues={":more": {"S": half}},
        )


def test_a_transaction_with_an_item_too_long_writes_nothing(aws: Aws, table: str) -> None:
    dynamodb = aws("dynamodb")
    short = {"Put": {"TableName": table, "Item": {"key": {"S": "other"}}}}
    with pytest.raises(ClientError, match="exceed"):
        dynamodb.transact_write_items(TransactItems=[short, {"Put": {"TableName": table, "Item": item(MOST)}}])
    assert dynamodb.scan(TableName=table)["Items"] == []
