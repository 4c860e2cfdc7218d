"""Step 11: the taxi flow, and Athena on an Iceberg table."""

from __future__ import annotations

from collections.abc import Iterator

from boto3.dynamodb.conditions import Key

from deployment_account.names import Shared, Taxi, TaxiName
from scripts.smoke.lake import Item
from scripts.smoke.made import Phase
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.refreshes import ENDED_RUNS
from scripts.smoke.removal import remove_objects
from scripts.smoke.step import Evidence, Smoke, Step

DATASET, TABLE = "green", "green_trips"
HEADER = (
    "VendorID,lpep_pickup_datetime,lpep_dropoff_datetime,store_and_fwd_flag,RatecodeID,PULocationID,DOLocationID,"
    "passenger_count,trip_distance,fare_amount,extra,mta_tax,tip_amount,tolls_amount,ehail_fee,improvement_surcharge,"
    "total_amount,payment_type,trip_type,congestion_surcharge\n"
)
TRIP = "2,2021-01-0{day} 10:00:00,2021-01-0{day} 10:12:00,N,1,142,43,1,2.1,9.50,3,0.5,1.25,0,,0.3,13.05,1,1,2.5\n"
TRIPS = "".join(TRIP.format(day=day) for day in (1, 2, 3))
ENDED = {"completed", "failed", "superseded"}


def taxi_flow(smoke: Smoke) -> Evidence:
    """Send one file through the flow where nobody's trips are, or where a person asked for it; query what is there."""
    trips = _trips(smoke)
    if trips and not smoke.options.taxi:
        return [
            f"Athena: {trips} trips in {TABLE} (Iceberg)",
            "no file was sent, because the table is in use; --taxi sends one and takes its trips out again",
        ]
    key = f"nyc-taxi/{DATASET}/{smoke.names.run}.csv"
    smoke.made.note(
        Phase.LANDED,
        f"trips of {key}",
        lambda: _take_out(smoke, key),
        by_hand=f"put a file with the header line alone at {key} in the raw bucket, wait for the flow, then delete it",
    )
    smoke.made.note(
        Phase.RUNNING,
        f"executions of the taxi flow for {key}",
        lambda: _stop(smoke, key),
        by_hand="stop the execution of taxi_flow and its Glue run",
    )
    item = _loaded(smoke, key, HEADER + TRIPS)
    sent = TRIPS.count("\n")
    rows = _trips_of(smoke, key)
    if rows != sent:
        raise StepFailedError(f"Athena sees {rows} trips of {key} in {TABLE}, {sent} were sent")
    return [f"{key}: {item['file_status']}, {item.get('rows_loaded')} rows", f"Athena: {rows} trips of it in {TABLE}"]


def _loaded(smoke: Smoke, key: str, content: str) -> Item:
    """Put a file, and wait until the flow has ended it."""
    bucket = smoke.lake.published(Shared.RAW_BUCKET)
    etag = smoke.lake.s3.put_object(Bucket=bucket, Key=smoke.names.require_own(key), Body=content.encode())["ETag"]
    item = smoke.patience.until(
        f"the taxi flow to load {key}",
        lambda: _audited(smoke, key, etag.strip('"')),
        lambda found: found.get("file_status") in ENDED,
    )
    if item["file_status"] != "completed":
        raise StepFailedError(f"{key} is {item['file_status']}: {item.get('error', '')}")
    return item


def _audited(smoke: Smoke, key: str, etag: str) -> Item:
    return next((item for item in _audit(smoke, DATASET) if (item["s3_key"], item["etag"]) == (key, etag)), {})


def _audit(smoke: Smoke, partition: str) -> Iterator[Item]:
    table = smoke.lake.dynamodb.Table(smoke.lake.published(Taxi.AUDIT_TABLE))
    pages = table.meta.client.get_paginator("query").paginate(
        TableName=table.name, KeyConditionExpression=Key("dataset").eq(partition), ConsistentRead=True
    )
    return (item for page in pages for item in page["Items"] if "s3_key" in item)


def _stop(smoke: Smoke, key: str) -> None:
    """End what still loads the file, unless it loads files of others too: those keep their run."""
    pending = {str(item["s3_key"]) for item in _audit(smoke, f"pending#{DATASET}")}
    if pending != {key}:
        return
    machine, glue = smoke.lake.client("stepfunctions"), smoke.lake.client("glue")
    arn = smoke.lake.published(Taxi.STATE_MACHINE_ARN)
    for execution in machine.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        if DATASET not in machine.describe_execution(executionArn=execution["executionArn"]).get("input", ""):
            continue
        machine.stop_execution(executionArn=execution["executionArn"], cause="the smoke test ends")
        for job in map(smoke.lake.names.taxi, (TaxiName.CONFORMED_JOB, TaxiName.PURPOSE_BUILT_JOB)):
            runs = glue.get_job_runs(JobName=job)["JobRuns"]
            ours = [run for run in runs if execution["name"] in str(run.get("Arguments"))]
            if ids := [run["Id"] for run in ours if run["JobRunState"] not in ENDED_RUNS]:
                glue.batch_stop_job_run(JobName=job, JobRunIds=ids)


def _take_out(smoke: Smoke, key: str) -> None:
    """A corrected file without a trip takes the trips of the first one out of all tables."""
    _loaded(smoke, key, HEADER)
    remove_objects(smoke.lake.s3, smoke.lake.published(Shared.RAW_BUCKET), smoke.names.require_own(key))


def _trips(smoke: Smoke) -> int:
    """How many trips the conformed table has; 0 if nothing has made it yet."""
    glue, database = smoke.lake.client("glue"), smoke.lake.published(Taxi.CONFORMED_DATABASE)
    try:
        glue.get_table(DatabaseName=database, Name=TABLE)
    except glue.exceptions.EntityNotFoundException:
        return 0
    ((count,),) = smoke.queries.ask(f"SELECT count(*) FROM {TABLE}", database)  # noqa: S608  the name is ours
    return int(count)


def _trips_of(smoke: Smoke, key: str) -> int:
    sql = f"SELECT count(*) FROM {TABLE} WHERE source_file = '{key}'"  # noqa: S608  the names are ours
    ((count,),) = smoke.queries.ask(sql, smoke.lake.published(Taxi.CONFORMED_DATABASE))
    return int(count)


STEPS = (
    Step(
        11,
        "the taxi flow and Athena on Iceberg",
        "a file of trips becomes rows of an Iceberg table, which Athena reads in the lake's workgroup",
        "the item of the file in taxi_audit says what failed; then the execution of taxi_flow and its Glue logs",
        taxi_flow,
    ),
)
