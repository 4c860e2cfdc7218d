"""Lambda entry point of Landing."""

from __future__ import annotations

import functools
import os
from typing import Any

from lake.cloudwatch import put_metric
from lake.ledger.connection import dynamodb_resource
from taxi.datasets.definitions import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing.registration import Landing
from taxi.step_functions import StepFunctionsExecutions


@functools.cache
def _landing() -> Landing:
    return Landing(
        register=DynamoDbAudit(dynamodb_resource(), os.environ["AUDIT_TABLE"]),
        executions=StepFunctionsExecutions(os.environ["STATE_MACHINE_ARN"]),
        datasets=load_datasets(),
        bucket=os.environ["RAW_BUCKET"],
    )


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Take in the objects named in one SQS batch; failed messages are delivered again alone."""
    registration = _landing().take_in(event["Records"])
    if registration.rejected:
        put_metric("RejectedTaxiFiles", registration.rejected, lake=os.environ["LAKE"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in registration.failed_message_ids]}
