"""S3 as a source: listing and ranged reads, and each failure as one error that says what to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from moto import mock_aws
from odp_cli.inference.errors import (
    InferenceError,
    ObjectUnreadableError,
    SourceAccessError,
    SourceNotFoundError,
    SourceUnreadableError,
    SourceUrlError,
)
from odp_cli.inference.landed_tables import landed_tables
from odp_cli.inference.s3_source import S3Location, s3_source
from odp_cli.inference.table_profile import profile

from tests.tools.odp_cli.inference.landing import SETTINGS

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "staging"


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """Keeps the description of S3, which takes longest of all to load."""
    return boto3.Session(region_name="us-east-1")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> "Iterator[S3Client]":
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = session.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def fetched_bytes(client: "S3Client") -> list[int]:
    """Remember how much each later GetObject brings."""
    fetched: list[int] = []
    client.meta.events.register(
        "after-call.s3.GetObject", lambda parsed, **_: fetched.append(parsed.get("ContentLength", 0))
    )
    return fetched


def refuse(client: "S3Client", operation: str, code: str) -> None:
    """Let an operation fail as AWS would."""

    def fail(**_: Any) -> None:
        raise botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    client.meta.events.register(f"before-call.s3.{operation}", fail)


def large_file() -> bytes:
    rows = 200_000
    measures = {f"measure_{number}": pc.random(rows, initializer=number) for number in range(3)}
    table = pa.table({"id": range(rows), **measures})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, row_group_size=20_000, use_dictionary=False)
    return bytes(buffer.getvalue())


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://staging", "staging", ""),
        ("s3://staging/", "staging", ""),
        ("s3://staging/dms", "staging", "dms/"),
        ("s3://my.bucket-1/a/b c/", "my.bucket-1", "a/b c/"),
    ],
)
def test_url_names_a_bucket_and_perhaps_a_folder(url: str, bucket: str, prefix: str) -> None:
    assert S3Location.parse(url) == S3Location(bucket, prefix)


@pytest.mark.parametrize("url", ["", "staging", "s3:/staging", "s3://", "s3:///dms", "s3://A/b", "https://staging/dms"])
def test_malformed_url_is_refused_with_how_to_write_it(url: str) -> None:
    with pytest.raises(SourceUrlError, match="write s3://bucket or s3://bucket/folder"):
        s3_source(url)


def test_objects_under_a_prefix_are_listed_over_all_pages(s3: "S3Client") -> None:
    for number in range(5):
        s3.put_object(Bucket=BUCKET, Key=f"dms/s/t/LOAD{number:08X}.parquet", Body=b"x")

    def two_a_page(params: dict[str, Any], **_: Any) -> Any:
        return {**params, "MaxKeys": 2}

    s3.meta.events.register("provide-client-params.s3.ListObjectsV2", two_a_page)
    listed = s3_source(f"s3://{BUCKET}/dms", s3).objects()
    assert [int(each.name[4:12], 16) for each in listed] == [0, 1, 2, 3, 4]
    assert (listed[0].size, listed[0].last_modified.tzinfo is not None) == (1, True)


def test_folder_does_not_match_its_neighbour_of_a_longer_name(s3: "S3Client") -> None:
    for folder in ("dms", "dms_old"):
        s3.put_object(Bucket=BUCKET, Key=f"{folder}/s/t/LOAD00000001.parquet")
    assert [each.key for each in s3_source(f"s3://{BUCKET}/dms", s3).objects()] == ["dms/s/t/LOAD00000001.parquet"]


def test_source_connects_by_itself_with_the_callers_credentials(s3: "S3Client") -> None:
    s3.put_object(Bucket=BUCKET, Key="s/t/LOAD00000001.parquet")
    assert len(s3_source(f"s3://{BUCKET}").objects()) == 1


def test_missing_bucket_is_named(s3: "S3Client") -> None:
    with pytest.raises(SourceNotFoundError, match="no bucket is named absent-bucket; check the name"):
        s3_source("s3://absent-bucket", s3).objects()


def test_folder_without_objects_is_named(s3: "S3Client") -> None:
    with pytest.raises(SourceNotFoundError, match="s3://staging/empty/ holds no object; give the folder that"):
        s3_source(f"s3://{BUCKET}/empty", s3).objects()


def test_listing_without_permission_names_the_permission(s3: "S3Client") -> None:
    refuse(s3, "ListObjectsV2", "AccessDenied")
    with pytest.raises(SourceAccessError, match="AccessDenied; use credentials that may do s3:ListBucket"):
        s3_source(f"s3://{BUCKET}", s3).objects()


def test_expired_credentials_are_a_matter_of_access(s3: "S3Client") -> None:
    refuse(s3, "ListObjectsV2", "ExpiredToken")
    with pytest.raises(SourceAccessError, match="ExpiredToken"):
        s3_source(f"s3://{BUCKET}", s3).objects()


def test_missing_credentials_say_how_to_sign_in(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise botocore.exceptions.NoCredentialsError

    s3.meta.events.register("before-call.s3.ListObjectsV2", fail)
    with pytest.raises(SourceAccessError, match="aws sso login"):
        s3_source(f"s3://{BUCKET}", s3).objects()


def test_unknown_aws_profile_is_a_matter_of_access(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(SourceAccessError, match="nobody-has-this"):
        s3_source(f"s3://{BUCKET}")


def test_unreachable_endpoint_says_what_to_check(s3: "S3Client") -> None:
    def fail(**_: Any) -> None:
        raise botocore.exceptions.EndpointConnectionError(endpoint_url="http://nowhere")

    s3.meta.events.register("before-call.s3.ListObjectsV2", fail)
    with pytest.raises(SourceUnreadableError, match="check the network, AWS_REGION and AWS_ENDPOINT_URL"):
        s3_source(f"s3://{BUCKET}", s3).objects()


@pytest.mark.parametrize(
    "error", [SourceUrlError, SourceNotFoundError, SourceAccessError, SourceUnreadableError, ObjectUnreadableError]
)
def test_every_error_is_an_inference_error(error: type[Exception]) -> None:
    assert issubclass(error, InferenceError)


def test_footer_of_a_large_file_costs_a_fraction_of_the_object(s3: "S3Client") -> None:
    content = large_file()
    s3.put_object(Bucket=BUCKET, Key="s/t/LOAD00000001.parquet", Body=content)
    source = s3_source(f"s3://{BUCKET}", s3)
    fetched = fetched_bytes(s3)
    with source.open(source.objects()[0]) as file:
        assert pq.ParquetFile(file).metadata.num_rows == 200_000
    assert len(fetched) == 1
    assert sum(fetched) <= 64 * 1024 < len(content) / 50


def test_row_group_of_a_large_file_costs_little_more_than_its_own_bytes(s3: "S3Client") -> None:
    content = large_file()
    s3.put_object(Bucket=BUCKET, Key="s/t/LOAD00000001.parquet", Body=content)
    source = s3_source(f"s3://{BUCKET}", s3)
    fetched = fetched_bytes(s3)
    with source.open(source.objects()[0]) as file:
        parquet = pq.ParquetFile(file, pre_buffer=True)
        assert parquet.read_row_group(5, columns=["id"]).column("id")[0].as_py() == 100_000
    assert sum(fetched) < len(content) / 10


def test_table_is_profiled_from_s3_without_reading_all_of_it(s3: "S3Client") -> None:
    content = large_file()
    s3.put_object(Bucket=BUCKET, Key="s/t/LOAD00000001.parquet", Body=content)
    source = s3_source(f"s3://{BUCKET}", s3)
    (table,) = landed_tables(source.objects()).tables
    fetched = fetched_bytes(s3)
    assert profile(table, source, SETTINGS).primary_key.columns == ("id",)
    assert sum(fetched) < len(content)  # the floating-point columns stay where they are


def test_object_deleted_after_the_listing_is_reported_and_left_out(s3: "S3Client") -> None:
    key = "s/t/LOAD00000001.parquet"
    s3.put_object(Bucket=BUCKET, Key=key, Body=large_file())
    source = s3_source(f"s3://{BUCKET}", s3)
    (table,) = landed_tables(source.objects()).tables
    s3.delete_object(Bucket=BUCKET, Key=key)
    (unreadable,) = profile(table, source, SETTINGS).unreadable
    assert unreadable.key == key
    assert "s3://staging/s/t/LOAD00000001.parquet cannot be read" in unreadable.reason


def test_reading_without_permission_stops_with_the_permissions_that_are_missing(s3: "S3Client") -> None:
    s3.put_object(Bucket=BUCKET, Key="s/t/LOAD00000001.parquet", Body=large_file())
    source = s3_source(f"s3://{BUCKET}", s3)
    (table,) = landed_tables(source.objects()).tables
    refuse(s3, "GetObject", "AccessDenied")
    with pytest.raises(SourceAccessError, match=r"s3:GetObject \(and kms:Decrypt\)"):
        profile(table, source, SETTINGS)
