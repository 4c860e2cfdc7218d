"""Lambda entry point of the sweep over the raw bucket: registers files without an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lake.functions import LambdaContext, count, entry_point, time_out
from lake.landing.s3_listing import S3Listing
from lake.ledger.connection import dynamodb_resource
from lake.ledger.sweep_state import DynamoDbSweepState
from lake.metrics import Metric
from taxi.datasets.dataset import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing.raw_sweep import RawSweep
from taxi.variables import LandingSweepVariables

STOPS_BEFORE = timedelta(seconds=60)
"""How long before its time-out a run stops: more than it takes to register a thousand files that nobody knew."""


@entry_point("taxi-landing-sweep", LandingSweepVariables)
def handle(event: dict[str, object], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Look through the landing folders until shortly before the time-out; the next run continues there."""
    ends_at = time_out(context, _now()) - STOPS_BEFORE
    missed = _sweep().run(ends_at)
    for metric, number in (
        (Metric.MISSED_TAXI_FILES, missed.landed),
        (Metric.REJECTED_TAXI_FILES, missed.rejected),
    ):
        if number:
            count(metric, number)
    return {"landed": missed.landed, "rejected": missed.rejected}


def _sweep() -> RawSweep:
    dynamodb, variables = dynamodb_resource(), LandingSweepVariables.read()
    table, bucket = variables.audit_table, variables.raw_bucket
    return RawSweep(
        register=DynamoDbAudit(dynamodb, table),
        listing=S3Listing(),
        states=DynamoDbSweepState(dynamodb, table, bucket, partition="dataset"),
        datasets=load_datasets(),
        bucket=bucket,
        clock=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)
