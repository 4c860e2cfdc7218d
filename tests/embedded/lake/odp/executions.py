"""Runs what the deployed schedule would run, and finds the Glue runs and processes behind it."""

import json
from typing import Any

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.waiting import eventually

CADENCE = "10_min_refresh"
SECONDS = 600


class Execution:
    """One execution of the File Processor's state machine, started with its schedule's target and input."""

    def __init__(self, lake: DeployedLake) -> None:
        self._lake = lake
        self._machine = lake.client("stepfunctions")
        target = lake.schedule(CADENCE)["Target"]
        self.arn = self._machine.start_execution(stateMachineArn=target["Arn"], input=target["Input"])["executionArn"]

    @property
    def name(self) -> str:
        """The name that its plan bears."""
        return str(self.arn.rsplit(":", 1)[-1])

    def ended(self) -> dict[str, Any]:
        """Wait for the end and tell how it came."""
        return eventually(
            lambda: self._machine.describe_execution(executionArn=self.arn),
            lambda described: described["status"] != "RUNNING",
            SECONDS,
        )

    def stop(self) -> None:
        """End it as a person does; what it had begun is not released."""
        self._machine.stop_execution(executionArn=self.arn)
        for run in self.glue_runs():
            self._lake.client("glue").batch_stop_job_run(JobName=run["JobName"], JobRunIds=[run["Id"]])
        assert self.ended()["status"] == "ABORTED"

    def glue_runs(self) -> list[dict[str, Any]]:
        """The Glue job runs of this execution."""
        glue = self._lake.client("glue")
        (job,) = {batch["glue_job_name"] for batch in _all(self._lake, OdpTable.BATCH_CONFIG)}
        runs = glue.get_job_runs(JobName=job)["JobRuns"]
        return [run for run in runs if self.name in run["Arguments"].get("--plan_key", "")]


def invoke_batch_manager(lake: DeployedLake, execution: str, step: str = "plan") -> dict[str, Any]:
    """Invoke the deployed function with the state machine's input, and return its output."""
    answer = lake.client("lambda").invoke(
        FunctionName=lake.published(Odp.BATCH_MANAGER_FUNCTION),
        Payload=json.dumps({"step": step, "refresh_cadence": CADENCE, "execution": execution}),
    )
    state: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, state
    return state


def plan_now(lake: DeployedLake, execution: str) -> list[list[str]]:
    """The batches of tables that the deployed Batch Manager plans; the cadence is free again afterwards."""
    state = invoke_batch_manager(lake, execution)
    invoke_batch_manager(lake, execution, "release")
    if not state["batches"]:
        return []
    stored = lake.client("s3").get_object(Bucket=lake.published(Shared.CONFIG_BUCKET), Key=state["plan_key"])
    batches: list[list[str]] = json.loads(stored["Body"].read())["batches"]
    assert sorted(state["batches"]) == list(range(len(batches)))
    return batches


def _all(lake: DeployedLake, table: OdpTable) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = lake.dynamodb.Table(lake.table(table)).scan()["Items"]
    return items
