"""The deployed File Manager: from a file in the staging bucket to its entry in the tracker, whatever is delivered."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.file_manager.registration import STAGING

from deployment_account.names import Odp, OdpTable, Shared
from lake.landing.listings import SweepState
from lake.landing.s3_listing import S3Listing
from lake.ledger.sweep_state import DynamoDbSweepState
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.emulator.process import Emulator
from tests.embedded.lake.odp.ledger import Item, Ledger, process
from tests.embedded.waiting import eventually

LOAD = "taxi_trips/table_1/LOAD00000001.parquet"
Put = Callable[..., str]


@pytest.fixture
def send(lake: DeployedLake) -> Callable[[str], None]:
    """Put a message into the File Manager's queue."""
    sqs, url = lake.client("sqs"), lake.published(Odp.FILE_MANAGER_QUEUE_URL)
    return lambda body: sqs.send_message(QueueUrl=url, MessageBody=body)


@pytest.fixture
def event(lake: DeployedLake) -> Callable[[Item], str]:
    """The EventBridge event that announced a pending file, written again: another id, another time, the same object."""

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


def test_file_that_lands_is_registered_under_its_version_and_the_role_of_its_bucket(put: Put, ledger: Ledger) -> None:
    version = put(LOAD, b"PAR1 and more")
    (file,) = ledger.pending(1)
    assert file["source_table_name"] == "taxi_trips.table_1"
    assert file["version_id"] == version
    assert file["file_ingestion_status"] == "raw_file_landed"
    assert file["file_ingestion_s3_bucket"] == STAGING, "its role, which is the same in every Region"
    assert file["event_reason"] == "PutObject"
    assert (file["file_ingestion_path"], file["file_size"], file["dms_file_type"]) == (LOAD, 13, "Full")


def test_rule_1_event_delivered_again_adds_nothing_while_the_file_is_pending_nor_after_it_moved_to_history(
    put: Put, ledger: Ledger, tracker: DynamoDbFileTracker, event: Callable[[Item], str], send: Callable[[str], None]
) -> None:
    put(LOAD)
    (file,) = ledger.pending(1)
    for _ in range(3):
        send(event(file))
    ledger.wait_for_file_manager()
    assert ledger.items(OdpTable.FILE_TRACKER) == [file]

    process(ledger.lake, *tracker.pending_files("taxi_trips.table_1", 10).files)
    for _ in range(3):
        send(event(file))
    ledger.wait_for_file_manager()
    assert ledger.items(OdpTable.FILE_TRACKER) == []
    (processed,) = ledger.items(OdpTable.FILE_TRACKER_HISTORY)
    assert (processed["file_id"], processed["glue_job_run_id"]) == (file["file_id"], "jr_1")


def test_rule_1_full_load_uploaded_again_under_its_old_name_is_a_new_file(
    put: Put, ledger: Ledger, tracker: DynamoDbFileTracker, lake: DeployedLake
) -> None:
    put(LOAD, b"same content")
    ledger.pending(1)
    process(lake, *tracker.pending_files("taxi_trips.table_1", 10).files)
    version = put(LOAD, b"same content")
    (again,) = ledger.pending(1)
    (processed,) = ledger.items(OdpTable.FILE_TRACKER_HISTORY)
    assert again["version_id"] == version != processed["version_id"]
    assert again["file_id"] != processed["file_id"]


def test_object_that_is_no_dms_file_is_recorded_with_its_reason_and_its_neighbours_are_registered_once(
    put: Put, ledger: Ledger
) -> None:
    put("taxi_trips/table_1/20260101-120000000.parquet")
    put("taxi_trips/table_1/readme.txt", b"hello")
    put("taxi_trips/table_2/a b+ü%20/LOAD00000001.parquet")
    put("taxi_trips/table_3/LOAD00000001.parquet")
    registered = ledger.pending(3)
    (rejected,) = eventually(lambda: ledger.items(OdpTable.QUARANTINE))
    assert rejected["quarantine_kind"] == "rejected_file"
    assert rejected["file_ingestion_path"] == "taxi_trips/table_1/readme.txt"
    assert rejected["reason"].startswith("taxi_trips/table_1/readme.txt: the file name is neither LOAD")
    assert sorted(file["source_table_name"] for file in registered) == [
        "taxi_trips.table_1", "taxi_trips.table_2", "taxi_trips.table_3",
    ]  # fmt: skip


def test_malformed_message_is_in_quarantine_once_and_the_others_are_registered(
    put: Put, ledger: Ledger, send: Callable[[str], None]
) -> None:
    for body in ("{ this is no event", "{ this is no event", "[]"):
        send(body)
    put(LOAD)
    ledger.pending(1)
    ledger.wait_for_file_manager()
    entries = {entry["message"]: entry for entry in ledger.items(OdpTable.QUARANTINE)}
    assert entries.keys() == {"{ this is no event", "[]"}
    assert {entry["quarantine_kind"] for entry in entries.values()} == {"malformed_message"}
    assert all(entry["reason"].startswith("the message is no Object Created event") for entry in entries.values())


