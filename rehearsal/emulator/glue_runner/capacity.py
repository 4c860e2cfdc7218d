"""Checks the size of jobs and runs as Glue does, with Glue's messages where they are public; counts capacity."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

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
    """Give the reason why Glue does not take a job or a run of these properties; empty if it takes them."""
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
