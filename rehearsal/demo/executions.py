"""Waits for the executions of a state machine and the account's Glue runs, until nothing changes for a while."""

import time
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from rehearsal.demo.deployed_lake import DeployedLake

# Waits that end when nothing has changed for a while, however long the work takes.

PATIENCE_SECONDS = 900
"""Longer than any pause that the flows make by themselves."""


class Patience:
    """Tells whether work is stuck."""

    def __init__(self, seconds: float = PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._seen: object = None
        self._since = time.monotonic()

    def is_over(self, seen: object, *, is_at_work: bool = False) -> bool:
        """Tell whether what is seen has been the same for too long; a Glue run at work ends by its own timeout."""
        if is_at_work or seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
            return False
        return time.monotonic() - self._since > self._seconds

    @property
    def spent(self) -> str:
        """How long nothing may change, for people."""
        return f"{self._seconds / 60:.0f} min"


# Waits for the executions of a state machine and the account's Glue runs.

FAILED = {"FAILED", "TIMED_OUT", "ABORTED"}
ENDED_RUNS = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR"}
_CAUSE_LENGTH = 2_000


def executions_since(lake: DeployedLake, machine_arn: str, since: datetime) -> list[dict[str, Any]]:
    """Give the executions that ran at any time since a moment, the oldest first, whoever started them."""
    pages = lake.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine_arn)
    found = [execution for page in pages for execution in page["executions"]]
    ran = [each for each in found if each["status"] == "RUNNING" or each.get("stopDate", since) >= since]
    return sorted(ran, key=lambda execution: execution["startDate"])


def running(executions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choose those that have not ended."""
    return [execution for execution in executions if execution["status"] == "RUNNING"]


def ending_of(lake: DeployedLake, execution_arn: str) -> str:
    """Say how an execution ended, with the cause that Step Functions has of it."""
    described = lake.client("stepfunctions").describe_execution(executionArn=execution_arn)
    reason = described.get("cause") or described.get("error") or "no cause given"
    return f"{described['name']} ended as {described['status']}: {reason[:_CAUSE_LENGTH]}"


def job_runs(lake: DeployedLake) -> list[dict[str, Any]]:
    """Give every Glue run of every job."""
    glue = lake.client("glue")
    names = [name for page in glue.get_paginator("get_jobs").paginate() for name in page["Jobs"]]
    pages = (glue.get_paginator("get_job_runs").paginate(JobName=job["Name"]) for job in names)
    return [run for paginator in pages for page in paginator for run in page["JobRuns"]]


def failed_runs(runs: Iterable[dict[str, Any]], since: datetime) -> list[str]:
    """Name the runs that failed since a moment, whose logs say why."""
    failed = ENDED_RUNS - {"SUCCEEDED"}
    return [run["Id"] for run in runs if run["JobRunState"] in failed and run["StartedOn"] >= since]


def is_any_at_work(runs: Collection[dict[str, Any]]) -> bool:
    """Tell whether a Glue run is under way."""
    return any(run["JobRunState"] not in ENDED_RUNS for run in runs)
