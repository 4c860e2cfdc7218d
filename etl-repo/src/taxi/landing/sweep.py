"""Lambda entry point of the sweep over the raw bucket: registers files without an event."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from lake.cloudwatch import put_metric
from lake.lambda_context import LambdaContext, time_out
from lake.landing.s3_listing import S3Listing
from lake.ledger.connection import dynamodb_resource
from lake.ledger.sweep_state import DynamoDbSweepState
from taxi.datasets.definitions import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing.raw_sweep import RawSweep

STOPS_BEFORE = timedelta(seconds=60)
"""How long before its time-out a run stops: more than it takes to register a thousand files that nobody knew."""


def handle(event: dict[str, object], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Look through the landing folders until shortly before the time-out; the next run goes on there."""
    ends_at = time_out(context, _now()) - STOPS_BEFORE
    missed = _sweep().run(ends_at)
    for name, count in (("MissedTaxiFiles", missed.landed), ("RejectedTaxiFiles", missed.rejected)):
        if count:
            put_metric(name, count, lake=os.environ["LAKE"])
    return {"landed": missed.landed, "rejected": missed.rejected}


def _sweep() -> RawSweep:
    dynamodb, table, bucket = dynamodb_resource(), os.environ["AUDIT_TABLE"], os.environ["RAW_BUCKET"]
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
