"""Landing through its entry point, on the real audit table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.stub import ANY, Stubber
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing import handler
from taxi.step_functions import StepFunctionsExecutions

from tests.function_call import CallContext, metrics_in
from tests.unit.taxi.samples import message, object_created

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

ARN = "arn:aws:states:us-east-1:111111111111:stateMachine:taxi_flow"


@pytest.fixture
def state_machine(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    for name, value in {
        "AUDIT_TABLE": "audit",
        "STATE_MACHINE_ARN": ARN,
        "RAW_BUCKET": "raw",
        "LAKE": "test-lake",
    }.items():
        monkeypatch.setenv(name, value)
    executions = StepFunctionsExecutions(ARN)
    monkeypatch.setattr(handler, "StepFunctionsExecutions", lambda _: executions)
    handler._landing.cache_clear()
    with Stubber(executions._step_functions) as stub:
        yield stub
    handler._landing.cache_clear()


def test_batch_is_registered_started_counted_and_its_bad_message_is_kept_as_rejected(
    state_machine: Stubber, dynamodb: "DynamoDBServiceResource", capsys: pytest.CaptureFixture[str]
) -> None:
    started = {"executionArn": "arn:aws:states:…", "startDate": "2026-01-05T12:00:00Z"}
    state_machine.add_response(
        "start_execution", started, {"stateMachineArn": ARN, "name": ANY, "input": '{"dataset": "yellow"}'}
    )
    records = [
        message(object_created("nyc-taxi/yellow/a b.csv"), "m1"),
        message("no json", "m2"),
        message(object_created("nyc-taxi/yellow/readme.txt"), "m3"),
    ]
    assert handler.handle({"Records": records}, CallContext()) == {"batchItemFailures": []}
    state_machine.assert_no_pending_responses()
    (file,) = DynamoDbAudit(dynamodb, "audit").pending("yellow")
    assert file.key == "nyc-taxi/yellow/a b.csv"
    (metric,) = metrics_in(capsys.readouterr().out)
    assert (metric["RejectedTaxiFiles"], metric["Lake"]) == (2, "test-lake")
