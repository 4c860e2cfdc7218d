"""Events that S3 sends to EventBridge name the object's version where the bucket has versions."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def event_of(aws: Callable[[str], Any], bucket: str) -> Callable[[str], dict[str, Any]]:
    """Put an object and give the event that arrives for it in a queue."""
    aws("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    queue = aws("sqs").create_queue(QueueName="events")["QueueUrl"]
    arn = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    aws("events").put_rule(Name="created", EventPattern=json.dumps({"source": ["aws.s3"]}))
    aws("events").put_targets(Rule="created", Targets=[{"Id": "queue", "Arn": arn}])

    def put(key: str) -> dict[str, Any]:
        aws("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for message in aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                aws("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                return dict(json.loads(message["Body"])["detail"]["object"])
        raise AssertionError(f"no event arrived for {key}")

    return put


def test_event_of_a_versioned_bucket_names_the_version_that_was_put(
    aws: Callable[[str], Any], bucket: str, event_of: Callable[[str], dict[str, Any]]
) -> None:
    aws("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = event_of("key"), event_of("key")
    listed = aws("s3").list_object_versions(Bucket=bucket)["Versions"]
    assert {first["version-id"], second["version-id"]} == {version["VersionId"] for version in listed}
    assert first["version-id"] != second["version-id"]


def test_event_of_an_unversioned_bucket_names_no_version(event_of: Callable[[str], dict[str, Any]]) -> None:
    assert "version-id" not in event_of("key")
