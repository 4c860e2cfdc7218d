"""Steps 6 and 8: many at once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from boto3.dynamodb.conditions import Key
from botocore.config import Config

from deployment_account.names import Odp, OdpTable, Shared
from scripts.smoke.dms_files import FULL_LOAD, loaded
from scripts.smoke.ledger import SmokeTable
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.refreshes import Execution
from scripts.smoke.step import Evidence, Smoke, Step

BUSY = ("Glue.AWSGlueException", "Glue.ConcurrentRunsExceededException", "Glue.ThrottlingException",
        "Glue.ResourceNumberLimitExceededException")  # fmt: skip
ROWS = {key: key for key in range(1, 4)}
THREADS = 16
SWEEP_SECONDS = 900
"""The longest that a function can take."""
MANY = 2_000_000
PAGE = 1000


def parallel_starts(smoke: Smoke) -> Evidence:
    """Step 6: as many tables, each with an execution and a Glue run of its own."""
    tables = [smoke.tables.table(f"parallel_{number:02}") for number in range(1, smoke.options.parallel + 1)]
    for table in tables:
        smoke.tables.land(table, FULL_LOAD, loaded(ROWS))
    for table in tables:
        smoke.tables.until_registered(table, 1)
    executions = [smoke.refreshes.start(table) for table in tables]
    for execution in executions:
        smoke.refreshes.succeeded(execution)
    refused = sum(_refusals(smoke, execution) for execution in executions)
    return [f"{len(executions)} executions succeeded", f"Glue refused {refused} starts, which were repeated"]


def sweep(smoke: Smoke) -> Evidence:
    """Step 8: as many files as the budget allows, and how long two million would take."""
    table = smoke.tables.table("swept", is_active=False)
    began = time.monotonic()
    _put_many(smoke, table)
    smoke.patience.until(
        f"{smoke.options.keys} registered files",
        lambda: _count(smoke, table.source_table),
        lambda count: count >= smoke.options.keys,
    )
    registered = smoke.options.keys / max(time.monotonic() - began, 0.001)
    began = time.monotonic()
    answer = _run_sweep(smoke)
    return [
        f"{smoke.options.keys} files landed and registered, {registered:.0f} a second",
        f"the sweep took {time.monotonic() - began:.0f} s: {json.dumps(answer, sort_keys=True)}",
        f"to list {MANY:,} keys would take {_page_seconds(smoke, table.landing) * MANY / PAGE / 60:.0f} minutes",
    ]


def _refusals(smoke: Smoke, execution: Execution) -> int:
    """How often Glue refused to start the run of an execution."""
    pages = smoke.lake.client("stepfunctions").get_paginator("get_execution_history")
    events = (event for page in pages.paginate(executionArn=execution.arn) for event in page["events"])
    details = (event.get(kind, {}) for event in events for kind in _DETAILS)
    return sum(detail.get("error") in BUSY for detail in details)


_DETAILS = ("taskSubmitFailedEventDetails", "taskStartFailedEventDetails", "taskFailedEventDetails")


def _put_many(smoke: Smoke, table: SmokeTable) -> None:
    """Names of changes a second apart, all of the past: none is from the future."""
    first = datetime.now(UTC) - timedelta(days=2)
    names = [f"{first + timedelta(seconds=number):%Y%m%d-%H%M%S}000.parquet" for number in range(smoke.options.keys)]
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda name: smoke.tables.land(table, name, b"PAR1"), names))


def _count(smoke: Smoke, source_table: str) -> int:
    return len(
        smoke.lake.items(
            OdpTable.FILE_TRACKER, Key("source_table_name").eq(source_table), ProjectionExpression="file_id"
        )
    )


def _run_sweep(smoke: Smoke) -> dict[str, int]:
    """Call the deployed function once, whose schedule calls it too; it continues where it stopped."""
    patient = Config(read_timeout=SWEEP_SECONDS + 30, retries={"max_attempts": 0})
    client = smoke.lake.account.session.client("lambda", region_name=smoke.lake.account.place.region, config=patient)
    called = client.invoke(FunctionName=smoke.lake.published(Odp.SWEEP_FUNCTION), Payload=b"{}")
    answer = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        raise StepFailedError(f"the sweep failed: {answer.get('errorType')}: {answer.get('errorMessage')}")
    return dict(answer)


def _page_seconds(smoke: Smoke, folder: str) -> float:
    began = time.monotonic()
    smoke.lake.s3.list_object_versions(Bucket=smoke.lake.published(Shared.STAGING_BUCKET), Prefix=folder, MaxKeys=PAGE)
    return time.monotonic() - began


STEPS = (
    Step(
        6,
        "many executions at once",
        "Glue refuses to start more runs than it has room for, and the state machine repeats each start",
        "python -m scripts.bootstrap check shows the quotas of Glue; the execution's history names the error that was "
        "not repeated",
        parallel_starts,
        needs=(3,),
    ),
)
SWEEP_STEP = Step(
    8,
    "many files, and the sweep",
    "events of many files at once reach the ledger, and the sweep runs through",
    "the log of the sweep's function; its role lists the staging bucket and writes odpf_file_tracker",
    sweep,
    needs=(3,),
)
