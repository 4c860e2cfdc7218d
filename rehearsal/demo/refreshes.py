"""Collects what executions did: the Glue runs of their plans, and each refreshed table from the history."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from deployment_account.names import OdpTable
from rehearsal.demo.cost import glue_usd
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.report.runs import BatchRun, TableRefresh

Item = dict[str, Any]
Collected = tuple[tuple[BatchRun, ...], tuple[TableRefresh, ...]]


def collect(lake: DeployedLake, runs: Sequence[Item], executions: Iterable[Item]) -> Collected:
    """Find the batches of executions, numbered one after the other, and the tables that they refreshed."""
    batches = _glue_batches(runs, executions)
    history = lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
    items = [item for item in history if item["glue_job_run_id"] in batches]
    tables = [_table_refresh(item, batches[item["glue_job_run_id"]].batch) for item in items]
    by_number = tuple(sorted(batches.values(), key=lambda run: run.batch))
    return by_number, tuple(sorted(tables, key=lambda table: (table.batch, table.start)))


def _glue_batches(runs: Sequence[Item], executions: Iterable[Item]) -> dict[str, BatchRun]:
    """Glue knows the runs of an execution by their plan."""
    batches: dict[str, BatchRun] = {}
    for execution in executions:
        plan, first = f"/{execution['name']}.json", max((run.batch + 1 for run in batches.values()), default=0)
        of_plan = [run for run in runs if plan in run["Arguments"].get("--plan_key", "")]
        batches |= {run["Id"]: _glue_run(run, first + int(run["Arguments"]["--batch"])) for run in of_plan}
    return batches


def _glue_run(run: Item, number: int) -> BatchRun:
    started = run["StartedOn"]
    ended = run.get("CompletedOn") or run.get("LastModifiedOn") or started
    worker, workers, class_ = run["WorkerType"], run["NumberOfWorkers"], run["ExecutionClass"]
    return BatchRun(
        number,
        run["Id"],
        started,
        ended,
        run["JobRunState"],
        capacity=f"{workers} {worker}",
        usd=glue_usd((ended - started).total_seconds(), worker, workers, class_),
    )


def _table_refresh(item: Item, batch: int) -> TableRefresh:
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
