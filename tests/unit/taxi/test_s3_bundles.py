"""Bundles and outcomes lie in S3 as the contract between the Lambda functions and the jobs says."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from taxi.records import FileOutcome, LoadStatus
from taxi.s3 import S3Bundles

from tests.unit.taxi.samples import bundle_of, loaded

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


@pytest.fixture
def bundles(bucket: "S3Client") -> S3Bundles:
    return S3Bundles("bundles")


def document(bucket: "S3Client", key: str) -> dict[str, Any]:
    return dict(json.loads(bucket.get_object(Bucket="bundles", Key=key)["Body"].read()))


def test_bundle_keeps_the_epoch_under_which_it_was_claimed_and_has_none_of_an_earlier_release(
    bundles: S3Bundles, bucket: "S3Client"
) -> None:
    bundle = replace(bundle_of("f1"), epoch=12)
    bundles.write(bundle)
    assert bundles.read(bundle.key) == bundle
    stored = {name: value for name, value in document(bucket, bundle.key).items() if name != "epoch"}
    bucket.put_object(Bucket="bundles", Key=bundle.key, Body=json.dumps(stored).encode())
    assert bundles.read(bundle.key).epoch == 0


def test_bundle_is_read_as_it_was_written(bundles: S3Bundles, bucket: "S3Client") -> None:
    bundle = bundle_of("f1", "f2", number=7)
    bundles.write(bundle)
    assert bundles.read("taxi/bundles/yellow/run-1/7.json") == bundle
    assert document(bucket, bundle.key) == {
        "format": 1,
        "dataset": "yellow",
        "execution": "run-1",
        "number": 7,
        "epoch": 0,
        "files": [
            {
                "file_id": file_id,
                "bucket": "raw",
                "key": f"nyc-taxi/yellow/{file_id}.csv",
                "etag": "e1",
                "size": 10,
                "landed_at": "2026-01-05T12:00:00Z",
                "version_id": None,
                "tries": 0,
                "deaths": 0,
                "alone": 0,
                "most_files": 0,
                "not_before": 0,
            }
            for file_id in ("f1", "f2")
        ],
    }


def test_outcome_lies_beside_its_bundle_and_a_later_one_replaces_it(bundles: S3Bundles, bucket: "S3Client") -> None:
    key = bundle_of().key
    assert bundles.outcome(key) is None
    bundles.write_outcome(key, [loaded("f1")])
    failed = FileOutcome("f2", LoadStatus.FAILED, rows_read=9, rows_quarantined=9, quarantine="s3://c/q/", error="bad")
    bundles.write_outcome(key, [loaded("f1"), failed])
    assert bundles.outcome(key) == {"f1": loaded("f1"), "f2": failed}
    assert document(bucket, "taxi/bundles/yellow/run-1/1.outcome.json")


def test_bundle_that_is_gone_or_a_bucket_that_is_closed_is_an_error(bundles: S3Bundles) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        bundles.read("taxi/bundles/yellow/run-1/1.json")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3Bundles("elsewhere").outcome("taxi/bundles/yellow/run-1/1.json")


def test_what_a_later_release_adds_is_left_out_and_what_an_earlier_one_lacks_has_its_default(
    bucket: "S3Client",
) -> None:
    bundle, bundles = bundle_of("f1"), S3Bundles("bundles")
    bundles.write(bundle)
    bundles.write_outcome(bundle.key, [loaded("f1")])
    for key in (bundle.key, bundle.key.replace(".json", ".outcome.json")):
        stored = document(bucket, key)
        for file in stored["files"]:
            file["mood"] = "fine"
            for added in ("tries", "deaths", "alone", "most_files", "not_before"):
                file.pop(added, None)
        bucket.put_object(Bucket="bundles", Key=key, Body=json.dumps(stored).encode())
    assert bundles.read(bundle.key) == bundle
    assert bundles.outcome(bundle.key) == {"f1": loaded("f1")}
