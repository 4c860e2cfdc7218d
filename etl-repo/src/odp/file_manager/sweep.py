"""Lambda entry point of the File Manager's sweep: registers what landed in the staging bucket without an event."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from typing import Protocol

from odp.cloudwatch import put_metric
from odp.dynamodb.connection import dynamodb_resource
from odp.dynamodb.file_tracker import DynamoDbFileTracker, DynamoDbPendingWork
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.running_configuration import DynamoDbRunningConfiguration, RunningVersion
from odp.dynamodb.sweep_state import DynamoDbSweepState
from odp.file_manager.bucket_sweep import Sweep, Swept
from odp.file_manager.reconciliation import Reconciliation
from odp.file_manager.unconfigured_tables import keep_unconfigured_tables
from odp.s3_staging import S3StagingListing

logger = logging.getLogger(__name__)

STOPS_BEFORE = timedelta(seconds=90)
"""How long before its time-out a run stops: more than it takes to register a page of a thousand files."""
ROUND_HOURS = 24
"""A round over the whole bucket that takes longer cannot keep up with it."""


class LambdaContext(Protocol):
    """What Lambda tells a function of its call."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds that are left until the time-out."""


def handle(event: dict[str, object], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Look at what is due until shortly before the time-out; the next run goes on there."""
    ends_at = _now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - STOPS_BEFORE
    new_unconfigured = _keep_unconfigured()
    swept = _sweep().run(ends_at)
    _tell(swept, new_unconfigured)
    found = swept.found
    return {"landed": found.landed, "missed": found.missed, "rejected": found.rejected}


def _sweep() -> Sweep:
    dynamodb, bucket = dynamodb_resource(), os.environ["STAGING_BUCKET"]
    pending_table = os.environ["FILE_TRACKER_TABLE"]
    tracker = DynamoDbFileTracker(dynamodb, pending_table, os.environ["FILE_TRACKER_HISTORY_TABLE"])
    quarantine, listing = DynamoDbQuarantine(dynamodb, os.environ["QUARANTINE_TABLE"]), S3StagingListing()
    return Sweep(
        reconciliation=Reconciliation(listing, tracker, quarantine),
        listing=listing,
        states=DynamoDbSweepState(dynamodb, pending_table, bucket),
        bucket=bucket,
        folders=("",),
        clock=_now,
    )


def _keep_unconfigured() -> int:
    dynamodb = dynamodb_resource()
    running = DynamoDbRunningConfiguration(
        dynamodb,
        os.environ["BATCH_CONFIG_TABLE"],
        os.environ["RAW_TABLE_CONFIG_TABLE"],
        RunningVersion(dynamodb, os.environ["CONFIG_DEPLOY_TRACKER_TABLE"]),
    )
    pending = DynamoDbPendingWork(dynamodb, os.environ["FILE_TRACKER_TABLE"]).pending_work()
    quarantine = DynamoDbQuarantine(dynamodb, os.environ["QUARANTINE_TABLE"])
    return keep_unconfigured_tables(pending, running.everything().tables, quarantine)


def _tell(swept: Swept, new_unconfigured: int) -> None:
    found = swept.found
    if found.landed or found.rejected:
        logger.warning("no event told of %d landed and %d rejected files", found.landed, found.rejected)
    counts = {
        "MissedFiles": found.missed,
        "RejectedFiles": found.rejected,
        "UnconfiguredTables": new_unconfigured,
        "SlowSweeps": int(swept.round_hours > ROUND_HOURS),
    }
    for name, count in counts.items():
        if count:
            put_metric(name, count, lake=os.environ["LAKE"])


def _now() -> datetime:
    return datetime.now(UTC)
