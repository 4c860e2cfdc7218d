"""Starts what a schedule would start, waits for it, and collects what it did from Glue and the framework's history."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from odp.file_processor.batch_plan import ALREADY_RUNNING

from deployment_account.names import OdpTable
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.errors import DemoError
from rehearsal.report.model import GlueRun, Run, TableRefresh

_POLL_SECONDS = 0.5
_REGISTRATION_SECONDS = 120
_ENDED = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR"}

Say = Callable[[str], None]


def wait_until_registered(lake: DeployedLake, files: int, say: Say) -> None:
    """Wait until the deployed File Manager has registered this many files.

    Raises:
        DemoError: it has not after two minutes.
    """
    deadline = time.monotonic() + _REGISTRATION_SECONDS
    while (registered := lake.pending_files()) < files:
        say(f"{registered} of {files} files")
        if time.monotonic() > deadline:
            message = (
                f"the File Manager registered {registered} of {files} files in {_REGISTRATION_SECONDS} s; "
                "see its Lambda's log and the dead-letter queue"
            )
            raise DemoError(message)
        time.sleep(_POLL_SECONDS)
    say(f"{files} files")


def refresh_now(lake: DeployedLake, cadence: str, name: str, say: Say) -> Run:
    """Run a cadence's schedule target with its input at once, and give what the run did.

    Raises:
        DemoError: the state machine did not succeed.
    """
    while True:
        execution, described = _execute(lake, cadence, name, say)
        if ALREADY_RUNNING not in described.get("output", ""):
            break
        say(ALREADY_RUNNING)  # the schedule's own; what is left is for the next one
        time.sleep(_POLL_SECONDS)
    run = _collect(lake, execution, name)
    say(_progress(run))
    if described["status"] != "SUCCEEDED":
        reason = described.get("cause") or described.get("error") or "no cause given"
        raise DemoError(f"the File Processor's execution {described['name']} ended as {described['status']}: {reason}")
    return run


def _execute(lake: DeployedLake, cadence: str, name: str, say: Say) -> tuple[str, dict[str, Any]]:
    """Start an execution and wait for its end; gives its ARN and what Step Functions says of it."""
    target = lake.schedule(cadence)["Target"]
    machine = lake.client("stepfunctions")
    execution = machine.start_execution(stateMachineArn=target["Arn"], input=target["Input"])["executionArn"]
    while (described := machine.describe_execution(executionArn=execution))["status"] == "RUNNING":
        say(_progress(_collect(lake, execution, name)))
        time.sleep(_POLL_SECONDS)
    return execution, dict(described)


def _progress(run: Run) -> str:
    ended = sum(batch.state in _ENDED for batch in run.batches)
    return f"{ended} of {len(run.batches)} Glue runs ended, {len(run.tables)} tables refreshed"


def _collect(lake: DeployedLake, execution: str, name: str) -> Run:
    """Glue knows the runs of an execution by their plan, the history knows the tables of each run."""
    execution_name = execution.rsplit(":", 1)[-1]
    job_runs = [run for run in _job_runs(lake) if f"/{execution_name}.json" in run["Arguments"].get("--plan_key", "")]
    batches = {run["Id"]: _glue_run(run) for run in job_runs}
    items = [item for item in _history(lake) if item["glue_job_run_id"] in batches]
    tables = [_table_refresh(item, batches[item["glue_job_run_id"]].batch) for item in items]
    by_number = tuple(sorted(batches.values(), key=lambda run: run.batch))
    return Run(name, execution_name, by_number, tuple(sorted(tables, key=lambda table: (table.batch, table.start))))


def _job_runs(lake: DeployedLake) -> list[dict[str, Any]]:
    glue = lake.client("glue")
    names = [name for page in glue.get_paginator("get_jobs").paginate() for name in page["Jobs"]]
    pages = (glue.get_paginator("get_job_runs").paginate(JobName=job["Name"]) for job in names)
    return [run for paginator in pages for page in paginator for run in page["JobRuns"]]


def _history(lake: DeployedLake) -> list[dict[str, Any]]:
    pages = lake.dynamodb.meta.client.get_paginator("scan").paginate(
        TableName=lake.table(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
    )
    return [item for page in pages for item in page["Items"]]


def _glue_run(run: dict[str, Any]) -> GlueRun:
    started = run["StartedOn"]
    ended = run.get("CompletedOn") or run.get("LastModifiedOn") or started
    return GlueRun(int(run["Arguments"]["--batch"]), run["Id"], started, ended, run["JobRunState"])


def _table_refresh(item: dict[str, Any], batch: int) -> TableRefresh:
    return TableRefresh(
        table=item["source_table_name"].rsplit(".", 1)[-1],
        batch=batch,
        start=datetime.fromisoformat(item["refresh_start_date_time"]),
        end=datetime.fromisoformat(item["refresh_end_date_time"]),
        inserted=int(item["rows_inserted"]),
        updated=int(item["rows_updated"]),
        deleted=int(item["rows_deleted"]),
        files=int(item["files_processed"]),
    )
