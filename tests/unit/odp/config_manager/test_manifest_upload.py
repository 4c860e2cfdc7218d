"""Manifests become one request when a deployment brings them, and CloudFormation always gets its answer."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from moto import mock_aws
from odp.config_manager.manifest_upload import handle, manifests_in
from odp.config_manager.request import REQUEST_KEY, RequestContent, read_request

from tests.function_call import CallContext


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where CloudFormation waits for the answer, and the answers that came."""
    received: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("LAKE", "odp-dev")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3")
        for bucket in ("assets", "lake-config"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="lake-config", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="assets", Key="hash.zip", Body=archive(**{"b.json": "{}", "schema/s.json": "x"}))
        queue = boto3.client("sqs").create_queue(QueueName="requests")["QueueUrl"]
        monkeypatch.setenv("CONFIG_BUCKET", "lake-config")
        monkeypatch.setenv("QUEUE_URL", queue)
        yield boto3


def event(url: str, kind: str = "Create", key: str = "hash.zip") -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "ConfigManagerRequest",
        "ResourceProperties": {
            "ArchiveBucket": "assets",
            "ArchiveKey": key,
            "Commit": "abc123",
            "RequestedBy": "pipeline",
        },
    }


def test_manifests_of_the_archive_are_the_files_at_its_top() -> None:
    files = {"b.json": "B", "a.json": "A", "readme.md": "no", "schema/manifest.schema.json": "no"}
    assert manifests_in(archive(**files)) == {"a.json": "A", "b.json": "B"}


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_request_is_written_and_announced_with_its_version(
    kind: str, aws: Any, answers: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = answers
    handle(event(url, kind), CallContext())
    found = aws.client("s3").get_object(Bucket="lake-config", Key=REQUEST_KEY)
    assert read_request(found["Body"].read()) == RequestContent("abc123", "pipeline", {"b.json": "{}"})
    (message,) = aws.client("sqs").receive_message(QueueUrl=queue_url(aws))["Messages"]
    assert json.loads(message["Body"])["detail"]["object"] == {"key": REQUEST_KEY, "version-id": found["VersionId"]}
    (answer,) = received
    assert (answer["Status"], answer["RequestId"], answer["StackId"]) == ("SUCCESS", "request", "stack")


def test_deleting_the_resource_leaves_the_configuration_alone(
    aws: Any, answers: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = answers
    handle(event(url, "Delete"), CallContext())
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket="lake-config")
    assert [answer["Status"] for answer in received] == ["SUCCESS"]


def test_failure_is_answered_too_with_its_reason(aws: Any, answers: tuple[str, list[dict[str, Any]]]) -> None:
    url, received = answers
    handle(event(url, key="missing.zip"), CallContext())
    (answer,) = received
    assert answer["Status"] == "FAILED"
    assert "NoSuchKey" in answer["Reason"]


def queue_url(aws: Any) -> str:
    return str(aws.client("sqs").get_queue_url(QueueName="requests")["QueueUrl"])
