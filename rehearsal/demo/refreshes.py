"""Collects what executions did: the Glue runs of their plans, the native runs, and each refreshed table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from deployment_account.names import OdpTable
from rehearsal.demo.cost import function_usd, glue_usd
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.report.runs import NATIVE, BatchRun, TableRefresh

Item = dict[str, Any]
Collected = tuple[tuple[BatchRun, ...], tuple[TableRefresh, ...]]


def collect(lake: DeployedLake, runs: Sequence[Item], executions: Iterable[Item], since: datetime) -> Collected:
    """Find the batches of executions, numbered one after the other, and the tables that they refreshed."""
    history = lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
    batches = _glue_batches(runs, executions)
    native = [item for item in history if item.get("engine") == NATIVE and _started(item) >= since]
    for run_id in dict.fromkeys(item["glue_job_run_id"] for item in sorted(native, key=_started)):
        of_run = [item for item in native if item["glue_job_run_id"] == run_id]
        batches[run_id] = _native_run(of_run, _next_number(batches), lake.environment.odp.native_memory_mb)
    items = [item for item in history if item["glue_job_run_id"] in batches]
    tables = [_table_refresh(item, batches[item["glue_job_run_id"]].batch) for item in items]
    by_number = tuple(sorted(batches.values(), key=lambda run: run.batch))
    return by_number, tuple(sorted(tables, key=lambda table: (table.batch, table.start)))


def _glue_batches(runs: Sequence[Item], executions: Iterable[Item]) -> dict[str, BatchRun]:
    """Glue knows the runs of an execution by their plan."""
    batches: dict[str, BatchRun] = {}
    for execution in executions:
        plan, first = f"/{execution['name']}.json", _next_number(batches)
        of_plan = [run for run in runs if plan in run["Arguments"].get("--plan_key", "")]
        batches |= {run["Id"]: _glue_run(run, first + int(run["Arguments"]["--batch"])) for run in of_plan}
    return batches


def _next_number(batches: Mapping[str, BatchRun]) -> int:
    return max((run.batch + 1 for run in batches.values()), default=0)


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


def _native_run(items: Sequence[Item], number: int, megabytes: int) -> BatchRun:
    """A call of the function, timed by its tables in the run log; a warm function takes little more."""
    started, ended = min(map(_started, items)), max(map(_ended, items))
    return BatchRun(
        number,
        items[0]["glue_job_run_id"],
        started,
        ended,
        "SUCCEEDED" if all(item["refresh_status"] == "completed" for item in items) else "FAILED",
        NATIVE,
        capacity=f"{megabytes:,} MB",
        usd=function_usd((ended - started).total_seconds(), megabytes),
    )


def _started(item: Item) -> datetime:
    return datetime.fromisoformat(item["refresh_start_date_time"])


def _ended(item: Item) -> datetime:
    return datetime.fromisoformat(item["refresh_end_date_time"])


def _table_refresh(item: Item, batch: int) -> TableRefresh:
    return TableRefresh(
        table=item["source_table_name"].rsplit(".", 1)[-1],
        batch=batch,
        start=_started(item),
        end=_ended(item),
        inserted=int(item["rows_inserted"]),
        updated=int(item["rows_updated"]),
        deleted=int(item["rows_deleted"]),
        files=int(item["files_processed"]),
        left_because=str(item.get("beyond_engine", "")),
    )
