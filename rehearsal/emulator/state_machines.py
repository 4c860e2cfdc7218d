"""Step Functions calls services over the wire as the state machine's role, and waits between attempts as AWS does."""

import json
import random
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import cache, partial
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator import roles
from rehearsal.emulator.glue_runner.runner import GlueRunner
from rehearsal.emulator.settings import EmulatorSettings

_SERVICE = "states.amazonaws.com"
_POLL_SECONDS = 0.5
_UNNAMED = {
    ("glue", "ThrottlingException"): "AWSGlueException",
    ("lambda", "AccessDeniedException"): "AWSLambdaException",
}
"""Errors that the service's model lacks, which Step Functions reports under the service's general name.

https://repost.aws/knowledge-center/glue-throttling-rate-exceeded
"""
_PREFIXES = {"lambda": "Lambda", "glue": "Glue", "dynamodb": "DynamoDB"}
_LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"
_DYNAMODB = {"putItem": "put_item", "getItem": "get_item", "deleteItem": "delete_item", "updateItem": "update_item"}

Data = dict[str, Any]
Retrier = Mapping[str, Any]
Integration = Callable[[str, Data], Any]

_one_client_at_a_time = threading.Lock()
_execution: ContextVar[str | None] = ContextVar("execution", default=None)


def install(settings: EmulatorSettings, runner: GlueRunner) -> None:
    """Put the calls in place of ministack's own, which ask no policy and bypass the thread that serves DynamoDB."""
    calls = _Calls(settings, runner)
    patches.FIND_RETRIER.wrap(_find_retrier)
    patches.RUN_EXECUTION.wrap(_run_and_remember)
    patches.INVOKE_RESOURCE.wrap(calls.invoke_resource)
    integrations = {f"arn:aws:states:::dynamodb:{name}": partial(calls.dynamodb, name) for name in _DYNAMODB}
    patches.INTEGRATIONS.value.update({**integrations, "arn:aws:states:::glue:startJobRun": calls.start_job_run})


def _find_retrier(
    find: Callable[..., tuple[Retrier | None, int]], retriers: list[Retrier], error: str, counts: Mapping[int, int]
) -> tuple[Retrier | None, int]:
    """Return a retrier whose next wait is the one that it is to take.

    Ministack knows neither MaxDelaySeconds nor jitter, so tasks that were refused together would come back together.
    """
    retrier, index = find(retriers, error, counts)
    if retrier is None:
        return retrier, index
    return {**retrier, "IntervalSeconds": next_wait(retrier, counts.get(index, 0)), "BackoffRate": 1}, index


def next_wait(retrier: Retrier, attempts: int) -> float:
    """Return the seconds before the next attempt, after so many attempts of this retrier."""
    grown = float(retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts)
    longest = min(grown, retrier.get("MaxDelaySeconds", grown))
    return random.uniform(0, longest) if retrier.get("JitterStrategy") == "FULL" else longest  # noqa: S311 - jitter


def _run_and_remember(run: Callable[[str], None], execution: str) -> None:
    _execution.set(execution)
    run(execution)


class _Calls:
    """Calls as the state machine's role, whose rights count."""

    def __init__(self, settings: EmulatorSettings, runner: GlueRunner) -> None:
        self._settings = settings
        self._runner = runner

    def invoke_resource(self, invoke: Integration, resource: str, data: Data) -> Any:  # noqa: ANN401 - ministack has no types
        """Take over lambda:invoke; other resources stay ministack's."""
        if resource.startswith(_LAMBDA_INVOKE) and _execution.get():
            return self.invoke_function(data)
        return invoke(resource, data)

    def invoke_function(self, data: Data) -> Data:
        """Invoke a function; what it raises becomes the task's error."""
        answer = self._call("lambda", "invoke", {**data, "Payload": json.dumps(data.get("Payload", {})).encode()})
        payload = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            raise _task_error(payload.get("errorType", "Lambda.Unknown"), json.dumps(payload))
        return {**answer, "Payload": payload}

    def dynamodb(self, operation: str, _resource: str, data: Data) -> Data:
        """Read or write one item."""
        return self._call("dynamodb", _DYNAMODB[operation], data)

    def start_job_run(self, resource: str, data: Data) -> Data:
        """Start a run and, with `.sync`, wait for its end and return it; a stopped execution stops its run."""
        started = self._call("glue", "start_job_run", data)
        if ".sync" not in resource:
            return started
        job, run_id = data["JobName"], started["JobRunId"]
        while not self._runner.wait(run_id, _POLL_SECONDS):
            if _current()["status"] != "RUNNING":
                self._call("glue", "batch_stop_job_run", {"JobName": job, "JobRunIds": [run_id]})
        run: Data = self._call("glue", "get_job_run", {"JobName": job, "RunId": run_id})["JobRun"]
        if run["JobRunState"] != "SUCCEEDED":
            raise _task_error("States.TaskFailed", json.dumps(run))
        return run

    def _call(self, service: str, operation: str, data: Data) -> Data:
        """Call as the state machine's role; an error is named as Step Functions names it."""
        try:
            answer = getattr(self._client(service), operation)(**_each(_whole_number, data))
        except ClientError as error:
            raise _task_error(_error_name(service, error), str(error)) from error
        except ParamValidationError as error:
            raise _task_error("States.Runtime", str(error)) from error
        del answer["ResponseMetadata"]
        named: Data = _each(_milliseconds, answer)
        return named

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        machine = patches.STATE_MACHINES.value[_current()["stateMachineArn"]]
        try:
            session = roles.assume(machine["roleArn"], service=_SERVICE, session_name=machine["name"][:64])
        except roles.RoleNotAssumableError as error:
            raise _task_error("States.Runtime", str(error)) from error
        with _one_client_at_a_time:
            return _client(session, service, self._settings, patches.REQUEST_REGION.value())


@cache
def _client(session: roles.RoleSession, service: str, settings: EmulatorSettings, region: str) -> Any:  # noqa: ANN401 - ministack has no types
    return session.client(service, settings, region)


def _error_name(service: str, error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    return f"{_PREFIXES[service]}.{_UNNAMED.get((service, code), code)}"


def _current() -> Data:
    execution: Data = patches.EXECUTIONS.value[_execution.get()]
    return execution


def _task_error(error: str, cause: str) -> Exception:
    failure: Exception = patches.EXECUTION_ERROR.value(error, cause)
    return failure


def _each(convert: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - ministack has no types
    if isinstance(value, dict):
        return {name: _each(convert, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each(convert, inner) for inner in value]
    return convert(value)


def _whole_number(value: Any) -> Any:  # noqa: ANN401 - ministack has no types
    """Turn what JSONata has made a float back into the integer that an API demands."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _milliseconds(value: Any) -> Any:  # noqa: ANN401 - ministack has no types
    """Return times as Step Functions hands them on."""
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
