"""A replica is registered as it landed in the other Region: S3 replicates in no order, and what lands first counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.landing_marks import DynamoDbLandingMarks
from odp.file_manager.first_landings import FirstLandings
from odp.records import FileType, LandedFile
from odp.s3 import S3ReplicatedObjects

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from types_boto3_s3 import S3Client

COPIED = "2026-01-01T00:20:00Z"
LANDED = "2026-01-01T00:00:03Z"
FILE = LandedFile(
    source_table_name="s.t",
    file_id="1/20260101-000000001.parquet/aa",
    file_type=FileType.CHANGES,
    schema_name="s",
    table_name="t",
    bucket="staging",
    key="s/t/20260101-000000001.parquet",
    size=7,
    etag="e",
    landed_at=COPIED,
    version_id="v1",
    sequencer="0055",
    event_reason="PutObject",
)


@pytest.fixture
def s3() -> "Iterator[tuple[S3Client, Stubber]]":
    client = boto3.client("s3", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as answers:
        yield client, answers


def stored(dynamodb: "DynamoDBServiceResource", kind: str) -> list[dict[str, Any]]:
    """Read a partition of the global table."""
    items = dynamodb.Table("regions").scan(ConsistentRead=True)["Items"]
    return [dict(item) for item in items if item["region_kind"] == kind]


class TwoRegions:
    """The ledger of the secondary, and the marks of both Regions in the one global table."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", s3: "S3Client") -> None:
        self.primary = DynamoDbLandingMarks(dynamodb, "regions", "us-east-1", clock=lambda: 1_767_225_600)
        own = DynamoDbLandingMarks(dynamodb, "regions", "us-west-2", clock=lambda: 1_767_225_600)
        self.dynamodb = dynamodb
        self.tracker = DynamoDbFileTracker(dynamodb, "files", "files_history", marks=own)
        objects = S3ReplicatedObjects({"staging": "odp-staging-west"}, s3)
        self.register = FirstLandings(self.tracker, own, objects).register
        self._client = dynamodb.meta.client

    def mark_in_primary(self, file: LandedFile) -> None:
        self._client.transact_write_items(TransactItems=[self.primary.action(file)])  # type: ignore[list-item]

    def mark(self) -> dict[str, Any]:
        return next(iter(stored(self.dynamodb, "landed#s.t")), {})

    def pending(self) -> LandedFile:
        (file,) = self.tracker.pending_files("s.t", 10).files
        return file


@pytest.fixture
def regions(dynamodb: "DynamoDBServiceResource", s3: "tuple[S3Client, Stubber]") -> TwoRegions:
    return TwoRegions(dynamodb, s3[0])


def answer(stubber: Stubber, status: str | None) -> None:
    found: dict[str, Any] = {"LastModified": datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)}
    found |= {"ReplicationStatus": status} if status else {}
    asked = {"Bucket": "odp-staging-west", "Key": FILE.key, "VersionId": "v1"}
    stubber.add_response("head_object", found, asked)


def test_replica_with_a_mark_is_registered_as_the_other_region_saw_it_land(regions: TwoRegions) -> None:
    regions.mark_in_primary(replace(FILE, landed_at=LANDED, sequencer="0001", event_reason="CopyObject"))
    assert regions.register(FILE)
    assert regions.pending() == replace(FILE, landed_at=LANDED, sequencer="0001", event_reason="CopyObject")


def test_replica_that_came_before_its_mark_has_the_time_of_its_original_and_no_sequencer_of_this_bucket(
    regions: TwoRegions, s3: "tuple[S3Client, Stubber]"
) -> None:
    answer(s3[1], "REPLICA")
    assert regions.register(FILE)
    assert regions.pending() == replace(FILE, landed_at=LANDED, sequencer=None, event_reason="")
    assert not regions.mark()  # the Region of its landing marks it


@pytest.mark.parametrize("status", [None, "PENDING", "COMPLETED", "FAILED"])
def test_file_that_landed_here_keeps_its_event_and_is_marked_for_the_other_region(
    regions: TwoRegions, s3: "tuple[S3Client, Stubber]", status: str | None
) -> None:
    answer(s3[1], status)
    assert regions.register(FILE)
    assert regions.pending() == FILE
    mark = regions.mark()
    assert (mark["key"], mark["version_id"], mark["size"]) == (FILE.key, "v1", 7)
    assert (mark["landed_at"], mark["sequencer"], mark["region"]) == (COPIED, "0055", "us-west-2")
    assert mark["expires_at"] >= 1_767_225_600 + 86_400
    assert [item["entry_id"] for item in stored(regions.dynamodb, "landed")] == ["s.t"]


@pytest.mark.parametrize("code", ["404", "405", "NoSuchVersion"])
def test_object_that_is_gone_is_registered_by_its_event(
    regions: TwoRegions, s3: "tuple[S3Client, Stubber]", code: str
) -> None:
    s3[1].add_client_error("head_object", code)
    assert regions.register(FILE)
    assert regions.pending() == FILE


def test_trouble_of_s3_registers_nothing_so_that_the_event_comes_again(
    regions: TwoRegions, s3: "tuple[S3Client, Stubber]"
) -> None:
    s3[1].add_client_error("head_object", "503", http_status_code=503)
    with pytest.raises(Exception, match="503"):
        regions.register(FILE)
    assert not regions.tracker.pending_files("s.t", 10).files
    assert not regions.mark()


def test_known_file_is_not_marked_again(regions: TwoRegions, s3: "tuple[S3Client, Stubber]") -> None:
    answer(s3[1], None)
    answer(s3[1], None)
    regions.register(FILE)
    before = regions.mark()
    assert not regions.register(replace(FILE, sequencer="0077"))
    assert regions.mark() == before


def test_mark_of_the_first_landing_is_not_overwritten_by_a_listing_of_the_other_region(regions: TwoRegions) -> None:
    regions.mark_in_primary(replace(FILE, landed_at=LANDED, sequencer="0001"))
    regions.tracker.register(replace(FILE, landed_at=LANDED, sequencer=None, event_reason=""))
    assert (regions.mark()["sequencer"], regions.mark()["region"]) == ("0001", "us-east-1")


def test_lake_without_a_secondary_marks_nothing(dynamodb: "DynamoDBServiceResource") -> None:
    DynamoDbFileTracker(dynamodb, "files", "files_history").register(FILE)
    assert not stored(dynamodb, "landed")
