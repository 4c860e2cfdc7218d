"""Rule 1 in the ledger: a file is known by its id, whether it is pending or in the history."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from odp.dynamodb.file_tracker import REJECTED, DynamoDbFileTracker, DynamoDbPendingWork
from odp.records import FileType, LandedFile, PendingWork, RejectedFile

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

FILE = LandedFile(
    source_table_name="s.t",
    file_id="f1",
    file_type=FileType.CHANGES,
    schema_name="s",
    table_name="t",
    bucket="staging",
    key="s/t/20260101-000000001.parquet",
    size=7,
    etag="e",
    landed_at="2026-01-01T00:00:00Z",
    version_id="v1",
)


@pytest.fixture
def tracker(dynamodb: "DynamoDBServiceResource") -> DynamoDbFileTracker:
    return DynamoDbFileTracker(dynamodb, "files", "files_history")


def test_registered_file_is_pending_as_it_landed(tracker: DynamoDbFileTracker) -> None:
    assert tracker.register(FILE) is True
    assert tracker.pending_files("s.t") == [FILE]


def test_repeated_registration_changes_nothing(tracker: DynamoDbFileTracker) -> None:
    tracker.register(FILE)
    assert tracker.register(replace(FILE, size=8)) is False
    assert tracker.pending_files("s.t") == [FILE]


def test_event_replayed_after_the_file_moved_to_history_changes_nothing(tracker: DynamoDbFileTracker) -> None:
    tracker.register(FILE)
    tracker.mark_processed([FILE], "jr_1", generation=1)
    assert tracker.register(FILE) is False
    assert tracker.pending_files("s.t") == []


def test_processed_file_names_the_run_and_the_generation_in_the_history(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    tracker.register(FILE)
    tracker.mark_processed([FILE], "jr_1", generation=3)
    item = dynamodb.Table("files_history").get_item(Key={"source_table_name": "s.t", "file_id": "f1"})["Item"]
    assert item["file_ingestion_status"] == "raw_file_processed"
    assert (item["glue_job_run_id"], item["generation"], item["file_ingestion_path"]) == ("jr_1", 3, FILE.key)


def test_moving_files_twice_leaves_each_once_in_the_history(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    tracker.register(FILE)
    tracker.mark_processed([FILE], "jr_1", generation=1)
    tracker.mark_processed([FILE], "jr_1", generation=1)
    assert dynamodb.Table("files_history").scan()["Count"] == 1


def test_more_files_than_one_transaction_holds_are_all_moved(tracker: DynamoDbFileTracker) -> None:
    files = [replace(FILE, file_id=f"f{number}") for number in range(120)]
    for file in files:
        tracker.register(file)
    tracker.mark_processed(files, "jr_1", generation=1)
    assert tracker.pending_files("s.t") == []
    assert len(tracker.processed_changes("s.t")) == 120


def test_processed_changes_are_those_of_the_table_without_full_loads(tracker: DynamoDbFileTracker) -> None:
    load = replace(FILE, file_id="load", file_type=FileType.FULL_LOAD)
    other = replace(FILE, file_id="other", source_table_name="s.u")
    tracker.mark_processed([FILE, load, other], "jr_2", generation=2)
    assert tracker.processed_changes("s.t") == [replace(FILE, generation=2)]


def test_files_that_are_neither_pending_nor_in_the_history_nor_rejected_are_unknown(
    tracker: DynamoDbFileTracker,
) -> None:
    pending = [replace(FILE, file_id=f"pending {number}") for number in range(110)]
    for file in pending:
        tracker.register(file)
    processed = replace(FILE, file_id="processed")
    tracker.mark_processed([processed], "jr_1", generation=1)
    rejected = RejectedFile("rejected", "staging", "readme.txt", 3, "2026-01-01T00:00:00Z", "no DMS file")
    tracker.record_rejected(rejected)
    others: list[LandedFile | RejectedFile] = [
        replace(FILE, file_id="unknown"),
        replace(rejected, file_id="unknown and no DMS file"),
    ]
    assert tracker.unknown([*pending, processed, rejected, *others]) == others


def test_pending_work_sums_files_and_bytes_of_each_table(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    for file in (FILE, replace(FILE, file_id="f2", size=5), replace(FILE, source_table_name="s.u")):
        tracker.register(file)
    assert DynamoDbPendingWork(dynamodb, "files").pending_work() == {
        "s.t": PendingWork("s.t", 2, 12),
        "s.u": PendingWork("s.u", 1, 7),
    }


def test_rejected_object_is_kept_with_its_reason_and_is_never_pending(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    rejected = RejectedFile("r1", "staging", "readme.txt", 3, "2026-01-01T00:00:00Z", "no DMS file")
    tracker.record_rejected(rejected)
    item = dynamodb.Table("files_history").get_item(Key={"source_table_name": REJECTED, "file_id": "r1"})["Item"]
    assert (item["file_ingestion_status"], item["reject_reason"]) == ("rejected", "no DMS file")
    assert DynamoDbPendingWork(dynamodb, "files").pending_work() == {}
