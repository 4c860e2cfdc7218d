"""The demo of the NYC taxi flow: files land, the deployed flow loads them, the audit table records each."""

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from deployment_account.names import Shared, Taxi
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import (
    FAILED,
    Patience,
    ending_of,
    executions_since,
    failed_runs,
    is_any_at_work,
    job_runs,
    running,
)
from rehearsal.demo.failures import ExplainedError
from rehearsal.demo.progress import Steps
from rehearsal.report.model import AuditedFile, QuarantinedRow, TaxiReport
from rehearsal.source.taxi_files import Deliveries, Delivery, taxi_deliveries
from rehearsal.validation.taxi_results import QUESTIONS, ExpectedResults

DATASET = "yellow"
MOST_TRIPS = 1_500_000
"""A month of yellow trips of 2021 and 2022 as TLC publishes it; more would prove nothing else."""
_POLL_SECONDS = 0.5
_UNDER_WAY = {"landed", "running"}

Say = Callable[[str], None]


def deal_trips(trips: pa.Table, steps: Steps) -> Deliveries:
    """Make the files in which the trips arrive."""
    with steps.step("Deal trips to taxi files") as step:
        sample = sample_of(trips)
        step.say(f"{sample.num_rows:,} of {trips.num_rows:,} trips, at most {MOST_TRIPS:,}")
        return taxi_deliveries(sample)


def run_taxi_flow(lake: DeployedLake, deliveries: Deliveries, steps: Steps) -> TaxiReport:
    """Let the files arrive, wait until the deployed flow has loaded them, and compare what it made of them."""
    landed = 0
    for name, files in (("taxi files", deliveries.first), ("a corrected file", deliveries.later)):
        with steps.step(f"Taxi flow loads {name}") as step:
            since = datetime.now(UTC)
            landed += deliver(lake, files)
            items = wait_until_loaded(lake, landed, since, step.say)
            loaded = sum(int(item.get("rows_loaded", 0)) for item in items)
            step.say(f"{len(items)} files, {loaded:,} rows read into the conformed table")
    with steps.step("Compare the purpose-built tables with duckdb") as step:
        report = taxi_report(lake, deliveries)
        equal = sum(comparison.is_equal for comparison in report.comparisons)
        step.say(f"{equal} of {len(report.comparisons)} tables are equal")
    return report


def deliver(lake: DeployedLake, deliveries: Iterable[Delivery]) -> int:
    """Put files into the raw bucket, as a file server does, and give how many there are."""
    s3, bucket = lake.client("s3"), lake.published(Shared.RAW_BUCKET)
    files = list(deliveries)
    for file in files:
        s3.put_object(Bucket=bucket, Key=file.key, Body=file.content)
    return len(files)


