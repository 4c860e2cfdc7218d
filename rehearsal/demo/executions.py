"""Starts what the schedules would start, and waits for executions.

The deployed schedules start executions by themselves all the while, and whatever they do counts too.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.failures import DemoError, ExplainedError
from rehearsal.demo.refreshes import collect
from rehearsal.report.runs import SPARK, Run

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
        """Whether what is seen has been the same for too long; a Glue run at work ends by its own timeout."""
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
    """Return the executions that ran at any time since a moment, the oldest first, whoever started them."""
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
    """Return every Glue run of every job."""
    glue = lake.client("glue")
    names = [name for page in glue.get_paginator("get_jobs").paginate() for name in page["Jobs"]]
    pages = (glue.get_paginator("get_job_runs").paginate(JobName=job["Name"]) for job in names)
    return [run for paginator in pages for page in paginator for run in page["JobRuns"]]


def failed_runs(runs: Iterable[dict[str, Any]], since: datetime) -> list[str]:
    """Name the runs that failed since a moment, whose logs say why."""
    failed = ENDED_RUNS - {"SUCCEEDED"}
    return [run["Id"] for run in runs if run["JobRunState"] in failed and run["StartedOn"] >= since]


def is_any_at_work(runs: Collection[dict[str, Any]]) -> bool:
    """Whether a Glue run is under way."""
    return any(run["JobRunState"] not in ENDED_RUNS for run in runs)


_FIRST_LOOK, _POLL_SECONDS = 0.05, 0.5
"""Native refreshes end within seconds, of which a look every half second would be a part."""
_FRUITLESS_ROUNDS = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Landing:
    """How things stood before the files of a phase landed."""

    since: datetime
    files: int

    @classmethod
    def begin(cls, lake: DeployedLake) -> "Landing":
        """Look at the lake now."""
        return cls(datetime.now(UTC), lake.registered_files())


def wait_until_registered(lake: DeployedLake, files: int, landing: Landing, say: Say) -> None:
    """Wait until the deployed File Manager has registered this many files more, applied ones among them.

    Raises:
        DemoError: none was registered for a while.
    """
    patience, began = Patience(), time.monotonic()
    while (registered := lake.registered_files() - landing.files) < files:
        say(f"{registered} of {files} files")
        if patience.is_over(registered):
            message = (
                f"the File Manager registered {registered} of {files} files and none more for {patience.spent}; "
                "see its Lambda's log and the dead-letter queue"
            )
            raise DemoError(message)
        _pause(began)
    say(f"{files} files")


def refresh_now(
    lake: DeployedLake,
    cadences: Sequence[str],
    phase: tuple[str, Landing],
    say: Say,
    left: Callable[[], int] | None = None,
) -> Run:
    """Run the schedule targets of cadences with their inputs until no file is left; return the phase's record.

    `left` counts the files that have to be applied still; by default all that are pending.

    Raises:
        DemoError: an execution did not succeed, nothing went on for a while, or files stay pending.
    """
    targets, (name, landing) = [lake.schedule(cadence)["Target"] for cadence in cadences], phase
    machine, counts = lake.client("stepfunctions"), list[int]()
    left = left or lake.pending_files
    while True:
        own = [
            machine.start_execution(stateMachineArn=target["Arn"], input=target["Input"])["executionArn"]
            for target in targets
        ]
        run = _wait_until_ended(lake, targets[0]["Arn"], (own, name, landing), say)
        for execution in own:
            if machine.describe_execution(executionArn=execution)["status"] != "SUCCEEDED":
                failed = failed_runs(job_runs(lake), landing.since)
                raise ExplainedError(f"the File Processor's execution {ending_of(lake, execution)}", failed)
        if not (pending := left()):
            return run
        counts.append(pending)
        if len(counts) > _FRUITLESS_ROUNDS and min(counts[-_FRUITLESS_ROUNDS:]) >= counts[-_FRUITLESS_ROUNDS - 1]:
            shown, rounds = " and ".join(cadences), len(counts)
            raise ExplainedError(f"{pending} files stay pending after {rounds} executions of {shown} that succeeded")


def _wait_until_ended(lake: DeployedLake, machine_arn: str, phase: tuple[list[str], str, Landing], say: Say) -> Run:
    own, name, landing = phase
    names = tuple(execution.rsplit(":", 1)[-1] for execution in own)
    patience, began = Patience(), time.monotonic()
    while True:
        # whether any is running is asked first: what these did is then complete
        executions = executions_since(lake, machine_arn, landing.since)
        runs = job_runs(lake)
        run = Run(name, names, *collect(lake, runs, executions, landing.since))
        say(_progress(run))
        if not (unfinished := running(executions)):
            return run
        if patience.is_over(_progress(run), is_at_work=is_any_at_work(runs)):
            at_work = ", ".join(execution["name"] for execution in unfinished)
            message = f"the File Processor's executions {at_work} run, and nothing went on for {patience.spent}"
            raise ExplainedError(f"{message}: {_progress(run)}", failed_runs(runs, landing.since))
        _pause(began)


def _pause(began: float) -> None:
    """Wait a tenth of the time that has passed, as what takes long may be seen a little late."""
    time.sleep(min(_POLL_SECONDS, max(_FIRST_LOOK, (time.monotonic() - began) / 10)))


def _progress(run: Run) -> str:
    of_glue = run.of_engine(SPARK)
    tables, on_spark = ({table.table for table in each.tables} for each in (run, of_glue))
    ended = sum(batch.state in ENDED_RUNS for batch in of_glue.batches)
    natively = len(tables - on_spark)
    if natively and not of_glue.batches:
        return f"{natively} tables refreshed natively"
    said = f"{ended} of {len(of_glue.batches)} Glue runs ended, {len(tables)} tables refreshed"
    return f"{said}, {natively} of them natively" if natively else said
