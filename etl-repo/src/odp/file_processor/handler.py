"""Lambda entry point of the Batch Manager, the first state of the File Processor's state machine."""

from __future__ import annotations

import functools
import os
from typing import Any

from odp.aws_trouble import trouble_of_aws
from odp.dynamodb.connection import dynamodb_resource
from odp.dynamodb.file_tracker import DynamoDbPendingWork
from odp.dynamodb.planning import DynamoDbCadenceClaims, DynamoDbPlannedLeases
from odp.dynamodb.running_configuration import DynamoDbCadences, RunningVersion
from odp.executions import StepFunctionsExecutions
from odp.file_processor.batch_plan import BatchManager
from odp.s3_plans import S3PlanStorage


@functools.cache
def _batch_manager() -> BatchManager:
    dynamodb = dynamodb_resource()
    leases_table = os.environ["FILE_PROCESSING_TRACKER_TABLE"]
    return BatchManager(
        files=DynamoDbPendingWork(dynamodb, os.environ["FILE_TRACKER_TABLE"]),
        leases=DynamoDbPlannedLeases(dynamodb, leases_table),
        cadences=DynamoDbCadences(
            dynamodb,
            os.environ["BATCH_CONFIG_TABLE"],
            os.environ["RAW_TABLE_CONFIG_TABLE"],
            RunningVersion(dynamodb, os.environ["CONFIG_DEPLOY_TRACKER_TABLE"]),
        ),
        plans=S3PlanStorage(os.environ["PLAN_BUCKET"]),
        claims=DynamoDbCadenceClaims(dynamodb, leases_table, StepFunctionsExecutions().is_running),
        job_timeout_minutes=int(os.environ["JOB_TIMEOUT_MINUTES"]),
    )


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Plan one execution, or release its cadence at its end; no pending files, no batches, no Glue run.

    Raises:
        RetryableError: the same call may succeed later, so the state machine repeats it.
    """
    step = {"plan": _batch_manager().plan, "release": _batch_manager().release}[event.get("step", "plan")]
    with trouble_of_aws():
        return step(event["refresh_cadence"], event["execution"])
