"""What a listing of the staging bucket tells: every version, page after page, under the ids that events carry."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from lake.landing.s3_listing import S3Listing
from tests import moto_session

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client: S3Client = moto_session.client("s3")
        client.create_bucket(Bucket="staging")
        client.put_object(Bucket="staging", Key="before/versioning", Body=b"1")
        client.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
        yield client


def test_every_version_of_a_folder_is_listed_with_its_id_and_the_time_in_the_form_of_events(s3: "S3Client") -> None:
    first = s3.put_object(Bucket="staging", Key="s/t/LOAD00000001.parquet", Body=b"abc")["VersionId"]
    second = s3.put_object(Bucket="staging", Key="s/t/LOAD00000001.parquet", Body=b"abcd")
    s3.put_object(Bucket="staging", Key="s/u/LOAD00000001.parquet", Body=b"abc")
    found = {version.version_id: version for version in S3Listing().versions("staging", "s/t/")}
    assert found.keys() == {first, second["VersionId"]}
    newest = found[second["VersionId"]]
    assert (newest.bucket, newest.key, newest.size) == ("staging", "s/t/LOAD00000001.parquet", 4)
    assert newest.etag == second["ETag"].strip('"')
    assert newest.last_modified.endswith("Z")
    assert len(newest.last_modified) == len("2026-01-01T00:00:00Z")


def test_objects_from_before_the_bucket_was_versioned_have_no_id_and_deleted_ones_are_gone(s3: "S3Client") -> None:
    s3.put_object(Bucket="staging", Key="s/t/a", Body=b"")
    s3.delete_object(Bucket="staging", Key="s/t/b")
    assert [version.key for version in S3Listing().versions("staging")] == ["s/t/a"]


def in_pages_of_ten() -> S3Listing:
    """A listing to which S3 answers with ten objects at once instead of a thousand."""

    def ask_for_ten(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = 10

    client = boto3.client("s3")
    client.meta.events.register("before-parameter-build.s3.ListObjectVersions", ask_for_ten)
    return S3Listing(s3=client)


def test_more_objects_than_a_page_holds_are_all_listed(s3: "S3Client") -> None:
    for number in range(25):
        s3.put_object(Bucket="staging", Key=f"s/t/{number:04}", Body=b"")
    assert len({version.key for version in in_pages_of_ten().versions("staging", "s/t/")}) == 25


def test_versions_that_a_reader_gets_are_told_from_overwritten_and_deleted_ones(s3: "S3Client") -> None:
    for key in ("s/t/a", "s/t/a", "s/t/deleted"):
        s3.put_object(Bucket="staging", Key=key, Body=b"")
    s3.delete_object(Bucket="staging", Key="s/t/deleted")
    listing = S3Listing()
    found = [(version.key, version.is_latest) for version in listing.versions("staging", "s/t/")]
    assert sorted(found) == [("s/t/a", False), ("s/t/a", True), ("s/t/deleted", False)]
    (newest,) = [version.version_id for version in listing.versions("staging", "s/t/a") if version.is_latest]
    current = listing.current_versions("staging", ["s/t/a", "s/t/deleted", "s/t/never"])
    assert current == {"s/t/a": newest, "s/t/deleted": None, "s/t/never": None}


def test_deleted_objects_are_told_with_the_time_and_overwritten_ones_are_there(s3: "S3Client") -> None:
    for key in ("s/t/a", "s/t/a", "s/t/b", "s/t/deleted", "s/t/forgotten", "s/u/other"):
        s3.put_object(Bucket="staging", Key=key, Body=b"")
    for key in ("s/t/a", "s/t/deleted"):
        s3.delete_object(Bucket="staging", Key=key)
    s3.put_object(Bucket="staging", Key="s/t/a", Body=b"")
    forgotten = s3.list_object_versions(Bucket="staging", Prefix="s/t/forgotten")["Versions"][0]["VersionId"]
    s3.delete_object(Bucket="staging", Key="s/t/forgotten", VersionId=forgotten)
    found = dict(S3Listing({"landing": "staging"}).deletions("landing", "s/t/"))
    assert found.keys() == {"s/t/a", "s/t/b", "s/t/deleted"}
    assert (found["s/t/a"], found["s/t/b"]) == ("", "")
    assert len(found["s/t/deleted"]) == len("2026-01-01T00:00:00Z")
    assert dict(S3Listing().deletions("staging", "before/")) == {"before/versioning": ""}


def test_pages_follow_one_another_by_their_markers_until_the_last(s3: "S3Client") -> None:
    for number in range(15):
        s3.put_object(Bucket="staging", Key=f"s/t/{number:04}", Body=b"")
    listing = in_pages_of_ten()
    first = listing.page("staging", "", "")
    second = listing.page("staging", first.next_key, first.next_version)
    keys = {version.key for version in (*first.versions, *second.versions)}
    assert (bool(first.next_key), second.next_key, len(keys)) == (True, "", 15)


def test_folders_below_a_prefix_are_listed_without_their_objects(s3: "S3Client") -> None:
    for key in ("s/t/a", "s/t/b", "s/u/a", "s/file", "other/x/y"):
        s3.put_object(Bucket="staging", Key=key, Body=b"")
    listing = S3Listing()
    assert list(listing.folders("staging", "s/")) == ["s/t/", "s/u/"]
    assert set(listing.folders("staging", "")) >= {"other/", "s/"}


def test_bucket_is_named_by_its_role_in_what_is_listed(s3: "S3Client") -> None:
    s3.put_object(Bucket="staging", Key="s/t/a", Body=b"")
    (found,) = S3Listing({"landing": "staging"}).versions("landing", "s/t/")
    assert found.bucket == "landing"
