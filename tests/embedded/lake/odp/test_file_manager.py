"""The deployed File Manager: from a file in the staging bucket to its entry in the tracker, whatever is delivered."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from odp.dynamodb.file_tracker import REJECTED, DynamoDbFileTracker

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.odp.books import Books, Item
from tests.embedded.lake.waiting import eventually

LOAD = "taxi_trips/table_1/LOAD00000001.parquet"
Put = Callable[..., str]


@pytest.fixture
def send(lake: DeployedLake) -> Callable[[str], None]:
    """Put a message into the File Manager's queue."""
    sqs, url = lake.client("sqs"), lake.published(Odp.FILE_MANAGER_QUEUE_URL)
    return lambda body: sqs.send_message(QueueUrl=url, MessageBody=body)


@pytest.fixture
def event(lake: DeployedLake) -> Callable[[Item], str]:
    """The EventBridge event that announced a pending file, written anew: another id, another time, the same object."""

    def write(file: Item) -> str:
        s3_object = {"key": file["file_ingestion_path"], "size": int(file["file_size"]), "etag": file["etag"]}
        s3_object |= {"version-id": file["version_id"], "sequencer": "00FF"}
        return json.dumps(
            {
                "source": "aws.s3",
                "detail-type": "Object Created",
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "detail": {"bucket": {"name": lake.published(Shared.STAGING_BUCKET)}, "object": s3_object},
            }
        )

    return write


def test_file_that_lands_is_registered_under_its_version(put: Put, books: Books, lake: DeployedLake) -> None:
    version = put(LOAD, b"PAR1 and more")
    (file,) = books.pending(1)
    assert file["source_table_name"] == "taxi_trips.table_1"
    assert file["version_id"] == version
    assert file["file_ingestion_status"] == "raw_file_landed"
    assert file["file_ingestion_s3_bucket"] == lake.published(Shared.STAGING_BUCKET)
    assert (file["file_ingestion_path"], file["file_size"], file["dms_file_type"]) == (LOAD, 13, "Full")


def test_event_delivered_again_adds_nothing_while_the_file_is_pending_nor_after_it_moved_to_history(
    put: Put, books: Books, tracker: DynamoDbFileTracker, event: Callable[[Item], str], send: Callable[[str], None]
) -> None:
    put(LOAD)
    (file,) = books.pending(1)
    for _ in range(3):
        send(event(file))
    books.wait_for_file_manager()
    assert books.items(OdpTable.FILE_TRACKER) == [file]

    tracker.mark_processed(tracker.pending_files("taxi_trips.table_1"), "jr_1", generation=1)
    for _ in range(3):
        send(event(file))
    books.wait_for_file_manager()
    assert books.items(OdpTable.FILE_TRACKER) == []
    (processed,) = books.items(OdpTable.FILE_TRACKER_HISTORY)
    assert (processed["file_id"], processed["glue_job_run_id"]) == (file["file_id"], "jr_1")


def test_full_load_uploaded_again_under_its_old_name_is_a_new_file(
    put: Put, books: Books, tracker: DynamoDbFileTracker
) -> None:
    put(LOAD, b"same content")
    books.pending(1)
    tracker.mark_processed(tracker.pending_files("taxi_trips.table_1"), "jr_1", generation=1)
    version = put(LOAD, b"same content")
    (again,) = books.pending(1)
    (processed,) = books.items(OdpTable.FILE_TRACKER_HISTORY)
    assert again["version_id"] == version != processed["version_id"]
    assert again["file_id"] != processed["file_id"]


def test_object_that_is_no_dms_file_is_recorded_with_its_reason_and_its_neighbours_are_registered_once(
    put: Put, books: Books
) -> None:
    put("taxi_trips/table_1/20260101-120000000.parquet")
    put("taxi_trips/table_1/readme.txt", b"hello")
    put("taxi_trips/table_2/a b+ü%20/LOAD00000001.parquet")
    put("taxi_trips/table_3/LOAD00000001.parquet")
    registered = books.pending(3)
    (rejected,) = eventually(lambda: books.items(OdpTable.FILE_TRACKER_HISTORY))
    assert rejected["source_table_name"] == REJECTED
    assert rejected["file_ingestion_path"] == "taxi_trips/table_1/readme.txt"
    assert rejected["reject_reason"].startswith("taxi_trips/table_1/readme.txt: the file name is neither LOAD")
    assert sorted(file["source_table_name"] for file in registered) == [
        "table_2.a b+ü%20", "taxi_trips.table_1", "taxi_trips.table_3",
    ]  # fmt: skip


def test_malformed_message_ends_in_the_dead_letter_queue_and_the_others_are_registered(
    lake: DeployedLake, put: Put, books: Books, send: Callable[[str], None]
) -> None:
    sqs, url = lake.client("sqs"), lake.published(Odp.FILE_MANAGER_QUEUE_URL)
    dead_letters = lake.published(Odp.FILE_MANAGER_DEAD_LETTER_QUEUE_URL)
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})  # six minutes, five times
    try:
        send("{ this is no event")
        put(LOAD)
        books.pending(1)
        dead = eventually(lambda: sqs.receive_message(QueueUrl=dead_letters).get("Messages"))
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)
    assert [message["Body"] for message in dead] == ["{ this is no event"]
    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=dead[0]["ReceiptHandle"])
