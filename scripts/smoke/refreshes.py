"""Starts executions of the File Processor for smoke tables, waits for them, and stops what does not end."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from deployment_account.names import PLANS, Odp, Shared
from scripts.smoke.lake import Item, SmokeLake
from scripts.smoke.ledger import SmokeTable
from scripts.smoke.made import Made, Phase
from scripts.smoke.names import SmokeNames
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.patience import Patience
from scripts.smoke.removal import remove_objects
from scripts.smoke.tables import SmokeTables

ENDED_RUNS = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"}
MOST_CAUSE = 600
NEWEST_RUNS = 1000
ADVICE = (
    "read the execution in the console of Step Functions, then the log of its Glue run or function; AccessDenied names "
    "the role and the action that is missing"
)


@dataclass(frozen=True)
class Execution:
    """One execution for one table."""

    arn: str
    table: SmokeTable
    began: float

    @property
    def name(self) -> str:
        """The name that people see in the console."""
        return self.arn.rsplit(":", 1)[-1]


@dataclass
class Refreshes:
    """The executions of a run; every one of them is stopped at the end if it still runs, its Glue run with it."""

    lake: SmokeLake
    names: SmokeNames
    tables: SmokeTables
    made: Made
    patience: Patience
    most: int
    """The executions that the estimate of the cost counts."""
    started: list[Execution] = field(default_factory=list)

    @cached_property
    def _machine(self) -> Any:  # noqa: ANN401  boto3 makes clients at run time
        return self.lake.client("stepfunctions")

    @cached_property
    def machine_arn(self) -> str:
        """The File Processor's state machine."""
        return self.lake.published(Odp.STATE_MACHINE_ARN)

    def start(self, table: SmokeTable) -> Execution:
        """Start an execution for the cadence of a table."""
        if len(self.started) >= self.most:
            raise StepFailedError(f"the estimate of the cost counts {self.most} executions, and this would be one more")
        name = f"{table.lake_table}_{len(self.started)}"
        arn = self.machine_arn.replace(":stateMachine:", ":execution:") + f":{name}"
        execution = Execution(arn, table, self.patience.clock())
        self.made.note(
            Phase.RUNNING,
            f"execution {name}",
            lambda: self.stop(execution),
            by_hand=f"stop the execution {arn}, then the runs of the Glue job {self.tables.job} that it started",
        )
        self.started.append(execution)
        self._note_plan(execution)
        self._machine.start_execution(
            stateMachineArn=self.machine_arn, name=name, input=json.dumps({"refresh_cadence": table.cadence})
        )
        return execution

    def described(self, execution: Execution) -> Item:
        """How an execution is at this moment; Step Functions may not know yet of one that it has just started."""
        try:
            found: Item = self._machine.describe_execution(executionArn=execution.arn)
        except self._machine.exceptions.ExecutionDoesNotExist:
            return {"status": "RUNNING"}
        return found

    def ended(self, execution: Execution) -> Item:
        """Wait for the end of an execution; of many that began together, the last may last no longer than the first."""
        left = self.patience.seconds - (self.patience.clock() - execution.began)
        return self.patience.until(
            f"execution {execution.name}",
            lambda: self.described(execution),
            lambda found: found["status"] != "RUNNING",
            at_most=max(left, 1),
        )

    def succeeded(self, execution: Execution) -> Item:
        """Wait for the end, which must be good, and give what the run log says of the table.

        Raises:
            StepFailedError: it was not.
        """
        self.require_success(execution, self.ended(execution))
        run = self.tables.ledger.last_run(execution.table)
        if run.get("refresh_status") != "completed":
            raise StepFailedError(
                f"execution {execution.name} succeeded, but the run log says {run.get('refresh_status', 'nothing')} of "
                f"{execution.table.qualified}: no file was pending, or another execution had the cadence",
                advice=ADVICE,
            )
        return run

    def require_success(self, execution: Execution, described: Item) -> None:
        """Say why an execution failed.

        Raises:
            StepFailedError: it did.
        """
        if described["status"] != "SUCCEEDED":
            run = self.tables.ledger.last_run(execution.table)
            causes = (run.get("error_message"), described.get("cause"), described.get("error"))
            cause = next(filter(None, causes), "no cause given")
            raise StepFailedError(
                f"execution {execution.name} ended as {described['status']}: {str(cause)[:MOST_CAUSE]}", advice=ADVICE
            )

    def glue_runs(self, table: SmokeTable) -> list[Item]:
        """The Glue runs of a table: their plans bear the names of its executions."""
        plans = tuple(f"/{each.name}.json" for each in self.started if each.table == table)
        pages = self.lake.client("glue").get_paginator("get_job_runs")
        newest = pages.paginate(JobName=self.tables.job, PaginationConfig={"MaxItems": NEWEST_RUNS})
        runs: list[Item] = [run for page in newest for run in page["JobRuns"]]
        return [run for run in runs if str(run.get("Arguments", {}).get("--plan_key", "")).endswith(plans)]

    def stop(self, execution: Execution) -> None:
        """End an execution and its Glue runs, as a person does by hand."""
        if self.described(execution)["status"] == "RUNNING":
            with suppress(self._machine.exceptions.ExecutionDoesNotExist):
                self._machine.stop_execution(executionArn=execution.arn, cause="the smoke test ends")
        running = [run["Id"] for run in self.glue_runs(execution.table) if run["JobRunState"] not in ENDED_RUNS]
        if running:
            self.lake.client("glue").batch_stop_job_run(JobName=self.tables.job, JobRunIds=running)
            self.patience.until(
                f"the end of Glue run {running[0]}",
                lambda: self.glue_runs(execution.table),
                lambda runs: all(run["JobRunState"] in ENDED_RUNS for run in runs),
            )

    def _note_plan(self, execution: Execution) -> None:
        bucket = self.lake.published(Shared.CONFIG_BUCKET)
        prefix = f"{PLANS}{execution.table.cadence}/{execution.name}.json"
        self.made.note(
            Phase.LEDGER,
            f"plan of {execution.name}",
            lambda: remove_objects(self.lake.s3, bucket, self.names.require_own(prefix)),
            by_hand=f"delete {prefix} in the config bucket, or wait until it expires",
        )
