"""The raw bucket and the quarantine by the S3 API."""

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from taxi import s3
from taxi.errors import PassingFailureError, SourceFileError
from taxi.records import MalformedRow
from taxi.s3 import S3Quarantine, S3RawFiles

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

KEY = "nyc-taxi/yellow/a b+%20ü.csv"


def row(line: int) -> MalformedRow:
    return MalformedRow(KEY, line, "2,ü", "fare_amount: 'ü' is not an amount")


def test_the_version_of_an_object_is_its_etag_without_quotes(bucket: "S3Client") -> None:
    etag = bucket.put_object(Bucket="bundles", Key=KEY, Body=b"x")["ETag"]
    assert S3RawFiles().version("bundles", KEY) == etag.strip('"')
    assert S3RawFiles().version("bundles", "nothing") is None


def test_a_refusal_is_no_absence(bucket: "S3Client") -> None:
    with pytest.raises(ClientError):
        S3RawFiles().read_start("no-such-bucket", KEY, 10)


def test_an_object_that_is_gone_by_now_is_the_files_own_failure(bucket: "S3Client") -> None:
    with pytest.raises(SourceFileError, match="removed while"):
        S3RawFiles().read_start("bundles", KEY, 10)


@pytest.mark.parametrize(("content", "start"), [(b"0123456789abc", b"0123456789"), (b"012", b"012"), (b"", b"")])
def test_the_start_of_an_object_is_read(bucket: "S3Client", content: bytes, start: bytes) -> None:
    bucket.put_object(Bucket="bundles", Key=KEY, Body=content)
    assert S3RawFiles().read_start("bundles", KEY, 10) == start


def test_malformed_rows_are_json_lines_below_the_id_of_their_file(
    bucket: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "ROWS_IN_OBJECT", 2)
    quarantine = S3Quarantine("bundles")
    for _ in range(2):  # a repeated run writes the same again
        assert quarantine.keep("yellow", "f1", iter([row(2), row(5), row(9)])) == "s3://bundles/quarantine/yellow/f1/"
    found = bucket.list_objects_v2(Bucket="bundles", Prefix="quarantine/")["Contents"]
    assert [item["Key"] for item in found] == [f"quarantine/yellow/f1/0000{number}.jsonl" for number in range(2)]
    lines = bucket.get_object(Bucket="bundles", Key=found[0]["Key"])["Body"].read().decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"source_file": KEY, "line": line, "text": "2,ü", "reason": "fare_amount: 'ü' is not an amount"}
        for line in (2, 5)
    ]


def test_an_object_of_malformed_rows_is_bounded_by_its_bytes_too(
    bucket: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "BYTES_IN_OBJECT", 10_000)
    rows = [MalformedRow(KEY, line, "\ud800" + "ü" * 1_000, "wrong") for line in range(50)]
    S3Quarantine("bundles").keep("yellow", "f1", iter(rows))
    found = bucket.list_objects_v2(Bucket="bundles", Prefix="quarantine/")["Contents"]
    assert all(item["Size"] < 13_000 for item in found)
    texts = [bucket.get_object(Bucket="bundles", Key=item["Key"])["Body"].read().decode() for item in found]
    assert [json.loads(line)["line"] for text in texts for line in text.splitlines()] == list(range(50))


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("RequestTimeout", 400)])
def test_an_object_that_s3_cannot_give_now_may_be_read_later(aws: None, code: str, status: int) -> None:
    raw = S3RawFiles()
    with Stubber(raw._s3) as stub:
        stub.add_client_error("get_object", code, http_status_code=status)
        with pytest.raises(PassingFailureError, match=code):
            raw.read_start("bundles", KEY, 10)
