"""Puts the runner behind StartJobRun, GetJobRun, GetJobRuns and BatchStopJobRun; nothing ever succeeds unrun."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.glue_runner.job_run import new_record, refusal, sized
from rehearsal.emulator.glue_runner.runner import GlueRunner

_RUNNABLE = ("glueetl", "pythonshell")
_DROPPED = {"ExecutionProperty": {"MaxConcurrentRuns": 1}, "ExecutionClass": "STANDARD"}
"""The properties of jobs that ministack drops, with what Glue takes where they are missing."""

Request = dict[str, Any]
Answer = Any
Operation = Callable[[Request], Answer]
Place = tuple[str, str]


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class StartThrottle:
    """Glue takes so many StartJobRun requests a second from an account in a Region, and refuses the others.

    A token bucket for each account and Region holds the starts of one second, and at least one.

    AWS does not publish its rate. People meet it with 15 starts at once (repost.aws, QUVo7mhaGrRlyGUQ8A3EBpsQ).
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Place, _Bucket] = {}

    def takes(self, place: Place) -> bool:
        """Whether one more start is taken now; a rate of 0 takes all."""
        if not self._per_second:
            return True
        capacity = max(1.0, self._per_second)
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(place, _Bucket(capacity, now))
            bucket.tokens = min(capacity, bucket.tokens + (now - bucket.filled_at) * self._per_second)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True


def install(runner: GlueRunner, throttle: StartThrottle) -> None:
    """Replace ministack's job runs, and keep the job properties that it drops."""
    api = _JobRunsApi(runner, throttle)
    patches.GLUE_START_JOB_RUN.put(api.start)
    patches.GLUE_GET_JOB_RUN.put(api.get)
    patches.GLUE_GET_JOB_RUNS.put(api.get_all)
    patches.GLUE_STOP_JOB_RUNS.put(api.stop)
    patches.TEMPLATE_GLUE_JOB_FIELDS.value.update(_DROPPED)
    patches.GLUE_CREATE_JOB.wrap(lambda create, job: _checked_and_whole(create, job, job["Name"], job))
    patches.GLUE_UPDATE_JOB.wrap(lambda update, job: _checked_and_whole(update, job, job["JobName"], job["JobUpdate"]))


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


def _checked_and_whole(operation: Operation, request: Request, name: str, properties: Request) -> Answer:
    """Refuse what Glue refuses of a job's size, and keep the properties that ministack drops."""
    if reason := refusal(properties):
        return _error("InvalidInputException", reason)
    answer = operation(request)
    if name in patches.GLUE_JOBS.value:
        kept = {field: properties[field] for field in _DROPPED if field in properties}
        # ministack gives two workers to jobs that name none, and to those that name a capacity instead
        unnamed = {field: None for field in ("WorkerType", "NumberOfWorkers") if field not in properties}
        patches.GLUE_JOBS.value[name].update(kept | unnamed)
    return answer
