"""Lambda entry point of the File Manager's sweep: registers what landed in the staging bucket without an event."""

from __future__ import annotations

import logging
import os
from typing import Any

from odp.cloudwatch import put_metric
from odp.file_manager.handler import connected_lake
from odp.file_manager.reconciliation import Reconciliation
from odp.file_manager.s3_event import STAGING
from odp.s3_staging import S3StagingListing

logger = logging.getLogger(__name__)


def handle(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Look at the whole bucket; what it registers before its time is over stays registered."""
    lake = connected_lake()
    listing, sources = S3StagingListing(lake.staging.buckets), lake.staging.sources
    found = Reconciliation(listing, lake.tracker, lake.quarantine, sources).of_bucket(STAGING)
    if found.landed or found.rejected:
        logger.warning("no event told of %d landed and %d rejected files", found.landed, found.rejected)
        put_metric("MissedFiles", found.landed, lake=os.environ["LAKE"])
        put_metric("RejectedFiles", found.rejected, lake=os.environ["LAKE"])
    return {"landed": found.landed, "rejected": found.rejected}
