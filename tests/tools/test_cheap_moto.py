"""What cheap_moto.py spares changes no answer: a refused transaction leaves all tables, and tests share no items."""

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models.table import Table

from tests import cheap_moto, cheap_updates
from tests.moto_session import client, resource


def _create(dynamodb: Any) -> None:
    for name in ("one", "other"):
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


def _put(table: str, key: str, **condition: str) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": {"key": key, "from": "the transaction"}, **condition}}


def _update(table: str, key: str) -> dict[str, Any]:
    update = {"UpdateExpression": "SET seen = :yes", "ExpressionAttributeValues": {":yes": True}}
    return {"Update": {"TableName": table, "Key": {"key": key}, **update}}


def _items(dynamodb: Any) -> list[list[dict[str, Any]]]:
    return [sorted(dynamodb.Table(name).scan()["Items"], key=str) for name in ("one", "other")]


def test_refused_transaction_leaves_every_table_as_it_was_and_the_next_one_is_whole() -> None:
    with mock_aws():
        dynamodb = resource("dynamodb")
        cheap_moto.create_again(_create, dynamodb)
        dynamodb.Table("one").put_item(Item={"key": "a"})
        writes = [_put("other", "b"), _update("one", "a"), _put("one", "c")]
        refused = [*writes, _put("one", "d", ConditionExpression="attribute_exists(nothing)")]
        kept = cheap_updates.items_as_now(cheap_moto.stored_tables()["one"].items)
        client = dynamodb.meta.client
        for _ in range(2):
            with pytest.raises(client.exceptions.TransactionCanceledException, match="ConditionalCheckFailed"):
                client.transact_write_items(TransactItems=refused)
            assert _items(dynamodb) == [[{"key": "a"}], []]
        client.transact_write_items(TransactItems=writes)
        assert [[item["key"] for item in items] for items in _items(dynamodb)] == [["a", "c"], ["b"]]
        dynamodb.Table("one").update_item(Key={"key": "a"}, UpdateExpression="REMOVE seen")
        cheap_moto.stored_tables()["one"].items = kept
        assert _items(dynamodb)[0] == [{"key": "a"}], "neither write changed what was kept"


def test_transaction_of_many_items_copies_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    deepcopy = copy.deepcopy

    def counted(thing: Any, *memo: Any, **options: Any) -> Any:
        if isinstance(thing, Table):
            copied.append(thing.name)
        return deepcopy(thing, *memo, **options)

    with mock_aws():
        dynamodb = resource("dynamodb")
        cheap_moto.create_again(_create, dynamodb)
        monkeypatch.setattr(copy, "deepcopy", counted)
        items = [_put(("one", "other")[number % 2], str(number)) for number in range(100)]
        dynamodb.meta.client.transact_write_items(TransactItems=items)
        assert [len(items) for items in _items(dynamodb)] == [50, 50]
    assert copied == []


