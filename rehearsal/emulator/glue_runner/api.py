"""Puts the runner behind StartJobRun, GetJobRun, GetJobRuns and BatchStopJobRun; nothing ever succeeds unrun."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.glue_runner.capacity import refusal
from rehearsal.emulator.glue_runner.job_run import new_record, sized
from rehearsal.emulator.glue_runner.runner import GlueRunner
from rehearsal.emulator.glue_runner.start_throttle import StartThrottle

_RUNNABLE = ("glueetl", "pythonshell")
_DROPPED = {"ExecutionProperty": {"MaxConcurrentRuns": 1}, "ExecutionClass": "STANDARD"}
"""The properties of jobs that ministack drops, with what Glue takes where they are missing."""

Request = dict[str, Any]
Answer = Any
Operation = Callable[[Request], Answer]


def install(runner: GlueRunner, throttle: StartThrottle) -> None:
    """Replace ministack's job runs, and keep the job properties that it drops."""
    api = _JobRunsApi(runner, throttle)
    for seam, operation in {
        patches.GLUE_START_JOB_RUN: api.start,
        patches.GLUE_GET_JOB_RUN: api.get,
        patches.GLUE_GET_JOB_RUNS: api.get_all,
        patches.GLUE_STOP_JOB_RUNS: api.stop,
    }.items():
        seam.replace(partial(_instead, operation))
    patches.TEMPLATE_GLUE_JOB_FIELDS.value.update(_DROPPED)
    patches.GLUE_CREATE_JOB.replace(lambda create: _checked_and_whole(create, _created_job))
    patches.GLUE_UPDATE_JOB.replace(lambda update: _checked_and_whole(update, _updated_job))


def _instead(operation: Operation, _replaced: Operation) -> Operation:
    return operation


class _JobRunsApi:
    def __init__(self, runner: GlueRunner, throttle: StartThrottle) -> None:
        self._runner = runner
        self._throttle = throttle
        self._starting = threading.Lock()

    def start(self, request: Request) -> Answer:
        """StartJobRun."""
        if not self._throttle.takes((patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value())):
            return _error("ThrottlingException", "Rate exceeded")
        job = patches.GLUE_JOBS.value.get(request["JobName"])
        if job is None:
            return _error("EntityNotFoundException", f"Job {request['JobName']} is not found")
        if (kind := job.get("Command", {}).get("Name")) not in _RUNNABLE:
            return _error("InvalidInputException", f"a job of type {kind} cannot be run here, only {_RUNNABLE}")
        if reason := refusal(job | sized(job, request)):
            return _error("InvalidInputException", reason)
        with self._starting:
            limit = int(job.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1))
            if self._runner.active_runs(job["Name"]) >= limit:
                return _error("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}: {limit}")
            record = new_record(job, request)
            patches.GLUE_JOB_RUNS.value[job["Name"]] = [*_runs(job["Name"]), record]
            self._runner.start(job, record, patches.REQUEST_REGION.value())
        return patches.JSON_RESPONSE.value({"JobRunId": record["Id"]})

    def get(self, request: Request) -> Answer:
        """GetJobRun."""
        for record in _runs(request["JobName"]):
            if record["Id"] == request["RunId"]:
                return patches.JSON_RESPONSE.value({"JobRun": record})
        return _error("EntityNotFoundException", f"Job Run not found: {request['RunId']}")

    def get_all(self, request: Request) -> Answer:
        """GetJobRuns, the newest first."""
        return patches.JSON_RESPONSE.value({"JobRuns": _runs(request["JobName"])[::-1]})

    def stop(self, request: Request) -> Answer:
        """BatchStopJobRun."""
        job, known = request["JobName"], {record["Id"] for record in _runs(request["JobName"])}
        stopped, errors = [], []
        for run in request["JobRunIds"]:
            named = {"JobName": job, "JobRunId": run}
            if run in known and self._runner.stop(run):
                stopped.append(named)
            else:
                code = "InvalidInputException" if run in known else "EntityNotFoundException"
                errors.append({**named, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": f"{run} is not running"}})
        return patches.JSON_RESPONSE.value({"SuccessfulSubmissions": stopped, "Errors": errors})


def _runs(job: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = patches.GLUE_JOB_RUNS.value.get(job, [])
    return runs


def _error(code: str, message: str) -> Answer:
    return patches.JSON_ERROR.value(code, message, 400)


def _created_job(request: Request) -> tuple[str, Request]:
    return request["Name"], request


def _updated_job(request: Request) -> tuple[str, Request]:
    return request["JobName"], request["JobUpdate"]


def _checked_and_whole(operation: Operation, definition: Callable[[Request], tuple[str, Request]]) -> Operation:
    """Refuse what Glue refuses of a job's size, and keep the properties that ministack drops."""

    def checked_operation(request: Request) -> Answer:
        name, properties = definition(request)
        if reason := refusal(properties):
            return _error("InvalidInputException", reason)
        answer = operation(request)
        if name in patches.GLUE_JOBS.value:
            kept = {field: properties[field] for field in _DROPPED if field in properties}
            # ministack gives two workers to jobs that name none, and to those that name a capacity instead
            unnamed = {field: None for field in ("WorkerType", "NumberOfWorkers") if field not in properties}
            patches.GLUE_JOBS.value[name].update(kept | unnamed)
        return answer

    return checked_operation
