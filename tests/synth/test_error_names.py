"""The state machines name errors of AWS and classes that the code raises."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import odp
import pytest
import taxi
from etl_cdk.refresh_workflow import WorkflowLimits, refresh_workflow
from etl_cdk.taxi_workflow import TaxiParts, taxi_workflow
from etl_cdk.workflow_states import LAMBDA_TROUBLE, transient_errors

import lake
from lake.errors import LakeError, RetryableError, TerminalError
from tests.synth.state_language import takes

WORKFLOWS = {
    "refresh": refresh_workflow("arn:function", "arn:native", WorkflowLimits(max_concurrent_batches=4)),
    "taxi": taxi_workflow(TaxiParts("arn:function", "first", "second", "arn:topic", 60)),
}
OF_AWS = {
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    # https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    # the errorType of a function that ran out of time
    "Sandbox.Timedout",
    # https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html
    "Glue.ConcurrentRunsExceededException",
    "Glue.ResourceNumberLimitExceededException",
    "Glue.OperationTimeoutException",
    "Glue.InternalServiceException",
    "Glue.ThrottlingException",
    # https://repost.aws/knowledge-center/glue-throttling-rate-exceeded
    "Glue.AWSGlueException",
    "StepFunctions.ExecutionAlreadyExistsException",
}


def error_classes() -> set[type[LakeError]]:
    """Every class of error that is defined anywhere in the runtime."""
    roots = (lake, odp, taxi)
    found = (module for each in roots for module in pkgutil.walk_packages(each.__path__, f"{each.__name__}."))
    modules = [import_module(module.name) for module in found if not module.name.endswith("job")]
    members = (each for module in modules for _, each in inspect.getmembers(module, inspect.isclass))
    return {each for each in members if issubclass(each, LakeError)} - {LakeError}


def states_of(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])


def tasks(kind: str) -> list[Any]:
    return [
        pytest.param(state, id=f"{workflow}-{name}")
        for workflow, machine in WORKFLOWS.items()
        for name, state in states_of(machine)
        if kind in state.get("Resource", "")
    ]


def test_every_error_is_either_transient_or_terminal() -> None:
    for each in error_classes():
        assert issubclass(each, RetryableError) != issubclass(each, TerminalError), each.__name__


def test_every_name_in_a_state_machine_is_an_error_of_aws_or_a_transient_one_of_the_code() -> None:
    transient = {each.__name__ for each in error_classes() if issubclass(each, RetryableError)}
    for workflow, machine in WORKFLOWS.items():
        for name, state in states_of(machine):
            for handler in (*state.get("Retry", ()), *state.get("Catch", ())):
                assert set(handler["ErrorEquals"]) <= OF_AWS | transient, f"{workflow}: {name}"


def test_every_transient_error_is_named_because_state_machines_know_no_base_class() -> None:
    transient = {each.__name__ for each in error_classes() if issubclass(each, RetryableError)}
    assert len(transient) > 4
    assert set(transient_errors()) == transient
    assert transient <= set(LAMBDA_TROUBLE)


def test_planning_and_refreshes_are_not_repeated_because_the_active_region_changed() -> None:
    states = [each.values[0] for kind in ("lambda:invoke", "glue:startJobRun") for each in tasks(kind)]
    refreshing = [state for state in states if state in [found for _, found in states_of(WORKFLOWS["refresh"])]]
    assert len(refreshing) == 4
    assert not any(takes(retrier, "StaleRegionError") for state in refreshing for retrier in state["Retry"])


NATIVE = "refresh-RefreshNatively"
"""Refreshes tables as a Glue run does, so it is not repeated once it ran."""


@pytest.mark.parametrize("state", [each for each in tasks("lambda:invoke") if each.id != NATIVE])
@pytest.mark.parametrize("error", ["ConfigurationMovedError", "LeaseLostError", "RetryableError", "Sandbox.Timedout"])
def test_function_that_met_something_passing_is_called_again(state: dict[str, Any], error: str) -> None:
    assert any(takes(retrier, error) for retrier in state["Retry"])


@pytest.mark.parametrize(
    ("error", "is_repeated"),
    [
        ("Lambda.TooManyRequestsException", True),
        ("Lambda.ServiceException", True),
        ("Sandbox.Timedout", False),
        ("Lambda.Unknown", False),
        ("Runtime.ExitError", False),
        ("RefreshFailedError", False),
        ("ServiceUnavailableError", False),
        ("StaleRegionError", False),
        ("States.Timeout", False),
    ],
)
def test_native_refresh_is_repeated_only_if_lambda_did_not_run_it(error: str, is_repeated: bool) -> None:
    ((state,),) = (each.values for each in tasks("lambda:invoke") if each.id == NATIVE)
    assert any(takes(retrier, error) for retrier in state["Retry"]) is is_repeated
    assert any(takes(catcher, error) for catcher in state["Catch"])


@pytest.mark.parametrize("state", tasks("glue:startJobRun"))
@pytest.mark.parametrize(
    "error", ["Glue.AWSGlueException", "Glue.ConcurrentRunsExceededException", "Glue.ThrottlingException"]
)
def test_job_that_glue_did_not_start_is_started_again_and_whatever_else_fails_is_caught(
    state: dict[str, Any], error: str
) -> None:
    assert any(takes(retrier, error) for retrier in state["Retry"])
    assert any(takes(catcher, "States.TaskFailed") and takes(catcher, "States.Timeout") for catcher in state["Catch"])


@pytest.mark.parametrize("state", tasks("glue:startJobRun"))
def test_run_that_took_too_long_is_never_repeated(state: dict[str, Any]) -> None:
    assert not any(takes(retrier, "States.Timeout") for retrier in state["Retry"])
