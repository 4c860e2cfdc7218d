"""What a person decides about a file moves it once, with its share of the summary, or not at all."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.dynamodb.file_tracker import DynamoDbFileTracker, DynamoDbPendingWork
from odp.dynamodb.table_leases import DynamoDbTableLeases, DynamoDbWrittenTables
from odp.records import FileStatus, PendingWork, SkipReason, WrittenTable

from lake.errors import LeaseLostError
from tests.unit.odp.dynamodb.test_file_tracker import FILE, change

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

KEY = ("s.t", FILE.file_id)
OTHER = change(2)
NOW, DAYS = 1_000_000.0, 400


class Desk:
    """Decisions about the files of one table."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        self.dynamodb = dynamodb
        self.tracker = DynamoDbFileTracker(dynamodb, "files", "files_history")
        tables = DecisionTables("files", "files_history", "leases", DAYS)
        self.decisions = DynamoDbFileDecisions(dynamodb, tables, clock=lambda: NOW)

    def history(self) -> dict[str, Any]:
        key = {"source_table_name": KEY[0], "file_id": KEY[1]}
        return self.dynamodb.Table("files_history").get_item(Key=key).get("Item", {})

    def hold(self) -> None:
        """Do to the registered file what a refresh does that holds it."""
        files = self.dynamodb.Table("files")
        key = {"source_table_name": KEY[0], "file_id": KEY[1]}
        item = files.get_item(Key=key)["Item"]
        self.decisions.skip(*KEY, "")
        held: dict[str, Any] = {
            "file_ingestion_status": FileStatus.HELD.value,
            "status_reason": "a copy",
            "generation": 3,
        }
        self.dynamodb.Table("files_history").put_item(Item=item | held)

    def work(self) -> list[PendingWork]:
        return list(DynamoDbPendingWork(self.dynamodb, "files").pending_work().values())


@pytest.fixture
def desk(dynamodb: "DynamoDBServiceResource") -> Desk:
    desk = Desk(dynamodb)
    desk.tracker.register(FILE)
    return desk


def test_skipped_file_is_in_the_history_with_its_reason_and_does_not_wait_any_more(desk: Desk) -> None:
    assert desk.decisions.skip(*KEY, "poisoned, see ticket 7")
    done = desk.history()
    assert (done["file_ingestion_status"], done["status_reason"]) == ("raw_file_skipped", "poisoned, see ticket 7")
    assert done["expires_at"] == NOW + DAYS * 86_400
    assert (desk.tracker.pending_files("s.t", 1).files, desk.work()) == ((), [])


def test_file_that_is_not_pending_is_not_skipped_and_counted_out_once_only(desk: Desk) -> None:
    assert [desk.decisions.skip(*KEY, "first"), desk.decisions.skip(*KEY, "second")] == [True, False]
    assert desk.history()["status_reason"] == "first"
    assert desk.tracker.register(FILE) is False
    assert desk.work() == []


def test_file_of_a_table_that_a_run_writes_is_not_skipped(desk: Desk) -> None:
    leases = DynamoDbTableLeases(desk.dynamodb, "leases", clock=lambda: NOW)
    leases.acquire("db.t", "run-1")
    assert not desk.decisions.skip(*KEY, "poisoned", qualified_name="db.t")
    assert desk.tracker.pending_files("s.t", 1).files == (FILE,)


def test_run_whose_lease_has_expired_is_out_once_one_of_its_files_was_skipped(desk: Desk) -> None:
    expired = DynamoDbTableLeases(desk.dynamodb, "leases", clock=lambda: NOW - 1000)
    lease = expired.acquire("db.t", "run-1")
    assert lease is not None
    assert desk.decisions.skip(*KEY, "poisoned", qualified_name="db.t")
    with pytest.raises(LeaseLostError):
        expired.renew(lease)


def test_table_of_which_only_a_file_was_skipped_has_the_number_of_the_format_and_no_data(desk: Desk) -> None:
    """The Configuration Manager died of such a lease: it has no status."""
    assert desk.decisions.skip(*KEY, "wrong", qualified_name="db.t")
    (lease,) = desk.dynamodb.Table("leases").scan()["Items"]
    assert lease == {"raw_table_name": "db.t", "format": 2, "fencing_token": 1}
    written = DynamoDbWrittenTables(desk.dynamodb, "leases").written(["db.t"])
    assert written == {"db.t": WrittenTable(None, is_being_written=False)}


def test_released_file_is_pending_again_approved_and_raises_the_registrations(desk: Desk) -> None:
    desk.hold()
    assert desk.decisions.release(*KEY)
    pending = desk.tracker.pending_files("s.t", 1)
    (file,) = pending.files
    assert (file.approved, file.status, file.generation, file.status_reason) == (True, FileStatus.PENDING, 0, "")
    assert desk.work() == [PendingWork("s.t", 1, FILE.size, 3)]
    assert desk.history() == {}


def test_file_keeps_the_approval_that_it_is_part_of(desk: Desk) -> None:
    desk.hold()
    assert [desk.decisions.choose(*KEY, approval) for approval in ("a", "b")] == [True, True]
    assert desk.history()["approval"] == "b"
    assert desk.decisions.release(*KEY)
    (file,) = desk.tracker.pending_files("s.t", 1).files
    assert (file.approved, file.approval) == (True, "b")
    assert desk.history() == {}


def test_file_that_is_not_held_is_part_of_no_approval(desk: Desk) -> None:
    assert not desk.decisions.choose(*KEY, "a")
    desk.decisions.skip(*KEY, "x")
    assert not desk.decisions.choose(*KEY, "a")
    assert "approval" not in desk.history()


def test_dismissed_file_stays_in_the_history_as_skipped(desk: Desk) -> None:
    desk.hold()
    assert desk.decisions.dismiss(*KEY)
    done = desk.history()
    assert (done["file_ingestion_status"], done["status_reason"]) == ("raw_file_skipped", SkipReason.DISMISSED)
    assert desk.work() == []


def test_table_that_was_refused_is_planned_again_once_one_of_its_held_files_is_dismissed(desk: Desk) -> None:
    """Planning compares the registrations with those that the refusal names."""
    desk.hold()
    desk.tracker.register(OTHER)
    assert desk.work() == [PendingWork("s.t", 1, OTHER.size, 3)]
    assert desk.decisions.dismiss(*KEY)
    assert desk.work() == [PendingWork("s.t", 1, OTHER.size, 4)]
    assert not desk.decisions.dismiss(*KEY)
    assert desk.work() == [PendingWork("s.t", 1, OTHER.size, 4)]


@pytest.mark.parametrize("decide", ["release", "dismiss"])
def test_file_that_is_not_held_is_neither_released_nor_dismissed(desk: Desk, decide: str) -> None:
    decision: Callable[..., bool] = getattr(desk.decisions, decide)
    assert not decision(*KEY)
    desk.decisions.skip(*KEY, "x")
    assert not decision(*KEY)
    assert desk.history()["status_reason"] == "x"


def test_of_two_decisions_about_a_held_file_the_second_changes_nothing(desk: Desk) -> None:
    desk.hold()
    assert [desk.decisions.release(*KEY), desk.decisions.dismiss(*KEY), desk.decisions.release(*KEY)] == [
        True,
        False,
        False,
    ]
    assert desk.work() == [PendingWork("s.t", 1, FILE.size, 3)]