def test_tables_are_empty_in_each_test_and_answer_requests_about_themselves() -> None:
    for _ in range(3):
        with mock_aws():
            dynamodb = resource("dynamodb")
            cheap_moto.create_again(_create, dynamodb)
            assert _items(dynamodb) == [[], []]
            assert [table.name for table in dynamodb.tables.all()] == ["one", "other"]
            assert dynamodb.Table("one").key_schema == [{"AttributeName": "key", "KeyType": "HASH"}]
            dynamodb.Table("one").put_item(Item={"key": "a"})


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("put_item", {"TableName": "one", "Item": {"key": {"S": "a"}, "all": {"L": [{"N": "1"}, {"NULL": True}]}}}),
    ("put_item", {"TableName": "one", "Item": {"key": {"S": "b"}, "raw": {"B": b"\x00\xff"}}}),
    ("put_item", {"TableName": "one", "Item": {"no": {"S": "key"}}}),
    ("put_item", {"TableName": "none", "Item": {"key": {"S": "a"}}}),
    ("put_item", {"TableName": "one", "Item": {"key": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(#k)",
                  "ExpressionAttributeNames": {"#k": "key"}}),
    ("get_item", {"TableName": "one", "Key": {"key": {"S": "a"}}}),
    ("get_item", {"TableName": "one", "Key": {"key": {"S": "missing"}}}),
    ("update_item", {"TableName": "one", "Key": {"key": {"S": "a"}}, "UpdateExpression": "SET n = :n",
                     "ExpressionAttributeValues": {":n": {"M": {"x": {"BOOL": False}}}}, "ReturnValues": "ALL_OLD"}),
    ("update_item", {"TableName": "one", "Key": {"key": {"S": "a"}}, "ReturnValues": "UPDATED_NEW",
                     "UpdateExpression": "SET n.y = if_not_exists(n.z, :one), m = :raw ADD k :one REMOVE #all[0]",
                     "ExpressionAttributeNames": {"#all": "all"},
                     "ExpressionAttributeValues": {":one": {"N": "1"}, ":raw": {"B": b"\x00\xff"}}}),
    ("update_item", {"TableName": "one", "Key": {"key": {"S": "new"}}, "UpdateExpression": "ADD k :one, s :set",
                     "ExpressionAttributeValues": {":one": {"N": "1"}, ":set": {"SS": ["x"]}},
                     "ReturnValues": "ALL_NEW"}),
    ("update_item", {"TableName": "one", "Key": {"key": {"S": "a"}}, "UpdateExpression": "SET k = :no"}),
    ("update_item", {"TableName": "one", "Key": {"key": {"S": "a"}}, "UpdateExpression": "SET ,"}),
    ("update_item", {"TableName": "one", "Key": {"key": {"S": "a"}}, "UpdateExpression": "SET n.p.q = n",
                     "ConditionExpression": "attribute_exists(n)"}),
    ("get_item", {"TableName": "one", "Key": {"key": {"S": "a"}}, "ConsistentRead": True}),
    ("put_item", {"TableName": "one", "Item": {"key": {"S": "large"}, "text": {"S": "x" * 404_900}}}),
    ("put_item", {"TableName": "one", "Item": {"key": {"S": "large"}, "text": {"S": "x" * 405_000}}}),
    ("delete_item", {"TableName": "one", "Key": {"key": {"S": "large"}}, "ReturnValues": "ALL_OLD"}),
    ("batch_write_item", {"RequestItems": {"one": [{"PutRequest": {"Item": {"key": {"S": "c"}, "f": {"N": "1.5"}}}}]}}),
    ("transact_write_items", {"TransactItems": [
        {"Update": {"TableName": "one", "Key": {"key": {"S": "c"}}, "UpdateExpression": "ADD f :f",
                    "ExpressionAttributeValues": {":f": {"N": "1"}}}}, {"Delete": {"TableName": "one",
                    "Key": {"key": {"S": "new"}}, "ConditionExpression": "attribute_exists(k)"}}]}),
    ("query", {"TableName": "one", "KeyConditionExpression": "#k = :a", "ExpressionAttributeNames": {"#k": "key"},
               "ExpressionAttributeValues": {":a": {"S": "a"}}, "ReturnConsumedCapacity": "TOTAL"}),
    ("scan", {"TableName": "one", "Limit": 1}),
    ("transact_write_items", {"TransactItems": [
        {"Put": {"TableName": "one", "Item": {"key": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(n)"}}]}),
    ("batch_get_item", {"RequestItems": {"one": {"Keys": [{"key": {"S": "b"}}]}}}),
    ("describe_table", {"TableName": "none"}),
]  # fmt: skip


def _answers() -> list[Any]:
    """What boto3 makes of each answer or error, but for ids and times."""
    found: list[Any] = []
    with mock_aws():
        _create(resource("dynamodb"))
        for operation, parameters in CALLS:
            try:
                answer = getattr(client("dynamodb"), operation)(**parameters)
            except ClientError as error:
                answer = {**error.response, "raised": type(error).__name__}
            status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
            found.append((operation, status, answer))
    return found


def test_answers_and_errors_are_those_that_moto_gives_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = _answers()
    for owner, name, of_moto in cheap_updates.REPLACED:
        if of_moto is None:
            monkeypatch.delattr(owner, name)
        else:
            monkeypatch.setattr(owner, name, of_moto)
    assert cheap == _answers()
    assert len({status for _, status, _ in cheap}) == 2, "some are errors"
