"""The books of a refresh: each entry whole or not at all, under the lease, counted once."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.refresh_books import DynamoDbRefreshBooks
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.errors import LeaseLostError
from odp.records import FileType, LandedFile
from odp.refreshes import BookEntry, Lease, RefreshOutcome, RefreshStatus, RowCounts

from tests.unit.odp.samples import BOOK_TABLES

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

KEY = "s/t/20260101-000000001.parquet"
FILE = LandedFile("s.t", "1/f1", FileType.CHANGES, "s", "t", "staging", KEY, 7, "e", "2026-01-01T00:00:00Z")
COMPLETED = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1", RowCounts(1, 2, 3), files=4)
FAILED = replace(COMPLETED, status=RefreshStatus.ERROR, error="E: x", stack_trace="trace")


class Desk:
    """Books, leases and tracker over the same tables."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        self.now = 1000.0
        self.dynamodb = dynamodb
        self.books = DynamoDbRefreshBooks(dynamodb, BOOK_TABLES)
        self.leases = DynamoDbTableLeases(dynamodb, "leases", seconds=60, clock=lambda: self.now)
        self.tracker = DynamoDbFileTracker(dynamodb, "files", "files_history")

    def lease(self, run: str = "jr_1") -> Lease:
        lease = self.leases.acquire("db.t", run)
        assert lease is not None
        return lease

    def items(self, table: str) -> list[dict[str, Any]]:
        return self.dynamodb.Table(table).scan()["Items"]

    def pending(self) -> list[LandedFile]:
        return list(self.tracker.pending_files("s.t", 1000).files)

    def only(self, table: str) -> dict[str, Any]:
        (item,) = self.items(table)
        return item


@pytest.fixture
def desk(dynamodb: "DynamoDBServiceResource") -> Desk:
    return Desk(dynamodb)


def test_closing_entry_moves_files_keeps_the_outcome_and_returns_the_lease(desk: Desk) -> None:
    """Defect 18 of the reference: the history of a file did not name its run."""
    desk.tracker.register(FILE)
    entry = BookEntry(COMPLETED, (FILE,), 3, closes=True, catalog_commit="20260101", written_with={"key": "ID"})
    desk.books.enter(desk.lease(), entry)
    processed, refresh = desk.only("files_history"), desk.only("leases_history")
    assert desk.pending() == []
    assert (processed["file_ingestion_status"], processed["glue_job_run_id"]) == ("raw_file_processed", "jr_1")
    assert (processed["generation"], processed["file_ingestion_path"]) == (3, FILE.key)
    assert (refresh["raw_table_name"], refresh["glue_job_run_id"]) == ("db.t", "jr_1")
    assert [refresh[name] for name in ("rows_inserted", "rows_updated", "rows_deleted", "files_processed")] == [
        1,
        2,
        3,
        4,
    ]
    assert desk.only("leases")["refresh_status"] == "completed"
    again = desk.lease("jr_2")
    assert (again.catalog_commit, again.written_with) == ("20260101", {"key": "ID"})


def test_entry_under_way_moves_files_and_keeps_the_lease(desk: Desk) -> None:
    desk.tracker.register(FILE)
    desk.books.enter(desk.lease(), BookEntry(replace(COMPLETED, status=RefreshStatus.UPDATING), (FILE,), 1))
    assert (desk.only("leases_history")["refresh_status"], desk.pending()) == ("updating_table", [])
    assert desk.leases.acquire("db.t", "jr_2") is None


@pytest.mark.parametrize("closes", [True, False])
def test_run_that_lost_its_lease_enters_nothing(desk: Desk, *, closes: bool) -> None:
    desk.tracker.register(FILE)
    lost = desk.lease()
    desk.now += 61
    owner = desk.lease("jr_2")
    with pytest.raises(LeaseLostError, match=r"db\.t: the lease of jr_1 expired"):
        desk.books.enter(lost, BookEntry(COMPLETED, (FILE,), 1, closes=closes))
    assert (desk.pending(), desk.items("files_history")) == ([FILE], [])
    assert desk.items("leases_history") == []
    desk.leases.renew(owner)


