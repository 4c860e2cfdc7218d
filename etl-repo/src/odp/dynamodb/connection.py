"""One way to connect to DynamoDB, and to tell a lost condition from a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


def dynamodb_resource() -> DynamoDBServiceResource:
    """Connect with retries that back off while DynamoDB throttles."""
    return boto3.resource("dynamodb", config=Config(retries={"mode": "adaptive", "max_attempts": 8}))


def condition_failed(error: ClientError) -> bool:
    """Tell whether a write, alone or in a transaction, was refused by its condition."""
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return True
    reasons = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)
