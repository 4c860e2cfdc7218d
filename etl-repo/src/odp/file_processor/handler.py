"""Lambda entry point of the Batch Manager, the first state of the File Processor's state machine."""

from __future__ import annotations

import functools
import os
from typing import Any

from odp.aws_trouble import trouble_of_aws
from odp.dynamodb.connection import dynamodb_resource
from odp.dynamodb.file_tracker import DynamoDbPendingWork
from odp.dynamodb.running_configuration import DynamoDbCadences, RunningVersion
from odp.dynamodb.table_leases import DynamoDbHeldLeases
from odp.file_processor.batch_plan import BatchManager, state_of
from odp.s3_plans import S3PlanStorage


@functools.cache
def _batch_manager() -> BatchManager:
    dynamodb = dynamodb_resource()
    return BatchManager(
        files=DynamoDbPendingWork(dynamodb, os.environ["FILE_TRACKER_TABLE"]),
        leases=DynamoDbHeldLeases(dynamodb, os.environ["FILE_PROCESSING_TRACKER_TABLE"]),
        cadences=DynamoDbCadences(
            dynamodb,
            os.environ["BATCH_CONFIG_TABLE"],
            os.environ["RAW_TABLE_CONFIG_TABLE"],
            RunningVersion(dynamodb, os.environ["CONFIG_DEPLOY_TRACKER_TABLE"]),
        ),
        plans=S3PlanStorage(os.environ["PLAN_BUCKET"]),
    )


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Plan the batches of one execution; no pending files, no batches, no Glue run.

    Raises:
        RetryableError: the same call may succeed later, so the state machine repeats it.
    """
    with trouble_of_aws():
        batch_config, plan = _batch_manager().plan(event["refresh_cadence"], event["execution_name"])
    return state_of(batch_config, plan)
