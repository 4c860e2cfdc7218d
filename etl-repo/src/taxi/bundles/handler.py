"""Lambda entry point of the state machine's steps that claim and close bundles."""

from __future__ import annotations

import functools
from typing import Any

from lake.errors import RejectedInputError
from lake.functions import count, entry_point
from lake.ledger.connection import dynamodb_resource
from lake.log_keys import log_keys
from lake.metrics import Metric
from taxi.bundles.bundling import Bundling
from taxi.bundles.closing import Closing, error_text
from taxi.datasets.dataset import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.dynamodb.leases import DynamoDbDatasetLeases
from taxi.s3 import S3Bundles
from taxi.step_functions import StepFunctionsStates
from taxi.variables import BundlesVariables


@functools.cache
def _steps() -> tuple[Bundling, Closing]:
    dynamodb, variables = dynamodb_resource(), BundlesVariables.read()
    table = variables.audit_table
    files = DynamoDbAudit(dynamodb, table)
    leases = DynamoDbDatasetLeases(dynamodb, table, seconds=variables.lease_seconds)
    bundles = S3Bundles(variables.bundle_bucket)
    bundling = Bundling(files, leases, bundles, StepFunctionsStates(), max_files_per_run=variables.max_files_per_run)
    return bundling, Closing(files, leases, bundles)


@entry_point("taxi-bundles", BundlesVariables)
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Claim or close a bundle of one dataset for one execution."""
    execution = event["execution"]
    with log_keys(dataset=event["dataset"], execution=execution, correlation_id=execution):
        return _claim_or_close(event)


def _claim_or_close(event: dict[str, Any]) -> dict[str, Any]:
    bundling, closing = _steps()
    if event["dataset"] not in load_datasets():
        message = f"{event['dataset']!r} is no dataset; start the execution with one of {', '.join(load_datasets())}"
        raise RejectedInputError(message)
    if event["step"] == "claim":
        if waiting := bundling.long_waiting(event["dataset"]):
            count(Metric.WAITING_TAXI_FILES, waiting)
        return bundling.claim(event["dataset"], event["execution"], event.get("execution_arn", "")).state_input
    if event["step"] == "close":
        return closing.close(event["bundle_key"], error_text(event.get("error"))).state_input
    message = f"{event['step']!r} is no step of this function; name claim or close"
    raise RejectedInputError(message)
