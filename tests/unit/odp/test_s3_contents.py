"""Whether a version of an object is news: an object that was copied or restored in place is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws
from odp.records import FileType, LandedFile
from odp.s3 import S3ObjectContents

from tests import moto_session

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEY = "s/t/LOAD00000001.parquet"
MEGABYTE = 1 << 20
LARGE = b"a" * (2 * MEGABYTE + 10)
"""More than the two ends that are compared."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = moto_session.client("s3")
        client.create_bucket(Bucket="lake-staging")
        client.put_bucket_versioning(Bucket="lake-staging", VersioningConfiguration={"Status": "Enabled"})
        yield client


def put(s3: S3Client, body: bytes, etag: str) -> LandedFile:
    """Store a version; with a KMS key its ETag says nothing of its bytes, so the test names one."""
    version = s3.put_object(Bucket="lake-staging", Key=KEY, Body=body)["VersionId"]
    file_id = f"0/LOAD00000001.parquet/{version}"
    return LandedFile(
        "s.t", file_id, FileType.FULL_LOAD, "s", "t", "staging", KEY, len(body), etag, "2026", version_id=version
    )


def has_same_content(version: LandedFile, earlier: LandedFile) -> bool | None:
    return S3ObjectContents({"staging": "lake-staging"}).has_same_content(version, earlier)


def test_versions_of_one_etag_and_size_are_the_same_without_a_read(s3: S3Client) -> None:
    first, second = put(s3, b"one", "e"), put(s3, b"two", "e")
    assert has_same_content(second, first)


@pytest.mark.parametrize("body", [b"one", b"", LARGE])
def test_equal_bytes_are_the_same_whatever_their_etags_with_a_kms_key(s3: S3Client, body: bytes) -> None:
    first, second = put(s3, body, "e1"), put(s3, body, "e2")
    assert has_same_content(second, first)


@pytest.mark.parametrize(
    ("body", "other"),
    [
        (b"one", b"two"),
        (b"one", b"three"),
        (LARGE, b"b" + LARGE[1:]),
        (LARGE, LARGE[:-1] + b"b"),
        (LARGE, LARGE[: MEGABYTE - 1] + b"b" + LARGE[MEGABYTE:]),
        (LARGE, LARGE[:-MEGABYTE] + b"b" + LARGE[-MEGABYTE + 1 :]),
        (LARGE[: 2 * MEGABYTE], LARGE[:MEGABYTE] + b"b" + LARGE[MEGABYTE + 1 : 2 * MEGABYTE]),
    ],
    ids=[
        "small",
        "another size",
        "first byte",
        "last byte",
        "end of the head",
        "begin of the tail",
        "both ends are all",
    ],
)
@pytest.mark.parametrize("etag", ["e2", ""])
def test_other_bytes_at_either_end_are_another_content(s3: S3Client, body: bytes, other: bytes, etag: str) -> None:
    first, second = put(s3, body, "" if etag == "" else "e1"), put(s3, other, etag)
    assert has_same_content(second, first) is False
    assert has_same_content(first, second) is False


@pytest.mark.parametrize("is_gone", ["version", "earlier"])
def test_version_that_is_gone_is_neither_the_same_nor_another(s3: S3Client, is_gone: str) -> None:
    versions = {"earlier": put(s3, b"one", "e1"), "version": put(s3, b"two", "e2")}
    s3.delete_object(Bucket="lake-staging", Key=KEY, VersionId=str(versions[is_gone].version_id))
    assert has_same_content(**versions) is None


def test_failure_to_read_is_no_answer(s3: S3Client) -> None:
    first, second = put(s3, b"one", "e1"), put(s3, b"two", "e2")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        S3ObjectContents({"staging": "another"}).has_same_content(second, first)
