"""Lambda entry point of the File Manager's sweep: registers what landed in the staging bucket without an event."""

from __future__ import annotations

import logging
import os
from typing import Any

from odp.cloudwatch import put_metric
from odp.dynamodb.connection import dynamodb_resource
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.file_manager.reconciliation import Reconciliation
from odp.s3_staging import S3StagingListing

logger = logging.getLogger(__name__)


def handle(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Look at the whole bucket; what it registers before its time is over stays registered."""
    dynamodb = dynamodb_resource()
    tracker = DynamoDbFileTracker(dynamodb, os.environ["FILE_TRACKER_TABLE"], os.environ["FILE_TRACKER_HISTORY_TABLE"])
    quarantine = DynamoDbQuarantine(dynamodb, os.environ["QUARANTINE_TABLE"])
    found = Reconciliation(S3StagingListing(), tracker, quarantine).of_bucket(os.environ["STAGING_BUCKET"])
    if found.landed or found.rejected:
        logger.warning("no event told of %d landed and %d rejected files", found.landed, found.rejected)
        put_metric("MissedFiles", found.landed, lake=os.environ["LAKE"])
        put_metric("RejectedFiles", found.rejected, lake=os.environ["LAKE"])
    return {"landed": found.landed, "rejected": found.rejected}
