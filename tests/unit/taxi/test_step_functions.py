"""Executions are started with the dataset as their input, and a repeated start starts nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from taxi.step_functions import StepFunctionsExecutions, StepFunctionsStates

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


EXECUTION = "arn:aws:states:us-east-1:111111111111:execution:taxi_flow:run-1"


LONG_AGO, JUST_NOW = timedelta(minutes=6), timedelta(minutes=4)


@pytest.mark.parametrize(
    ("status", "ago", "has_ended"),
    [
        ("RUNNING", None, False),
        ("PENDING_REDRIVE", LONG_AGO, False),
        ("SUCCEEDED", JUST_NOW, True),
        *((status, LONG_AGO, True) for status in ("FAILED", "TIMED_OUT", "ABORTED")),
        *((status, JUST_NOW, False) for status in ("FAILED", "TIMED_OUT", "ABORTED")),
    ],
)
def test_execution_has_ended_in_whatever_way_once_its_run_has_stopped_too(
    aws: None, status: str, ago: timedelta | None, has_ended: bool
) -> None:
    states = StepFunctionsStates()
    with Stubber(states._step_functions) as stub:
        described = {
            "executionArn": EXECUTION,
            "stateMachineArn": ARN,
            "status": status,
            "startDate": "2026-01-05T12:00:00Z",
            **({"stopDate": datetime.now(UTC) - ago} if ago else {}),
        }
        stub.add_response("describe_execution", described, {"executionArn": EXECUTION})
        assert states.has_ended(EXECUTION) is has_ended


@pytest.mark.parametrize("error", ["ExecutionDoesNotExist", "ThrottlingException", "AccessDeniedException"])
def test_execution_that_nobody_can_tell_of_has_not_ended(aws: None, error: str) -> None:
    states = StepFunctionsStates()
    with Stubber(states._step_functions) as stub:
        stub.add_client_error("describe_execution", error)
        assert not states.has_ended(EXECUTION)
    assert not states.has_ended("")
