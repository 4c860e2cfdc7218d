"""Rule 1 in the ledger: a file is known by its id, whether it is pending or in the history."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from odp.dynamodb.file_tracker import DynamoDbFileTracker, DynamoDbPendingWork
from odp.dynamodb.refresh_books import DynamoDbRefreshBooks
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import FileType, LandedFile, PendingWork
from odp.refreshes import BookEntry, RefreshOutcome, RefreshStatus

from tests.unit.odp.samples import BOOK_TABLES

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


Process = Callable[..., None]


@pytest.fixture
def process(dynamodb: "DynamoDBServiceResource") -> Process:
    """Enter files into the books as applied."""

    def enter(*files: LandedFile) -> None:
        lease = DynamoDbTableLeases(dynamodb, "leases").acquire("db.t", "jr_1")
        assert lease is not None
        outcome = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1")
        entry = BookEntry(outcome, files, generation=1, closes=True)
        DynamoDbRefreshBooks(dynamodb, BOOK_TABLES).enter(lease, entry)

    return enter


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


def test_event_replayed_after_the_file_moved_to_history_changes_nothing(
    tracker: DynamoDbFileTracker, process: Process
) -> None:
    tracker.register(FILE)
    process(FILE)
    assert tracker.register(FILE) is False
    assert tracker.pending_files("s.t") == []


def test_processed_changes_are_those_of_the_table_without_full_loads(
    tracker: DynamoDbFileTracker, process: Process
) -> None:
    load = replace(FILE, file_id="load", file_type=FileType.FULL_LOAD)
    other = replace(FILE, file_id="other", source_table_name="s.u")
    process(FILE, load, other)
    assert tracker.processed_changes("s.t") == [replace(FILE, generation=1)]


def test_files_that_are_neither_pending_nor_in_the_history_are_unknown(
    tracker: DynamoDbFileTracker, process: Process
) -> None:
    pending = [replace(FILE, file_id=f"pending {number}") for number in range(110)]
    for file in pending:
        tracker.register(file)
    processed, unknown = replace(FILE, file_id="processed"), replace(FILE, file_id="unknown")
    process(processed)
    assert tracker.unknown([*pending, processed, unknown]) == [unknown]


def test_pending_work_sums_files_and_bytes_of_each_table(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    for file in (FILE, replace(FILE, file_id="f2", size=5), replace(FILE, source_table_name="s.u")):
        tracker.register(file)
    assert DynamoDbPendingWork(dynamodb, "files").pending_work() == {
        "s.t": PendingWork("s.t", 2, 12),
        "s.u": PendingWork("s.u", 1, 7),
    }
