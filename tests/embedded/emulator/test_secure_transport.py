"""Buckets that demand TLS stay usable over loopback."""

import json
from collections.abc import Callable
from typing import Any


def _deny(condition: dict[str, Any], bucket: str) -> str:
    statement = {
        "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Condition": condition,
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _reads(bucket: str) -> str:
    return f"""
        import boto3
        def handle(event, context):
            return boto3.client("s3").list_objects_v2(Bucket="{bucket}")["KeyCount"]
    """


def test_a_bucket_that_demands_tls_can_be_read(
    aws: Callable[[str], Any], bucket: str, make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=_deny({"Bool": {"aws:SecureTransport": "false"}}, bucket))
    assert invoke(make_function(_reads(bucket), "s3:ListBucket")) == 0


def test_other_conditions_of_a_bucket_policy_still_deny(
    aws: Callable[[str], Any], bucket: str, make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=_deny({"StringNotEquals": {"aws:SourceIp": "10.0.0.1"}}, bucket))
    assert "AccessDenied" in invoke(make_function(_reads(bucket), "s3:ListBucket"))["errorMessage"]