def test_rule_2_files_whose_events_were_lost_are_found_by_the_sweep_under_the_ids_of_their_events(
    lake: DeployedLake, put: Put, ledger: Ledger, event: Callable[[Item], str], send: Callable[[str], None]
) -> None:
    put(LOAD)
    put("taxi_trips/a b+ü%20/20260101-120000000.parquet")
    put("readme.txt")
    announced = ledger.pending(2)
    ledger.wait_for_file_manager()
    ledger.empty()

    found = sweep(lake)
    assert found == {"landed": 2, "missed": 0, "rejected": 1}
    by_id = {file["file_id"]: file for file in ledger.items(OdpTable.FILE_TRACKER)}
    for file in announced:
        assert by_id[file["file_id"]]["version_id"] == file["version_id"]
    assert "readme.txt" in {entry.get("file_ingestion_path") for entry in ledger.items(OdpTable.QUARANTINE)}
    assert sweep(lake) == {"landed": 0, "missed": 0, "rejected": 0}
    for file in announced:
        send(event(file))
    ledger.wait_for_file_manager()
    assert len(ledger.items(OdpTable.FILE_TRACKER)) == len(by_id)


def test_listing_begins_after_a_key_that_need_not_exist(
    lake: DeployedLake, put: Put, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the emulator: moto passes over the first key after such a marker."""
    for name, value in emulator.shell_environment(lake.environment.account).items():
        monkeypatch.setenv(name, value)
    for day in ("20260101", "20260102", "20260103"):
        put(f"s/t/{day}-000000001.parquet")
    put("s/t/LOAD00000001.parquet")
    found = S3Listing().versions(lake.published(Shared.STAGING_BUCKET), "s/t/", after="s/t/20260102")
    assert [version.key[4:12] for version in found] == ["20260102", "20260103", "LOAD0000"]


def test_files_of_a_table_that_no_manifest_names_are_one_entry_in_quarantine_while_they_wait(
    lake: DeployedLake, put: Put, ledger: Ledger
) -> None:
    for number in (1, 2):
        put(f"taxi_trips/nobody/LOAD0000000{number}.parquet", b"PAR1")
    waiting = ledger.pending(2)
    for _ in range(2):
        sweep(lake)
        (entry,) = ledger.items(OdpTable.QUARANTINE)
        assert (entry["quarantine_kind"], entry["entry_id"]) == ("unconfigured_table", "taxi_trips.nobody")
        assert (entry["files"], entry["bytes"]) == (2, 8)
    tables = DecisionTables(
        pending=lake.table(OdpTable.FILE_TRACKER),
        history=lake.table(OdpTable.FILE_TRACKER_HISTORY),
        leases=lake.table(OdpTable.FILE_PROCESSING_TRACKER),
        history_days=400,
    )
    for file in waiting:
        assert DynamoDbFileDecisions(lake.dynamodb, tables).skip("taxi_trips.nobody", file["file_id"], "not wanted")
    sweep(lake)
    assert ledger.items(OdpTable.QUARANTINE) == []


def test_load_whose_objects_were_all_deleted_is_noticed_by_the_sweep_until_another_load_comes(
    lake: DeployedLake, put: Put, ledger: Ledger, tracker: DynamoDbFileTracker
) -> None:
    parts = [f"taxi_trips/table_1/LOAD0000000{number}.parquet" for number in (1, 2)]
    s3, bucket = lake.client("s3"), lake.published(Shared.STAGING_BUCKET)
    states = DynamoDbSweepState(lake.dynamodb, lake.table(OdpTable.FILE_TRACKER), STAGING)
    for key in parts:
        put(key)
    ledger.pending(2)
    process(lake, *tracker.pending_files("taxi_trips.table_1", 10).files)
    s3.delete_object(Bucket=bucket, Key=parts[0])
    sweep(lake)
    assert ledger.items(OdpTable.QUARANTINE) == []

    s3.delete_object(Bucket=bucket, Key=parts[1])
    gone_at = s3.list_object_versions(Bucket=bucket, Prefix=parts[1])["DeleteMarkers"][0]["LastModified"]
    for _ in range(2):
        states.save(replace(states.load(), loads_began=""))
        sweep(lake)
        (entry,) = ledger.items(OdpTable.QUARANTINE)
        assert (entry["quarantine_kind"], entry["source_table_name"]) == ("vanished_load", "taxi_trips.table_1")
        assert (entry["files"], entry["gone_at"]) == (2, f"{gone_at:%Y-%m-%dT%H:%M:%SZ}")

    put(parts[0])
    ledger.pending(1)
    states.save(replace(states.load(), loads_began=""))
    sweep(lake)
    assert ledger.items(OdpTable.QUARANTINE) == []


def test_rule_13_sweep_that_stopped_goes_on_where_it_stopped(lake: DeployedLake, put: Put, ledger: Ledger) -> None:
    put("a/before/LOAD00000001.parquet")
    put("b/behind/20200101-000000001.parquet")
    ledger.pending(2)
    ledger.wait_for_file_manager()
    ledger.empty()
    now = datetime.now(UTC).isoformat()
    states = DynamoDbSweepState(lake.dynamodb, lake.table(OdpTable.FILE_TRACKER), STAGING)
    states.save(SweepState(round_began=now, key_marker="a/before/z", recent_began=now))
    assert sweep(lake)["landed"] == 1
    assert [file["source_table_name"] for file in ledger.items(OdpTable.FILE_TRACKER)] == ["b.behind"]
    assert states.load().round_ended >= now[:19]


def sweep(lake: DeployedLake) -> dict[str, int]:
    """Invoke the deployed function."""
    answer = lake.client("lambda").invoke(FunctionName=lake.published(Odp.SWEEP_FUNCTION), Payload=b"{}")
    found: dict[str, int] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, found
    return found
