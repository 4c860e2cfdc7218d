"""One run of a job in AWS's shape, and the only way its state may go."""

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from rehearsal.emulator.glue_runner.arguments import merged
from rehearsal.emulator.glue_runner.capacity import most_dpus, tells_dpu_seconds

_MINUTES_OF_TWO_DAYS = 2880
_RUN_OVER_JOB = ("Timeout", "MaxCapacity", "WorkerType", "NumberOfWorkers", "SecurityConfiguration", "ExecutionClass")

Record = dict[str, Any]


def sized(job: Mapping[str, Any], request: Mapping[str, Any]) -> Record:
    """Give the properties of a run's size; what the request names goes before what the job names."""
    return {name: value for name in _RUN_OVER_JOB if (value := request.get(name, job.get(name))) is not None}


def new_record(job: Mapping[str, Any], request: Mapping[str, Any]) -> Record:
    """Return a run that is starting."""
    now, chosen = time.time(), sized(job, request)
    capacity = most_dpus(chosen)
    return {
        "Id": f"jr_{secrets.token_hex(32)}",
        "Attempt": 0,
        "JobName": job["Name"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": merged(job, request.get("Arguments", {})),
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "GlueVersion": job.get("GlueVersion", ""),
        "LogGroupName": "/aws-glue/jobs",
        **({} if capacity is None else {"MaxCapacity": capacity}),
        "ExecutionClass": "STANDARD",
        **chosen,
        "Timeout": chosen.get("Timeout") or _MINUTES_OF_TWO_DAYS,
    }


class JobRun:
    """A run that is under way; whoever ends it first decides how it ended."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._running_since: float | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether the run has an end state."""
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end and tell whether it has come."""
        return self._ended.wait(seconds)

    def running(self) -> bool:
        """Record that the script is running now; False if the run was ended while it waited."""
        with self._lock:
            if self.is_over:
                return False
            self._running_since = time.time()
            self.record.update(JobRunState="RUNNING", LastModifiedOn=self._running_since)
            return True

    def end(self, state: str, message: str = "") -> bool:
        """Record how the run ended; False if it had ended already."""
        with self._lock:
            if self.is_over:
                return False
            now = time.time()
            seconds = now - self._running_since if self._running_since else 0
            self.record.update(JobRunState=state, CompletedOn=now, LastModifiedOn=now, ExecutionTime=round(seconds))
            if tells_dpu_seconds(self.record):
                # nothing is given back here: the rehearsal has no executors that could be idle
                self.record["DPUSeconds"] = round(seconds) * float(self.record.get("MaxCapacity", 0))
            if message:
                self.record["ErrorMessage"] = message
            self._ended.set()
            return True