def sample_of(trips: pa.Table) -> pa.Table:
    """Take every n-th trip: at most a month of TLC's files, from all days and hours."""
    step = -(-trips.num_rows // MOST_TRIPS)
    return trips if step <= 1 else trips.take(pa.array(range(0, trips.num_rows, step)))


def wait_until_loaded(lake: DeployedLake, files: int, since: datetime, say: Say) -> list[dict[str, Any]]:
    """Wait until this many files have ended and no execution is at work; give their items in the audit table.

    Raises:
        DemoError: an execution failed and left files behind, or nothing went on for a while.
    """
    machine_arn, patience = lake.published(Taxi.STATE_MACHINE_ARN), Patience()
    while True:
        executions, runs, items = executions_since(lake, machine_arn, since), job_runs(lake), audit_items(lake)
        ended = [item for item in items if item["file_status"] not in _UNDER_WAY]
        unfinished, failed = running(executions), [each for each in executions if each["status"] in FAILED]
        say(f"{len(ended)} of {files} files")
        if len(ended) >= files and not unfinished:
            return items
        if failed and not unfinished:
            message = f"the taxi flow's execution {ending_of(lake, failed[-1]['executionArn'])}"
            raise ExplainedError(f"{message}; {_described(items)}", failed_runs(runs, since))
        states = [(run["Id"], run["JobRunState"]) for run in runs]
        seen = (_described(items), states, [each["name"] for each in executions])
        if patience.is_over(seen, is_at_work=is_any_at_work(runs)):
            message = f"nothing went on in the taxi flow for {patience.spent}; {_described(items)}"
            raise ExplainedError(message, failed_runs(runs, since))
        time.sleep(_POLL_SECONDS)


def _described(items: Iterable[dict[str, Any]]) -> str:
    """Say how each file stands, with its own reason if it has one."""
    described = (
        f"{item['s3_key']}: {item['file_status']}{' – ' + item['error'] if item.get('error') else ''}" for item in items
    )
    return "; ".join(described) or "no file is in the audit table"


def audit_items(lake: DeployedLake) -> list[dict[str, Any]]:
    """The audit table's items of the dataset, in the order in which the files landed."""
    table = lake.dynamodb.Table(lake.published(Taxi.AUDIT_TABLE))
    items = table.scan(ConsistentRead=True)["Items"]
    return sorted((item for item in items if item["dataset"] == DATASET), key=lambda item: item["landed_at"])


def audited_files(items: Iterable[dict[str, Any]]) -> tuple[AuditedFile, ...]:
    """What the report shows of each file."""
    return tuple(
        AuditedFile(
            key=item["s3_key"],
            status=item["file_status"],
            landed_at=item["landed_at"],
            rows_loaded=int(item.get("rows_loaded", 0)),
            rows_quarantined=int(item.get("rows_quarantined", 0)),
            error=item.get("error", ""),
        )
        for item in items
    )


def quarantined_rows(lake: DeployedLake, items: Iterable[dict[str, Any]]) -> tuple[QuarantinedRow, ...]:
    """The malformed rows of files, as they lie in quarantine."""
    prefixes = sorted({item["quarantine"] for item in items if item.get("quarantine")})
    return tuple(row for prefix in prefixes for row in _rows_below(lake, prefix))


def _rows_below(lake: DeployedLake, uri: str) -> Iterable[QuarantinedRow]:
    s3 = lake.client("s3")
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            content = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read().decode()
            for line in content.splitlines():
                row = json.loads(line)
                yield QuarantinedRow(row["source_file"], row.get("line"), row["text"], row["reason"])


def taxi_report(lake: DeployedLake, deliveries: Deliveries) -> TaxiReport:
    """Compare the purpose-built tables with the delivered files, and collect what there is to show."""
    items, reader = audit_items(lake), lake.iceberg_reader
    expected = ExpectedResults(deliveries.final)
    database = lake.published(Taxi.PURPOSE_BUILT_DATABASE)
    found = {question.table: reader.read(database, question.table) for question in QUESTIONS}
    trips = reader.read(lake.published(Taxi.CONFORMED_DATABASE), f"{DATASET}_trips")
    return TaxiReport(
        files=audited_files(items),
        quarantined=quarantined_rows(lake, items),
        broken_lines=frozenset((file.key, line) for file in deliveries.final for line in file.broken_lines),
        trips=trips.num_rows,
        expected_trips=expected.trips,
        comparisons=tuple(expected.compare(question, found[question.table]) for question in QUESTIONS),
        demand=_demand(found[f"{DATASET}_hourly_demand"]),
        days=_days(found[f"{DATASET}_fares"]),
    )


def _demand(hourly: pa.Table) -> tuple[tuple[str, int, int], ...]:
    rows = hourly.group_by(["pickup_zone_id", "pickup_hour"]).aggregate([("trips", "sum")]).to_pylist()
    return tuple((str(row["pickup_zone_id"]), row["pickup_hour"], row["trips_sum"]) for row in rows)


def _days(fares: pa.Table) -> tuple[tuple[str, int, float], ...]:
    totals = fares.group_by("trip_date").aggregate([("trips", "sum"), ("fares", "sum")])
    rows = totals.sort_by("trip_date").to_pylist()
    return tuple((str(row["trip_date"]), row["trips_sum"], float(row["fares_sum"]) / row["trips_sum"]) for row in rows)
