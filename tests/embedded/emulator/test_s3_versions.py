"""What S3 says of versions that were overwritten or deleted, by which the lake tells what can be read."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Deleted = tuple[Any, str, str]


@pytest.fixture
def deleted(aws: Callable[[str], Any], bucket: str) -> Deleted:
    """An object with two versions and a delete marker: the client, its version, the delete marker."""
    s3 = aws("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="key", Body=b"first")
    version = s3.put_object(Bucket=bucket, Key="key", Body=b"second")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="key")
    assert marker["DeleteMarker"]
    return s3, version, marker["VersionId"]


def _refusal(call: Callable[..., Any], **request: str) -> tuple[int, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    response = refused.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_listing_names_the_newest_version_as_the_latest_and_no_other(aws: Callable[[str], Any], bucket: str) -> None:
    s3 = aws("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=bucket, Key="key", Body=body)["VersionId"] for body in (b"1", b"2"))
    listed = s3.list_object_versions(Bucket=bucket)
    assert [(each["VersionId"], each["IsLatest"]) for each in listed["Versions"]] == [(second, True), (first, False)]


def test_listing_of_a_deleted_object_has_its_marker_as_the_latest_and_keeps_the_versions(
    deleted: Deleted, bucket: str
) -> None:
    s3, _, marker = deleted
    listed = s3.list_object_versions(Bucket=bucket)
    assert [(each["VersionId"], each["IsLatest"]) for each in listed["DeleteMarkers"]] == [(marker, True)]
    assert [each["IsLatest"] for each in listed["Versions"]] == [False, False]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_object_that_is_put_again_after_its_deletion_is_the_latest_version(deleted: Deleted, bucket: str) -> None:
    s3, *_ = deleted
    again = s3.put_object(Bucket=bucket, Key="key", Body=b"third")["VersionId"]
    listed = s3.list_object_versions(Bucket=bucket)
    assert [each["VersionId"] for each in listed["Versions"] if each["IsLatest"]] == [again]
    assert [each["IsLatest"] for each in listed["DeleteMarkers"]] == [False]
    assert s3.head_object(Bucket=bucket, Key="key")["VersionId"] == again


def test_pages_of_one_entry_list_what_one_page_lists(deleted: Deleted, bucket: str) -> None:
    s3, version, marker = deleted
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    entries = [
        each["VersionId"] for page in pages for each in (*page.get("DeleteMarkers", ()), *page.get("Versions", ()))
    ]
    assert entries[:2] == [marker, version]
    assert len(entries) == 3


def test_deleted_object_is_not_found_by_its_key(deleted: Deleted, bucket: str) -> None:
    s3, *_ = deleted
    assert _refusal(s3.head_object, Bucket=bucket, Key="key") == (404, "404")
    assert _refusal(s3.get_object, Bucket=bucket, Key="key") == (404, "NoSuchKey")


def test_version_of_a_deleted_object_can_be_read_by_its_id(deleted: Deleted, bucket: str) -> None:
    s3, version, _ = deleted
    found = s3.get_object(Bucket=bucket, Key="key", VersionId=version, Range="bytes=0-2")
    assert (found["Body"].read(), found["VersionId"]) == (b"sec", version)
    assert s3.head_object(Bucket=bucket, Key="key", VersionId=version)["ContentLength"] == len(b"second")


def test_delete_marker_can_be_neither_read_nor_looked_at(deleted: Deleted, bucket: str) -> None:
    s3, _, marker = deleted
    named = {"Bucket": bucket, "Key": "key", "VersionId": marker}
    assert _refusal(s3.get_object, **named) == (405, "MethodNotAllowed")
    assert _refusal(s3.head_object, **named) == (405, "405")


def test_version_that_was_removed_is_not_found(deleted: Deleted, bucket: str) -> None:
    s3, version, _ = deleted
    s3.delete_object(Bucket=bucket, Key="key", VersionId=version)
    assert _refusal(s3.get_object, Bucket=bucket, Key="key", VersionId=version) == (404, "NoSuchVersion")


def test_end_of_a_version_can_be_read_by_itself_and_nothing_beyond_it(deleted: Deleted, bucket: str) -> None:
    s3, version, _ = deleted
    named = {"Bucket": bucket, "Key": "key", "VersionId": version}
    end = s3.get_object(**named, Range="bytes=-3")
    assert (end["Body"].read(), end["ContentRange"]) == (b"ond", "bytes 3-5/6")
    assert _refusal(s3.get_object, **named, Range="bytes=6-7")[0] == 416


def test_copy_of_an_object_onto_itself_is_a_new_version(aws: Callable[[str], Any], bucket: str) -> None:
    s3, request = aws("s3"), {"Bucket": bucket, "Key": "key"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(**request, Body=b"x")["VersionId"]
    copied = s3.copy_object(**request, CopySource=request, MetadataDirective="REPLACE")["VersionId"]
    assert copied != put
    assert s3.head_object(**request)["VersionId"] == copied
