"""Executions are started with the dataset as their input, and a repeated start starts nothing."""

import json

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from taxi.step_functions import StepFunctionsExecutions

ARN = "arn:aws:states:us-east-1:111111111111:stateMachine:taxi_flow"
EXPECTED = {"stateMachineArn": ARN, "name": "yellow-1", "input": json.dumps({"dataset": "yellow"})}


@pytest.fixture
def executions(aws: None) -> StepFunctionsExecutions:
    return StepFunctionsExecutions(ARN)


def test_execution_is_started_with_its_dataset(executions: StepFunctionsExecutions) -> None:
    with Stubber(executions._step_functions) as stub:
        started = {"executionArn": "arn:aws:states:…", "startDate": "2026-01-05T12:00:00Z"}
        stub.add_response("start_execution", started, EXPECTED)
        executions.start("yellow", "yellow-1")
        stub.assert_no_pending_responses()


def test_execution_that_was_started_before_is_no_failure_but_a_refusal_is(executions: StepFunctionsExecutions) -> None:
    with Stubber(executions._step_functions) as stub:
        stub.add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=EXPECTED)
        executions.start("yellow", "yellow-1")
        stub.add_client_error("start_execution", "ThrottlingException", expected_params=EXPECTED)
        with pytest.raises(ClientError, match="ThrottlingException"):
            executions.start("yellow", "yellow-1")
