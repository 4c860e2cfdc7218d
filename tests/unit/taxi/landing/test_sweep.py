"""The sweep through its entry point, on a versioned bucket and the real audit table."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing import raw_sweep, sweep

from tests.function_call import CallContext, metrics_in

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from types_boto3_s3.client import S3Client


def test_files_without_events_are_registered_counted_and_told_of_once(
    dynamodb: "DynamoDBServiceResource",
    bucket: "S3Client",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"AUDIT_TABLE": "audit", "RAW_BUCKET": "raw", "LAKE": "test-lake"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(raw_sweep, "EVENTS_TAKE", timedelta())
    monkeypatch.setattr(raw_sweep, "ROUND_EVERY", timedelta())
    bucket.create_bucket(Bucket="raw")
    bucket.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    for key in ("nyc-taxi/yellow/a.csv", "nyc-taxi/yellow/b.csv", "nyc-taxi/readme.txt", "odpf/table/x.csv"):
        bucket.put_object(Bucket="raw", Key=key, Body=b"1")
    bucket.delete_object(Bucket="raw", Key="nyc-taxi/yellow/b.csv")
    assert sweep.handle({}, CallContext(milliseconds=300_000)) == {"landed": 1, "rejected": 1}
    metrics = metrics_in(capsys.readouterr().out)
    assert [metric.get("MissedTaxiFiles", metric.get("RejectedTaxiFiles")) for metric in metrics] == [1, 1]
    (file,) = DynamoDbAudit(dynamodb, "audit").pending("yellow")
    assert (file.key, file.etag, file.size) == ("nyc-taxi/yellow/a.csv", "c4ca4238a0b923820dcc509a6f75849b", 1)
    assert sweep.handle({}, CallContext(milliseconds=300_000)) == {"landed": 0, "rejected": 0}
    assert metrics_in(capsys.readouterr().out) == []
