"""Step Functions calls other services as the state machine's role."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

INVOKE = "arn:aws:states:::lambda:invoke"
ADD = {
    "TableName": "counters",
    "Key": {"id": {"S": "one"}},
    "UpdateExpression": "ADD hits :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}


@pytest.fixture
def counters(aws: Callable[[str], Any]) -> Any:
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="counters", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    return dynamodb


def test_no_update_is_lost_between_state_machines_and_other_clients(
    counters: Any, start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    task = {"Resource": "arn:aws:states:::dynamodb:updateItem", "Parameters": ADD}
    execution = start_machine(task, "dynamodb:UpdateItem", map_over=60)
    clients = [threading.Thread(target=lambda: [counters.update_item(**ADD) for _ in range(40)]) for _ in range(3)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert end_of(execution)["status"] == "SUCCEEDED"
    item = counters.get_item(TableName="counters", Key={"id": {"S": "one"}}, ConsistentRead=True)["Item"]
    assert item["hits"] == {"N": str(60 + 3 * 40)}


def test_dynamodb_errors_have_the_names_of_step_functions(
    counters: Any, start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    refused = {**ADD, "ConditionExpression": "attribute_exists(id)"}
    task = {"Resource": "arn:aws:states:::dynamodb:updateItem", "Parameters": refused}
    ended = end_of(start_machine(task, "dynamodb:UpdateItem"))
    assert ended["error"] == "DynamoDB.ConditionalCheckFailedException"


def test_a_role_without_the_right_cannot_write_an_item(
    counters: Any, start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    task = {"Resource": "arn:aws:states:::dynamodb:updateItem", "Parameters": ADD}
    ended = end_of(start_machine(task, "dynamodb:GetItem"))
    assert ended["error"] == "DynamoDB.AccessDeniedException"
    assert "dynamodb:UpdateItem" in ended["cause"]


def test_a_function_is_invoked_with_its_payload_and_answers_with_its_own(
    make_function: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    name = make_function("def handle(event, context): return {'doubled': event['number'] * 2}")
    task = {"Resource": INVOKE, "Parameters": {"FunctionName": name, "Payload": {"number": 21}}}
    output = json.loads(end_of(start_machine(task, "lambda:InvokeFunction"))["output"])
    assert (output["Payload"], output["StatusCode"]) == ({"doubled": 42}, 200)


def test_an_exception_of_a_function_can_be_caught_by_its_class(
    make_function: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    name = make_function("class Busy(Exception): pass\ndef handle(event, context): raise Busy('try later')")
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    task = {"Resource": INVOKE, "Parameters": {"FunctionName": name}, "Retry": retry}
    ended = end_of(start_machine(task, "lambda:InvokeFunction"))
    assert ended["error"] == "Busy"
    assert json.loads(ended["cause"])["errorMessage"] == "try later"


def test_a_role_without_the_right_cannot_invoke(
    make_function: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    name = make_function("def handle(event, context): return 'never'")
    ended = end_of(start_machine({"Resource": INVOKE, "Parameters": {"FunctionName": name}}))
    assert ended["error"] == "Lambda.AWSLambdaException"
    assert "lambda:InvokeFunction" in ended["cause"]


def test_a_missing_function_is_reported(
    start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    task = {"Resource": INVOKE, "Parameters": {"FunctionName": "missing"}}
    assert end_of(start_machine(task, "lambda:InvokeFunction"))["error"] == "Lambda.ResourceNotFoundException"


def test_a_role_that_does_not_trust_step_functions_is_not_used(
    make_function: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    name = make_function("def handle(event, context): return 'never'")
    task = {"Resource": INVOKE, "Parameters": {"FunctionName": name}}
    ended = end_of(start_machine(task, "lambda:*", service="glue.amazonaws.com"))
    assert ended["status"] == "FAILED"
    assert "states.amazonaws.com may not assume" in ended["cause"]
