"""Lambda entry point of the File Manager's sweep: finds files without an event, and loads whose objects are gone."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from odp.cloudwatch import put_metric
from odp.dynamodb.connection import dynamodb_resource
from odp.dynamodb.file_tracker import DynamoDbPendingWork
from odp.dynamodb.running_configuration import DynamoDbRunningConfiguration, RunningVersion
from odp.dynamodb.sweep_state import DynamoDbSweepState
from odp.file_manager.bucket_sweep import Sweep, Swept
from odp.file_manager.handler import connected_lake
from odp.file_manager.reconciliation import Reconciliation
from odp.file_manager.s3_event import STAGING
from odp.file_manager.unconfigured_tables import keep_unconfigured_tables
from odp.file_manager.vanished_loads import VanishedLoads
from odp.file_manager.vanished_look import LOOK_LASTS, VanishedLook
from odp.file_manager.waiting_files import count_that_expire, held_tables_that_lose_files, tables_that_lose_files
from odp.records import HELD_KINDS, PendingWork, QuarantineKind
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
    look = _vanished_look()
    swept = _sweep().run(ends_at - LOOK_LASTS if look.is_due() else ends_at)
    rejected = _count_expiring_rejected() if look.is_due() else 0
    pending = DynamoDbPendingWork(dynamodb_resource(), os.environ["FILE_TRACKER_TABLE"]).pending_work()
    configured = _running().everything().tables
    _tell(
        {
            **_counts(swept),
            "UnconfiguredTables": keep_unconfigured_tables(pending, configured, connected_lake().quarantine),
            "ExpiringFiles": _count_expiring(pending) + rejected,
        }
    )
    look.run(configured, ends_at)
    return {"landed": swept.found.landed, "missed": swept.found.missed, "rejected": swept.found.rejected}


def _sweep() -> Sweep:
    lake = connected_lake()
    sources, listing = lake.staging.sources, S3StagingListing(lake.staging.buckets)
    return Sweep(
        reconciliation=Reconciliation(listing, lake.tracker, lake.quarantine, sources),
        listing=listing,
        states=_states(),
        bucket=STAGING,
        folders=sources.prefixes,
        clock=_now,
    )


def _vanished_look() -> VanishedLook:
    lake = connected_lake()
    listing, days = S3StagingListing(lake.staging.buckets), int(os.environ["LANDED_FILE_DAYS"])
    states = _states()
    loads = VanishedLoads(lake.tracker, listing, lake.quarantine, days, _now, states.load().expired_until)
    return VanishedLook(loads, states, _now, _tell_vanished)


def _states() -> DynamoDbSweepState:
    return DynamoDbSweepState(dynamodb_resource(), os.environ["FILE_TRACKER_TABLE"], STAGING)


def _running() -> DynamoDbRunningConfiguration:
    dynamodb = dynamodb_resource()
    return DynamoDbRunningConfiguration(
        dynamodb,
        os.environ["BATCH_CONFIG_TABLE"],
        os.environ["RAW_TABLE_CONFIG_TABLE"],
        RunningVersion(dynamodb, os.environ["CONFIG_DEPLOY_TRACKER_TABLE"]),
    )


def _count_expiring(pending: Mapping[str, PendingWork]) -> int:
    days, lake = int(os.environ["LANDED_FILE_DAYS"]), connected_lake()
    entries = [entry for kind in HELD_KINDS for entry in lake.quarantine.of_tables(kind)]
    found = {
        *tables_that_lose_files(pending, lake.tracker.oldest_landing, now=_now(), landed_file_days=days),
        *held_tables_that_lose_files(entries, now=_now(), landed_file_days=days),
    }
    for name in sorted(found):
        logger.warning(
            "%s: files that wait or are held are about to expire after %d days in the staging bucket", name, days
        )
    return len(found)


def _count_expiring_rejected() -> int:
    """Count the open ones, which a person may still want; once a day, as there may be many that stay on record."""
    days, quarantine = int(os.environ["LANDED_FILE_DAYS"]), connected_lake().quarantine
    rejected = quarantine.of_tables(QuarantineKind.REJECTED_FILE)
    landed = [entry.landed_from for entry in rejected if not entry.is_dismissed]
    found = count_that_expire(landed, now=_now(), landed_file_days=days)
    if found:
        logger.warning("%d rejected files are about to expire after %d days in the staging bucket", found, days)
    return found


def _counts(swept: Swept) -> dict[str, int]:
    found = swept.found
    if found.landed or found.rejected:
        logger.warning("no event told of %d landed and %d rejected files", found.landed, found.rejected)
    is_slow = swept.round_hours > ROUND_HOURS
    return {"MissedFiles": found.missed, "RejectedFiles": found.rejected, "SlowSweeps": int(is_slow)}


def _tell(counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        if count:
            put_metric(name, count, lake=os.environ["LAKE"])


def _tell_vanished(table: str) -> None:
    logger.warning("%s: all objects of its load are gone", table)
    _tell({"VanishedLoads": 1})


def _now() -> datetime:
    return datetime.now(UTC)
