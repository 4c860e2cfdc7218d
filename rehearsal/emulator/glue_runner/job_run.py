"""One run of a job in AWS's shape: its arguments, its size, and the only way its state may go."""

import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from rehearsal.jars import FORMATS

# Job arguments as Glue treats them: whose value wins, and what the service itself reads from them.

Arguments = Mapping[str, str]


class UnsupportedArgumentError(Exception):
    """The run asks for something that is not there on this machine."""


def merged(job: Mapping[str, Arguments], of_run: Arguments) -> dict[str, str]:
    """Return the run's arguments over the job's defaults, and the ones that a run may not change over both."""
    return {**job.get("DefaultArguments", {}), **of_run, **job.get("NonOverridableArguments", {})}


def command_line(arguments: Arguments, *, job: str, run: str) -> list[str]:
    """Return all arguments as the script finds them in sys.argv."""
    own = {"--JOB_ID": f"j_{run.removeprefix('jr_')}", "--JOB_RUN_ID": run, "--JOB_NAME": job}
    return [part for name, value in {**arguments, **own}.items() for part in (name, str(value))]


def spark_settings(arguments: Arguments) -> dict[str, str]:
    """Return the settings of --conf, which chains several in one value: `a=1 --conf b=2`."""
    chained = re.split(r"(?:^|\s+)--conf\s+", arguments.get("--conf", ""))
    return dict(setting.strip().split("=", 1) for setting in chained if "=" in setting)


def extra_python_files(arguments: Arguments) -> list[str]:
    """Return the places of --extra-py-files."""
    return [place.strip() for place in arguments.get("--extra-py-files", "").split(",") if place.strip()]


def uses_data_catalog(arguments: Arguments) -> bool:
    """Whether the Data Catalog is the run's metastore; Glue looks for the argument, not for its value."""
    return arguments.get("--enable-glue-datacatalog", "false").lower() != "false"


def table_formats(arguments: Arguments) -> set[str]:
    """Return the formats of --datalake-formats; one that is not available here is refused."""
    formats = {name.strip() for name in arguments.get("--datalake-formats", "").split(",") if name.strip()}
    if missing := formats - FORMATS.keys():
        available = " and ".join(FORMATS)
        raise UnsupportedArgumentError(f"--datalake-formats {', '.join(sorted(missing))}: {available} are available")
    return formats


# Checks the size of jobs and runs as Glue does, with Glue's messages where they are public; counts capacity.

FLEX = "FLEX"
_OF_FLEX = ("G.1X", "G.2X")
_DPUS = {"Standard": 1, "G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16}
_DPUS |= {"R.1X": 1, "R.2X": 2, "R.4X": 4, "R.8X": 8}
"""https://docs.aws.amazon.com/glue/latest/dg/worker-types.html"""
_FEWEST, _MOST = 2, 299
_MOST_MINUTES = 7 * 24 * 60
_AUTO_SCALING = "--enable-auto-scaling"
_FIRST_VERSION_OF_FLEX = 3

Properties = Mapping[str, Any]


def refusal(properties: Properties) -> str:
    """Return the reason why Glue does not take a job or a run of these properties; empty if it takes them."""
    reasons = chain(_of_fields(properties), _of_workers(properties), _of_class(properties))
    return next(reasons, "")


def _of_fields(properties: Properties) -> Iterator[str]:
    worker, number = properties.get("WorkerType"), properties.get("NumberOfWorkers")
    if properties.get("MaxCapacity") and (worker or number):
        yield "Please do not set Max Capacity if using Worker Type and Number of Workers."
    if (worker is None) != (number is None):
        yield "Please set both Worker Type and Number of Workers."
    minutes = properties.get("Timeout")
    if minutes is not None and not 1 <= int(minutes) < _MOST_MINUTES:
        yield f"Timeout {minutes} must be at least 1 and less than {_MOST_MINUTES} minutes."


def _of_workers(properties: Properties) -> Iterator[str]:
    worker, number, kind = properties.get("WorkerType"), properties.get("NumberOfWorkers"), _kind(properties)
    if worker is None or number is None:
        return
    if worker not in _DPUS:
        yield f"Worker Type {worker} is not supported."
    if worker == "G.025X" and kind != "gluestreaming":
        yield f"Worker Type G.025X is not supported for jobs of type {kind}."
    if int(number) < _FEWEST:
        yield f"To use Worker Type {worker}, minimum allowed value of Number of Workers is {_FEWEST}."
    if int(number) > _MOST:
        yield f"To use Worker Type {worker}, maximum allowed value of Number of Workers is {_MOST}."


def _of_class(properties: Properties) -> Iterator[str]:
    class_, worker = properties.get("ExecutionClass") or "STANDARD", properties.get("WorkerType")
    if class_ not in ("STANDARD", FLEX):
        yield f"ExecutionClass {class_} is none of STANDARD, FLEX."
    if class_ != FLEX:
        return
    if _kind(properties) != "glueetl" or float(properties.get("GlueVersion") or 0) < _FIRST_VERSION_OF_FLEX:
        yield "ExecutionClass FLEX is only for jobs of type glueetl with Glue version 3.0 or later."
    if worker not in (None, *_OF_FLEX):
        yield f"ExecutionClass FLEX is not supported for Worker Type {worker}, only for {', '.join(_OF_FLEX)}."
    if properties.get("JobRunQueuingEnabled"):
        yield "JobRunQueuing is not for ExecutionClass FLEX."


def _kind(properties: Properties) -> str:
    return str(properties.get("Command", {}).get("Name", ""))


def most_dpus(properties: Properties) -> float | None:
    """Give the DPUs of a run of the given workers, which Glue tells as its MaxCapacity; None if it names no workers."""
    worker, number = properties.get("WorkerType"), properties.get("NumberOfWorkers")
    return _DPUS[worker] * int(number) if worker and number else None


def tells_dpu_seconds(record: Properties) -> bool:
    """Glue tells the DPU-seconds of runs whose workers may change: of auto-scaled ones and of Flex."""
    is_scaled = record.get("Arguments", {}).get(_AUTO_SCALING) == "true"
    return is_scaled or record.get("ExecutionClass") == FLEX


# One run of a job in AWS's shape, and the only way its state may go.

_MINUTES_OF_TWO_DAYS = 2880
_RUN_OVER_JOB = ("Timeout", "MaxCapacity", "WorkerType", "NumberOfWorkers", "SecurityConfiguration", "ExecutionClass")

Record = dict[str, Any]


def sized(job: Mapping[str, Any], request: Mapping[str, Any]) -> Record:
    """Return the properties of a run's size; what the request names goes before what the job names."""
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
        """Whether the run has an end state."""
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