def test_of_more_files_than_a_transaction_holds_all_are_moved_and_counted_once(desk: Desk) -> None:
    files = tuple(replace(FILE, file_id=f"1/f{number}") for number in range(120))
    for file in files:
        desk.tracker.register(file)
    desk.books.enter(desk.lease(), BookEntry(COMPLETED, files, 1, closes=True))
    assert desk.pending() == []
    assert len(desk.tracker.processed_changes("s.t", "", 1000)) == 120
    assert desk.only("leases_history")["rows_inserted"] == 1


def test_run_that_dies_between_transactions_has_counted_nothing_and_left_files_for_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(replace(FILE, file_id=f"1/f{number}") for number in range(60))
    for file in files:
        desk.tracker.register(file)
    client, calls = desk.dynamodb.meta.client, iter([None])
    write = client.transact_write_items

    def die_after_the_first(**request: Any) -> None:
        if next(calls, "dead") is not None:
            raise KeyboardInterrupt
        write(**request)

    monkeypatch.setattr(client, "transact_write_items", die_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        desk.books.enter(desk.lease(), BookEntry(COMPLETED, files, 1, closes=True))
    assert 0 < len(desk.pending()) < 60
    assert desk.items("leases_history") == []


def test_conflict_with_a_heartbeat_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    conflict = ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        },
        "TransactWriteItems",
    )
    client, answers = desk.dynamodb.meta.client, iter([conflict, conflict])
    write = client.transact_write_items

    def conflict_twice(**request: Any) -> None:
        if error := next(answers, None):
            raise error
        write(**request)

    lease = desk.lease()
    monkeypatch.setattr(client, "transact_write_items", conflict_twice)
    desk.books.enter(lease, BookEntry(COMPLETED, closes=True))
    assert desk.only("leases_history")["refresh_status"] == "completed"


def test_identity_of_a_filled_table_is_kept_until_another_is_known(desk: Desk) -> None:
    for identity, known in (({"hudi_primary_key": "ID"}, "ID"), (None, "ID"), ({"hudi_primary_key": "A"}, "A")):
        desk.books.enter(desk.lease(), BookEntry(COMPLETED, closes=True, written_with=identity))
        again = desk.lease("jr_2")
        assert again.written_with == {"hudi_primary_key": known}
        desk.books.enter(again, BookEntry(COMPLETED, closes=True))


def test_failed_refresh_is_kept_with_its_stack_trace_and_status(desk: Desk) -> None:
    desk.books.enter(desk.lease(), BookEntry(FAILED, closes=True))
    item = desk.only("leases_history")
    assert (item["error_message"], item["stack_trace"]) == ("E: x", "trace")
    assert (desk.only("leases")["refresh_status"], desk.items("quarantine")) == ("refresh_error", [])


def test_refused_table_is_in_quarantine_with_the_reason_until_a_refresh_completes(desk: Desk) -> None:
    desk.books.enter(desk.lease(), BookEntry(FAILED, closes=True, refused=True))
    entry = desk.only("quarantine")
    assert (entry["quarantine_kind"], entry["entry_id"], entry["reason"]) == ("refused_table", "db.t", "E: x")
    assert entry["source_table_name"] == "s.t"
    desk.books.enter(desk.lease(), BookEntry(FAILED, closes=True))
    assert desk.items("quarantine") == [entry]
    desk.books.enter(desk.lease(), BookEntry(COMPLETED, closes=True))
    assert desk.items("quarantine") == []


def test_outcome_of_a_run_without_a_lease_is_kept_too(desk: Desk) -> None:
    desk.books.record(FAILED, "jr_0")
    assert desk.only("leases_history")["glue_job_run_id"] == "jr_0"
