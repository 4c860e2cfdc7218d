"""Lambda entry point of the File Manager."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

from lake.cloudwatch import put_metric
from lake.ledger.connection import dynamodb_resource
from odp.dynamodb.books_format import DynamoDbBooksFormat
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.file_manager.registration import register_batch
from odp.file_manager.s3_event import STAGING, Staging
from odp.file_manager.sources import Sources


@dataclass(frozen=True, slots=True)
class Lake:
    """Where files are registered, and what their keys and buckets mean."""

    tracker: DynamoDbFileTracker
    quarantine: DynamoDbQuarantine
    staging: Staging


@functools.cache
def connected_lake() -> Lake:
    """Connect to the lake of the environment variables; raises BooksFormatError before its books are migrated."""
    dynamodb = dynamodb_resource()
    files = os.environ["FILE_TRACKER_TABLE"], os.environ["FILE_TRACKER_HISTORY_TABLE"]
    DynamoDbBooksFormat(dynamodb, os.environ["CONFIG_DEPLOY_TRACKER_TABLE"], files).require_current()
    return Lake(
        tracker=DynamoDbFileTracker(dynamodb, *files),
        quarantine=DynamoDbQuarantine(dynamodb, os.environ["QUARANTINE_TABLE"]),
        staging=Staging(Sources.from_json(os.environ["SOURCES"]), {STAGING: os.environ["STAGING_BUCKET"]}),
    )


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Register the objects named in one SQS batch; failed messages are delivered again alone."""
    lake = connected_lake()
    registration = register_batch(event["Records"], lake.tracker, lake.quarantine, lake.staging)
    if registration.rejected:
        put_metric("RejectedFiles", registration.rejected, lake=os.environ["LAKE"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in registration.failed_message_ids]}
