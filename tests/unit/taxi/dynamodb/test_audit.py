"""The audit: a file is registered once, pending until it ends, and ended once, only by the holder of the lease."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.conditions import Key
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.dynamodb.leases import DynamoDbDatasetLeases
from taxi.ports import EarlierState
from taxi.records import FileOutcome, LandedFile, Lease, LoadStatus, WaitingFile

from lake.errors import LeaseLostError, RetryableError
from lake.landing.object_created import RejectedFile
from tests.unit.taxi.samples import landed, loaded

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


@pytest.fixture
def audit(dynamodb: "DynamoDBServiceResource") -> DynamoDbAudit:
    return DynamoDbAudit(dynamodb, "audit")


@pytest.fixture
def lease(dynamodb: "DynamoDBServiceResource") -> Lease:
    return acquired(dynamodb, "run-1")


def acquired(dynamodb: "DynamoDBServiceResource", owner: str) -> Lease:
    lease = DynamoDbDatasetLeases(dynamodb, "audit", seconds=60, clock=lambda: 0).acquire("yellow", owner)
    assert lease is not None
    return lease


def taken_over(dynamodb: "DynamoDBServiceResource") -> None:
    assert DynamoDbDatasetLeases(dynamodb, "audit", seconds=60, clock=lambda: 99).acquire("yellow", "run-2")


def items(dynamodb: "DynamoDBServiceResource", dataset: str = "yellow") -> dict[str, dict[str, Any]]:
    found = dynamodb.Table("audit").query(KeyConditionExpression=Key("dataset").eq(dataset))["Items"]
    return {str(item["file_id"]): item for item in found}


def statuses(dynamodb: "DynamoDBServiceResource") -> set[str]:
    return {item["file_status"] for item in items(dynamodb).values()}


def test_landed_file_has_its_item_and_is_pending(audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource") -> None:
    file = landed(key="nyc-taxi/yellow/a b+%20ü.csv", version_id="v1")
    assert audit.register(file) is EarlierState.NEW
    assert items(dynamodb)["f1"] == {
        "format": 1,
        "dataset": "yellow",
        "file_id": "f1",
        "file_status": "landed",
        "s3_bucket": "raw",
        "s3_key": "nyc-taxi/yellow/a b+%20ü.csv",
        "etag": "e1",
        "size": 10,
        "landed_at": "2026-01-05T12:00:00Z",
        "version_id": "v1",
    }
    assert audit.pending("yellow") == [file]
    assert audit.pending("green") == []


def test_file_without_version_is_pending_as_it_landed(audit: DynamoDbAudit) -> None:
    audit.register(landed())
    assert audit.pending("yellow") == [landed()]


def test_file_that_is_known_is_left_as_it_is_and_told_to_be_pending_or_ended(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed())
    audit.begin(lease, [landed()])
    assert audit.register(landed(size=99)) is EarlierState.PENDING
    assert items(dynamodb)["f1"]["file_status"] == "running"
    audit.end(lease, [loaded("f1")])
    assert audit.register(landed()) is EarlierState.ENDED
    assert items(dynamodb)["f1"]["file_status"] == "completed"
    assert audit.pending("yellow") == []


def test_running_file_tells_its_execution_and_start_and_is_still_pending(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed())
    audit.begin(lease, [landed()])
    item = items(dynamodb)["f1"]
    assert (item["file_status"], item["execution"]) == ("running", "run-1")
    assert item["started_at"].endswith("+00:00")
    assert audit.pending("yellow") == [landed()]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            FileOutcome("f1", LoadStatus.LOADED, 10, 8, 2, quarantine="s3://c/quarantine/yellow/f1/"),
            {"file_status": "completed", "rows_read": 10, "rows_loaded": 8, "rows_quarantined": 2}
            | {"quarantine": "s3://c/quarantine/yellow/f1/"},
        ),
        (
            FileOutcome("f1", LoadStatus.FAILED, error="missing columns: fare_amount"),
            {"file_status": "failed", "rows_read": 0, "rows_loaded": 0, "rows_quarantined": 0}
            | {"error": "missing columns: fare_amount"},
        ),
        (
            FileOutcome("f1", LoadStatus.SUPERSEDED),
            {"file_status": "superseded", "rows_read": 0, "rows_loaded": 0, "rows_quarantined": 0},
        ),
    ],
)
def test_ended_file_tells_what_became_of_it_and_is_pending_no_more(
    audit: DynamoDbAudit,
    dynamodb: "DynamoDBServiceResource",
    lease: Lease,
    outcome: FileOutcome,
    expected: dict[str, Any],
) -> None:
    audit.register(landed())
    before = items(dynamodb)["f1"]
    audit.end(lease, [outcome])
    item = items(dynamodb)["f1"]
    assert item.pop("ended_at").endswith("+00:00")
    assert item == {**before, **expected}
    assert audit.pending("yellow") == []


def mark_great_files(dynamodb: "DynamoDBServiceResource") -> list[LandedFile]:
    """Make files pending whose markers fill more than one page of a query."""
    files = [landed(f"f{number}") for number in range(9)]
    with dynamodb.Table("audit").batch_writer() as batch:
        for file in files:
            described = {"s3_bucket": file.bucket, "s3_key": file.key, "etag": file.etag, "size": file.size}
            marker = {"dataset": "pending#yellow", "file_id": file.file_id, "landed_at": file.landed_at}
            batch.put_item(Item={**marker, **described, "padding": "x" * 300_000})
    return files


def test_more_files_than_a_transaction_holds_begin_and_end_under_the_lease_and_each_whole(
    audit: DynamoDbAudit, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[dict[str, Any]]] = []
    monkeypatch.setattr(audit._client, "transact_write_items", lambda **request: sent.append(request["TransactItems"]))
    files = [landed(f"f{number:03}") for number in range(250)]
    audit.begin(lease, files)
    assert [len(actions) for actions in sent] == [100, 100, 53]
    sent.clear()
    audit.end(lease, [loaded(file.file_id) for file in files])
    assert [len(actions) for actions in sent] == [99] * 5 + [11]
    assert all("ConditionCheck" in actions[0] for actions in sent)
    for actions in sent:
        updated = [action["Update"]["Key"]["file_id"] for action in actions[1::2]]
        unmarked = [action["Delete"]["Key"]["file_id"] for action in actions[2::2]]
        assert updated == unmarked


def test_pending_files_of_more_than_a_page_are_all_found(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource"
) -> None:
    files = mark_great_files(dynamodb)
    page = dynamodb.Table("audit").query(KeyConditionExpression=Key("dataset").eq("pending#yellow"))
    assert "LastEvaluatedKey" in page
    assert audit.pending("yellow") == files


def test_claim_that_was_overtaken_neither_begins_nor_ends_a_file(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed())
    taken_over(dynamodb)
    with pytest.raises(LeaseLostError, match="yellow: a later claim took the lease of run-1"):
        audit.begin(lease, [landed()])
    with pytest.raises(LeaseLostError):
        audit.end(lease, [loaded("f1")])
    assert statuses(dynamodb) == {"landed"}
    assert audit.pending("yellow") == [landed()]


def test_file_that_ended_is_not_ended_again_nor_is_any_other_of_the_transaction(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed("f1"))
    audit.register(landed("f2"))
    audit.end(lease, [loaded("f1")])
    with pytest.raises(RetryableError, match="yellow: another write came between"):
        audit.end(lease, [loaded("f2"), FileOutcome("f1", LoadStatus.FAILED)])
    assert items(dynamodb)["f1"]["file_status"] == "completed"
    assert [file.file_id for file in audit.pending("yellow")] == ["f2"]


def test_no_files_need_no_transaction(audit: DynamoDbAudit, lease: Lease, dynamodb: "DynamoDBServiceResource") -> None:
    """DynamoDB refuses a transaction without actions."""
    before = items(dynamodb)
    audit.begin(lease, [])
    audit.end(lease, [])
    assert items(dynamodb) == before
    audit.register(landed("f9"))
    audit.begin(lease, [landed("f9")])
    assert items(dynamodb) != before, "with files there is one"


def test_rejected_object_is_kept_with_its_reason_however_often_its_event_comes(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource"
) -> None:
    file = RejectedFile("r1", "raw", "nyc-taxi/yellow/readme.txt", "e1", 3, "2026-01-05T12:00:00Z", "is no CSV")
    audit.record_rejected(file)
    audit.record_rejected(file)
    (item,) = items(dynamodb, "rejected").values()
    assert (item["file_status"], item["error"], item["s3_key"]) == ("rejected", "is no CSV", file.key)


WAITING = landed(tries=2, deaths=3, alone=1, most_files=4, not_before=1_767_614_400)
THROTTLED = WaitingFile(WAITING, 60, "tried twice", "S3 is slow")


def test_file_that_is_tried_again_is_pending_with_its_tries_and_the_reason(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed())
    audit.begin(lease, [landed()])
    audit.keep_pending(lease, [THROTTLED])
    assert audit.pending("yellow") == [WAITING]
    item = items(dynamodb)["f1"]
    assert (item["file_status"], item["error"], item["tries"]) == ("landed", "tried twice: S3 is slow", 2)
    assert item["next_try_at"] == "2026-01-05T12:00:00+00:00"


def test_file_that_waits_for_a_build_is_pending_with_what_was_loaded_of_it(audit: DynamoDbAudit, lease: Lease) -> None:
    outcome = FileOutcome("f1", LoadStatus.LOADED, 10, 8, 2, quarantine="s3://c/quarantine/yellow/f1/")
    audit.register(landed())
    audit.keep_pending(lease, [WaitingFile(landed(deaths=1, loaded=outcome), 60, "loaded", "broke")])
    assert audit.pending("yellow") == [landed(deaths=1, loaded=outcome)]


def test_marker_of_an_earlier_release_has_nothing_against_its_file(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource"
) -> None:
    """The item as release 82f97b7 wrote it after two tries."""
    file: dict[str, Any] = {"s3_bucket": "raw", "s3_key": "nyc-taxi/yellow/f1.csv", "etag": "e1", "size": 10}
    marker: dict[str, Any] = {
        "dataset": "pending#yellow",
        "file_id": "f1",
        "landed_at": "2026-01-05T12:00:00Z",
        "tries": 2,
    }
    dynamodb.Table("audit").put_item(Item={**marker, **file})
    assert audit.pending("yellow") == [landed(tries=2)]


def test_hastened_file_is_due_and_keeps_what_is_known_of_it(audit: DynamoDbAudit, lease: Lease) -> None:
    audit.register(landed())
    audit.keep_pending(lease, [THROTTLED])
    audit.hasten(lease, ["f1"])
    assert audit.pending("yellow") == [landed(tries=2, alone=1, most_files=4)]


def test_file_that_has_ended_is_not_hastened_into_a_marker(audit: DynamoDbAudit, lease: Lease) -> None:
    audit.register(landed())
    audit.end(lease, [loaded("f1")])
    with pytest.raises(RetryableError):
        audit.hasten(lease, ["f1"])
    assert audit.pending("yellow") == []


def test_file_that_is_loaded_after_all_says_no_more_why_it_was_not(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed())
    audit.keep_pending(lease, [THROTTLED])
    audit.end(lease, [loaded("f1")])
    item = items(dynamodb)["f1"]
    assert (item["file_status"], "error" in item) == ("completed", False)
    assert "next_try_at" not in item
    assert audit.pending("yellow") == []


def test_try_of_an_execution_that_was_taken_over_changes_nothing(
    audit: DynamoDbAudit, dynamodb: "DynamoDBServiceResource", lease: Lease
) -> None:
    audit.register(landed())
    taken_over(dynamodb)
    with pytest.raises(LeaseLostError):
        audit.keep_pending(lease, [THROTTLED])
    assert audit.pending("yellow") == [landed()]


def test_file_that_has_ended_does_not_become_pending_again(audit: DynamoDbAudit, lease: Lease) -> None:
    audit.register(landed())
    audit.end(lease, [loaded("f1")])
    with pytest.raises(RetryableError):
        audit.keep_pending(lease, [THROTTLED])
    assert audit.pending("yellow") == []


def test_what_is_in_no_item_is_unknown_among_pending_ended_and_rejected_files(
    audit: DynamoDbAudit, lease: Lease
) -> None:
    rejected = RejectedFile("r1", "raw", "nyc-taxi/x", "e", 1, "2026-01-05T12:00:00Z", "why")
    for file in (landed(), landed("f2")):
        audit.register(file)
    audit.end(lease, [loaded("f2")])
    audit.record_rejected(rejected)
    others = [landed(f"g{number}") for number in range(150)]
    assert audit.unknown([landed(), *others, landed("f2"), rejected], ["yellow"]) == others
    assert audit.unknown([], ["yellow"]) == []


def test_what_a_release_with_other_rules_wrote_down_is_known(audit: DynamoDbAudit, lease: Lease) -> None:
    """Loaded then and rejected now, or the other way round: either way its event came."""
    at = ("raw", "nyc-taxi/yellow/_x.csv", "e", 1, "2026-01-05T12:00:00Z")
    audit.record_rejected(RejectedFile("r1", *at, "Spark hides it"))
    for file in (landed("f1"), landed("f2")):
        audit.register(file)
    audit.end(lease, [loaded("f2")])
    now: list[LandedFile | RejectedFile] = [landed("r1"), landed("r2")]
    now += [RejectedFile(file_id, *at, "why") for file_id in ("f1", "f2")]
    assert audit.unknown(now, ["green", "yellow"]) == [landed("r2")]
    as_green = [replace(file, dataset="green") for file in (landed("f1"), landed("f2"))]
    assert audit.unknown(as_green, ["green", "yellow"]) == []
