"""Requests are kept as they came, however large, and end once."""

import hashlib
from typing import TYPE_CHECKING

import pytest
from odp.configuration import ConfigRequest, RequestStatus
from odp.dynamodb.deploy_tracker import DynamoDbDeployTracker
from odp.dynamodb.table_leases import DynamoDbWrittenTables
from odp.records import WrittenTable

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

REQUEST = ConfigRequest("v1", "2026-01-01T00:00:00Z", b'{"manifests": {}}')


@pytest.fixture
def tracker(dynamodb: "DynamoDBServiceResource") -> DynamoDbDeployTracker:
    return DynamoDbDeployTracker(dynamodb, "deploy_tracker")


def test_request_is_kept_as_it_came_with_who_and_from_which_commit(
    tracker: DynamoDbDeployTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    tracker.receive(REQUEST, "abc123", "pipeline")
    assert tracker.document(REQUEST) == REQUEST.document
    (item,) = dynamodb.Table("deploy_tracker").scan()["Items"]
    assert (item["source_table_name"], item["deployed_at"]) == ("configuration", "2026-01-01T00:00:00Z#v1")
    assert (item["commit"], item["requested_by"], item["request_status"]) == ("abc123", "pipeline", "received")


def test_request_that_no_item_could_hold_is_kept_in_several(tracker: DynamoDbDeployTracker) -> None:
    noise = b"".join(hashlib.sha512(bytes([number % 256, number // 256])).digest() for number in range(15_000))
    request = ConfigRequest("v1", "2026-01-01T00:00:00Z", noise)
    tracker.receive(request, "", "")
    assert tracker.document(request) == noise


def test_request_received_again_keeps_its_end(tracker: DynamoDbDeployTracker) -> None:
    tracker.receive(REQUEST, "abc123", "pipeline")
    tracker.close(REQUEST, RequestStatus.REFUSED, ["wrong"])
    tracker.receive(REQUEST, "abc123", "pipeline")
    assert tracker.status(REQUEST) is RequestStatus.REFUSED


def test_request_that_ended_does_not_end_again(
    tracker: DynamoDbDeployTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    tracker.receive(REQUEST, "", "")
    tracker.close(REQUEST, RequestStatus.REFUSED, ["wrong"])
    tracker.close(REQUEST, RequestStatus.SUPERSEDED, [])
    (item,) = dynamodb.Table("deploy_tracker").scan()["Items"]
    assert (item["request_status"], item["reasons"]) == ("refused", ["wrong"])


def test_more_reasons_than_an_item_holds_are_counted(
    tracker: DynamoDbDeployTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    tracker.receive(REQUEST, "", "")
    tracker.close(REQUEST, RequestStatus.REFUSED, ["x" * 1000] * 500)
    (item,) = dynamodb.Table("deploy_tracker").scan()["Items"]
    reasons: list[str] = item["reasons"]  # type: ignore[assignment]
    assert (len(reasons), reasons[-1]) == (201, "and 300 more")


def test_ledger_shows_which_tables_are_filled_and_which_are_being_written(dynamodb: "DynamoDBServiceResource") -> None:
    leases = dynamodb.Table("leases")
    leases.put_item(
        Item={"raw_table_name": "db.full", "refresh_status": "completed", "written_with": {"hudi_primary_key": "ID"}}
    )
    leases.put_item(Item={"raw_table_name": "db.first", "refresh_status": "updating_table", "lease_owner": "jr"})
    leases.put_item(Item={"raw_table_name": "db.failed", "refresh_status": "refresh_error"})
    leases.put_item(Item={"raw_table_name": "db.fenced", "format": 3, "fencing_token": 1, "engine": "auto"})
    asked = [f"db.{name}" for name in ("full", "first", "failed", "fenced", "unknown")]
    assert DynamoDbWrittenTables(dynamodb, "leases").written(asked) == {
        "db.full": WrittenTable({"hudi_primary_key": "ID"}, is_being_written=False),
        "db.first": WrittenTable(None, is_being_written=True),
        "db.failed": WrittenTable(None, is_being_written=False),
        "db.fenced": WrittenTable(None, is_being_written=False),
    }
