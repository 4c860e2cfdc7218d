"""Lambda entry point of the File Manager."""

from __future__ import annotations

import functools
import os
from typing import Any

from odp.cloudwatch import put_metric
from odp.dynamodb.connection import dynamodb_resource
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.file_manager.registration import register_batch
from odp.ports import FileRegister, Quarantine


@functools.cache
def _places() -> tuple[FileRegister, Quarantine]:
    dynamodb = dynamodb_resource()
    tracker = DynamoDbFileTracker(dynamodb, os.environ["FILE_TRACKER_TABLE"], os.environ["FILE_TRACKER_HISTORY_TABLE"])
    return tracker, DynamoDbQuarantine(dynamodb, os.environ["QUARANTINE_TABLE"])


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Register the objects named in one SQS batch; failed messages are delivered again alone."""
    registration = register_batch(event["Records"], *_places())
    if registration.rejected:
        put_metric("RejectedFiles", registration.rejected, lake=os.environ["LAKE"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in registration.failed_message_ids]}
