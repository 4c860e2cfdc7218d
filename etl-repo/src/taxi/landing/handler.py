"""Lambda entry point of Landing."""

from __future__ import annotations

import functools
from typing import Any

from lake.functions import count, delivered_again, entry_point, failed_messages
from lake.ledger.connection import dynamodb_resource
from lake.metrics import Metric
from taxi.datasets.dataset import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing.registration import Landing
from taxi.step_functions import StepFunctionsExecutions
from taxi.variables import LandingVariables


@functools.cache
def _landing() -> Landing:
    variables = LandingVariables.read()
    return Landing(
        register=DynamoDbAudit(dynamodb_resource(), variables.audit_table),
        executions=StepFunctionsExecutions(variables.state_machine_arn),
        datasets=load_datasets(),
        bucket=variables.raw_bucket,
    )


@entry_point("taxi-landing", LandingVariables)
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Take in the objects named in one SQS batch; failed messages are delivered again alone."""
    batch = _landing().batch()
    failed = failed_messages(event, batch.take_in)
    failed += batch.start_executions()
    if batch.rejected:
        count(Metric.REJECTED_TAXI_FILES, batch.rejected)
    return delivered_again(failed)
