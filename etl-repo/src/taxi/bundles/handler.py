"""Lambda entry point of the state machine's steps that claim and close bundles."""

from __future__ import annotations

import functools
import os
from typing import Any

from lake.cloudwatch import put_metric
from lake.errors import RejectedInputError
from lake.ledger.connection import dynamodb_resource
from taxi.bundles.bundling import WAITING_FILES, Bundling
from taxi.bundles.closing import Closing, error_text
from taxi.datasets.definitions import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.dynamodb.leases import DynamoDbLeases
from taxi.s3_bundles import S3Bundles
from taxi.step_functions import StepFunctionsStates


@functools.cache
def _steps() -> tuple[Bundling, Closing]:
    dynamodb, table = dynamodb_resource(), os.environ["AUDIT_TABLE"]
    files, leases = DynamoDbAudit(dynamodb, table), DynamoDbLeases(dynamodb, table, seconds=_number("LEASE_SECONDS"))
    bundles = S3Bundles(os.environ["BUNDLE_BUCKET"])
    bundling = Bundling(files, leases, bundles, StepFunctionsStates(), max_files_per_run=_number("MAX_FILES_PER_RUN"))
    return bundling, Closing(files, leases, bundles)


def _number(variable: str) -> int:
    return int(os.environ[variable])


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Claim or close a bundle of one dataset for one execution."""
    bundling, closing = _steps()
    if event["dataset"] not in load_datasets():
        message = f"{event['dataset']!r} is no dataset; start the execution with one of {', '.join(load_datasets())}"
        raise RejectedInputError(message)
    if event["step"] == "claim":
        if waiting := bundling.long_waiting(event["dataset"]):
            put_metric(WAITING_FILES, waiting, lake=os.environ["LAKE"])
        return bundling.claim(event["dataset"], event["execution"], event.get("execution_arn", "")).state
    if event["step"] == "close":
        return closing.close(event["bundle_key"], error_text(event.get("error"))).state
    message = f"{event['step']!r} is no step of this function; name claim or close"
    raise RejectedInputError(message)
