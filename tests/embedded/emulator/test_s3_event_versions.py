"""Events that S3 sends to EventBridge name the object's version where the bucket has versions, and what wrote it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

EventOf = Callable[[Callable[[], object]], dict[str, Any]]


@pytest.fixture
def event_of(aws: Callable[[str], Any], bucket: str) -> EventOf:
    """Write an object and give the details of the event that arrives for it in a queue."""
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

    def written(write: Callable[[], object]) -> dict[str, Any]:
        write()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for message in aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                aws("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                return dict(json.loads(message["Body"])["detail"])
        raise AssertionError("no event arrived")

    return written


@pytest.fixture
def put(aws: Callable[[str], Any], bucket: str) -> Callable[[], object]:
    """Put one object."""
    return lambda: aws("s3").put_object(Bucket=bucket, Key="key", Body=b"x")


def _upload_in_parts(s3: Any, bucket: str) -> None:
    named = {"Bucket": bucket, "Key": "key"}
    upload = s3.create_multipart_upload(**named)["UploadId"]
    part = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)


def test_event_of_a_versioned_bucket_names_the_version_that_was_put(
    aws: Callable[[str], Any], bucket: str, event_of: EventOf, put: Callable[[], object]
) -> None:
    aws("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = event_of(put)["object"], event_of(put)["object"]
    listed = aws("s3").list_object_versions(Bucket=bucket)["Versions"]
    assert {first["version-id"], second["version-id"]} == {version["VersionId"] for version in listed}
    assert first["version-id"] != second["version-id"]


def test_event_of_an_unversioned_bucket_names_no_version(event_of: EventOf, put: Callable[[], object]) -> None:
    assert "version-id" not in event_of(put)["object"]


def test_event_tells_by_its_reason_whether_an_object_was_put_copied_or_uploaded_in_parts(
    aws: Callable[[str], Any], bucket: str, event_of: EventOf, put: Callable[[], object]
) -> None:
    s3, source = aws("s3"), {"Bucket": bucket, "Key": "key"}
    writes = (
        put,
        lambda: s3.copy_object(Bucket=bucket, Key="key", CopySource=source, MetadataDirective="REPLACE"),
        lambda: _upload_in_parts(s3, bucket),
    )
    reasons = [event_of(write)["reason"] for write in writes]
    assert reasons == ["PutObject", "CopyObject", "CompleteMultipartUpload"]
