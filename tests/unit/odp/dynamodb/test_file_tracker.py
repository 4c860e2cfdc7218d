"""Rule 1 in the ledger: a file is known by its id, whether it is pending or in the history."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.dynamodb.file_queries import range_of_changes
from odp.dynamodb.file_tracker import DynamoDbFileTracker, DynamoDbPendingWork, pending_item
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import FileStatus, FileType, LandedFile, PendingFiles, PendingWork
from odp.refresh import RefreshOutcome, RefreshStatus, RunRecord

from lake.ledger import connection
from tests.unit.odp.dynamodb.backlog import put_pending
from tests.unit.odp.samples import RUN_LOG_TABLES

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

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
    landed_at="2026-01-01T00:00:00Z",
    version_id="v1",
)


Process = Callable[..., None]


@pytest.fixture
def process(dynamodb: "DynamoDBServiceResource") -> Process:
    """Record files of one load and its changes as applied."""

    def append(*files: LandedFile) -> None:
        lease = DynamoDbTableLeases(dynamodb, "leases").acquire("db.t", "jr_1")
        assert lease is not None
        outcome = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1")
        entry = RunRecord(outcome, tuple(replace(file, generation=1) for file in files), closes=True)
        DynamoDbRunLog(dynamodb, RUN_LOG_TABLES).append(lease, entry)

    return append


@pytest.fixture
def tracker(dynamodb: "DynamoDBServiceResource") -> DynamoDbFileTracker:
    return DynamoDbFileTracker(dynamodb, "files", "files_history")


def change(number: int, table: str = "s.t", **fields: Any) -> LandedFile:
    name = f"20260101-{number:09}.parquet"
    return replace(FILE, source_table_name=table, file_id=f"1/{name}/aa", key=f"s/t/2026/01/01/{name}", **fields)


def load(number: int, **fields: Any) -> LandedFile:
    name = f"LOAD{number:08X}.parquet"
    kind = FileType.FULL_LOAD
    return replace(FILE, file_id=f"0/{name}/bb", key=f"s/t/{name}", file_type=kind, **fields)


def applied(file: LandedFile) -> LandedFile:
    return replace(file, generation=1, status=FileStatus.APPLIED)


def test_registered_file_is_pending_as_it_landed(tracker: DynamoDbFileTracker) -> None:
    whole = replace(FILE, segment="p1/", event_reason="CopyObject", sequencer="00FF")
    assert tracker.register(whole) is True
    assert tracker.pending_files("s.t", 10) == PendingFiles((whole,), is_all=True, registrations=1)


def test_repeated_registration_changes_nothing(tracker: DynamoDbFileTracker, pending_work: "PendingOf") -> None:
    tracker.register(FILE)
    assert tracker.register(replace(FILE, size=8)) is False
    assert tracker.pending_files("s.t", 10).files == (FILE,)
    assert pending_work() == {"s.t": PendingWork("s.t", 1, 7, 1)}


def test_event_replayed_after_the_file_moved_to_history_changes_nothing(
    tracker: DynamoDbFileTracker, process: Process, pending_work: "PendingOf"
) -> None:
    tracker.register(FILE)
    process(FILE)
    assert tracker.register(FILE) is False
    assert tracker.pending_files("s.t", 10) == PendingFiles((), is_all=True, registrations=1)
    assert pending_work() == {}


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_registration_that_meets_another_transaction_is_tried_again(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Code review C16: the event and a listing register one file at the same moment."""
    refusal: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": code}]}
    client, refusals = dynamodb.meta.client, iter([ClientError(refusal, "TransactWriteItems")] * 3)
    write = client.transact_write_items

    def conflict_at_first(**request: Any) -> None:
        if error := next(refusals, None):
            raise error
        write(**request)

    monkeypatch.setattr(client, "transact_write_items", conflict_at_first)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert tracker.register(FILE) is True
    assert tracker.pending_files("s.t", 1).files == (FILE,)


def test_pending_files_are_all_loads_and_the_oldest_changes_by_name_whatever_order_they_came_in(
    tracker: DynamoDbFileTracker,
) -> None:
    changes = [change(number) for number in range(1, 6)]
    for file in (changes[3], load(2), changes[0], changes[4], load(1), changes[2], changes[1]):
        tracker.register(file)
    assert tracker.pending_files("s.t", 3) == PendingFiles((load(1), load(2), *changes[:3]), False, 7)
    assert tracker.pending_files("s.t", 5).is_all
    assert tracker.pending_files("s.t", 0) == PendingFiles((load(1), load(2)), False, 7)
    assert tracker.pending_loads("s.t") == [load(1), load(2)]


def test_reading_the_oldest_changes_of_a_backlog_reads_no_more_items_than_asked_for(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    put_pending(dynamodb, [change(number) for number in range(40)])
    read: list[int] = []
    dynamodb.meta.client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed["ScannedCount"])
    )
    assert len(tracker.pending_files("s.t", 5).files) == 5
    assert sum(read) == 6  # one more tells whether there are others


@pytest.mark.parametrize("most", [1, 2, 3])
def test_versions_of_the_last_file_are_given_together_however_few_files_are_asked_for(
    tracker: DynamoDbFileTracker, most: int
) -> None:
    """The versions before the newest tell when the object first landed."""
    versions = [replace(change(2), file_id=f"{change(2).file_id}{number}", version_id=f"v{number}") for number in "123"]
    for file in (*versions, change(1), change(3)):
        tracker.register(file)
    expected = [change(1)] if most == 1 else [change(1), *versions]
    assert tracker.pending_files("s.t", most) == PendingFiles(tuple(expected), is_all=False, registrations=5)
    assert tracker.pending_files("s.t", 4) == PendingFiles((change(1), *versions), is_all=False, registrations=5)
    assert tracker.pending_files("s.t", 5).is_all


def test_no_change_is_given_where_none_is_asked_for_even_if_versions_of_one_wait(tracker: DynamoDbFileTracker) -> None:
    for number in "12":
        tracker.register(replace(change(1), file_id=f"{change(1).file_id}{number}"))
    assert tracker.pending_files("s.t", 0) == PendingFiles((), is_all=False, registrations=2)


def test_files_that_are_still_pending_are_told_from_those_that_a_person_or_a_run_took_away(
    tracker: DynamoDbFileTracker, process: Process
) -> None:
    files = [load(1), load(2), change(1), change(2)]
    for file in files:
        tracker.register(file)
    tracker.register(change(1, "s.u"))
    process(load(2), change(1))
    asked = [file.file_id for file in (*reversed(files), change(9))]
    for read in (tracker.pending_files("s.t", 10), tracker.pending_files("s.t", 0)):
        assert tracker.unrecorded_files("s.t", asked, read) == [load(1), change(2)]
        assert tracker.unrecorded_files("s.t", [], read) == []


def test_processed_files_are_found_by_kind_and_by_name_in_landing_order(
    tracker: DynamoDbFileTracker, process: Process
) -> None:
    changes = [change(number) for number in range(1, 6)]
    process(*reversed(changes), load(2), load(1))
    process(change(9, "s.u"))
    assert tracker.processed_loads("s.t") == [applied(load(1)), applied(load(2))]
    assert tracker.processed_changes("s.t", changes[2].name, 10) == [applied(file) for file in changes[2:]]
    assert tracker.processed_changes("s.t", "", 2) == [applied(file) for file in changes[:2]]


def test_range_of_changes_begins_at_the_name_and_has_no_load() -> None:
    first, last = range_of_changes("20260101-000000002.parquet")
    assert first <= change(2).file_id < change(3).file_id < last
    assert change(1).file_id < first
    assert load(0xFFFFFFFF).file_id < first


def test_files_that_are_neither_pending_nor_in_the_history_are_unknown(
    tracker: DynamoDbFileTracker, process: Process, dynamodb: "DynamoDBServiceResource"
) -> None:
    pending = [change(number) for number in range(110)]
    put_pending(dynamodb, pending)
    processed, unknown = change(500), change(501)
    process(processed)
    assert tracker.unknown([*pending, processed, unknown]) == [unknown]
    assert tracker.unprocessed([*pending, processed, unknown]) == [*pending, unknown]


def of_day(day: int, number: int, table: str = "s.t") -> LandedFile:
    name = f"202601{day:02}-{number:09}.parquet"
    return replace(FILE, source_table_name=table, file_id=f"1/{name}/{table}", key=f"{table}/{name}")


@pytest.fixture
def in_history(dynamodb: "DynamoDBServiceResource") -> Callable[..., None]:
    def put(*files: LandedFile) -> None:
        with dynamodb.Table("files_history").batch_writer() as writer:
            for file in files:
                writer.put_item(Item=pending_item(file))

    return put


@pytest.mark.parametrize("around", [0, 2, 300], ids=["alone", "among a few others", "among far more others"])
def test_files_that_the_history_lacks_are_found_among_many_of_several_days_and_tables(
    tracker: DynamoDbFileTracker, in_history: Callable[..., None], around: int
) -> None:
    days = [of_day(day, number * 1000, table) for day in (1, 2) for number in range(40) for table in ("s.t", "s.u")]
    few = [of_day(3, 1000), of_day(4, 1000), load(1)]
    asked = [*days, *few, of_day(5, 1)]
    lacking = [asked[at] for at in (0, 1, 79, 80, 101, 158, 159, 161, 162, 163)]
    in_history(*(file for file in asked if file not in lacking))
    others = range(1, around)
    in_history(*(of_day(day, at + more) for day in (1, 2) for at in (0, 1000) for more in others))
    assert tracker.unprocessed(asked) == lacking


def test_many_files_of_a_day_are_looked_up_in_one_request_which_is_charged_by_bytes(
    tracker: DynamoDbFileTracker, in_history: Callable[..., None], dynamodb: "DynamoDBServiceResource"
) -> None:
    files = [of_day(day, number) for day in (1, 2, 3) for number in range(200)]
    in_history(*files)
    asked: list[str] = []
    dynamodb.meta.client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: asked.append(model.name), unique_id="count-requests"
    )
    try:
        assert tracker.unprocessed([*files, load(7)]) == [load(7)]
    finally:
        dynamodb.meta.client.meta.events.unregister("before-call.dynamodb", unique_id="count-requests")
    assert sorted(asked) == ["BatchGetItem", "Query", "Query", "Query"]


PendingOf = Callable[[], dict[str, PendingWork]]


@pytest.fixture
def pending_work(dynamodb: "DynamoDBServiceResource") -> PendingOf:
    return lambda: dict(DynamoDbPendingWork(dynamodb, "files").pending_work())


def test_pending_work_counts_files_bytes_and_registrations_of_each_table(
    tracker: DynamoDbFileTracker, process: Process, pending_work: PendingOf
) -> None:
    for file in (change(1), change(2, size=5), change(3, "s.u")):
        tracker.register(file)
    assert pending_work() == {"s.t": PendingWork("s.t", 2, 12, 2), "s.u": PendingWork("s.u", 1, 7, 1)}
    process(change(1))
    assert pending_work() == {"s.t": PendingWork("s.t", 1, 5, 2), "s.u": PendingWork("s.u", 1, 7, 1)}
    process(change(2, size=5))
    assert pending_work().keys() == {"s.u"}


def test_pending_work_reads_one_item_for_each_table_and_none_for_its_files(
    dynamodb: "DynamoDBServiceResource", pending_work: PendingOf
) -> None:
    """Code review C9: planning scanned every pending file of every cadence."""
    put_pending(dynamodb, [change(number) for number in range(50)])
    read: list[int] = []
    events = dynamodb.meta.client.meta.events
    events.register("after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed["ScannedCount"]))
    events.register("before-call.dynamodb.Scan", lambda **_: read.append(10**6))
    assert pending_work()["s.t"].files == 50
    assert read == [1]


def test_item_of_a_later_release_with_more_fields_is_read(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource"
) -> None:
    tracker.register(FILE)
    item = dynamodb.Table("files").get_item(Key={"source_table_name": "s.t", "file_id": FILE.file_id})["Item"]
    assert item["format"] == 2
    dynamodb.Table("files").put_item(Item=item | {"format": 3, "checksum": "c"})
    assert tracker.pending_files("s.t", 1).files == (FILE,)


def test_oldest_landing_is_that_of_the_first_load_or_change_that_waits(tracker: DynamoDbFileTracker) -> None:
    assert tracker.oldest_landing("s.t") == ""
    tracker.register(change(2, landed_at="2026-01-02T00:00:00Z"))
    tracker.register(load(1, landed_at="2026-01-04T00:00:00Z"))
    tracker.register(change(3, landed_at="2026-01-03T00:00:00Z"))
    assert tracker.oldest_landing("s.t") == "2026-01-02T00:00:00Z"


@pytest.mark.parametrize("more", [{}, {"format": 3, "rows": 8}])
def test_sum_of_another_release_is_counted_on(
    tracker: DynamoDbFileTracker, dynamodb: "DynamoDBServiceResource", pending_work: PendingOf, more: dict[str, Any]
) -> None:
    """Finding C18: sums had no number of the format."""
    key = {"source_table_name": "#pending", "file_id": "s.t"}
    table = dynamodb.Table("files")
    table.put_item(Item={**key, "files": 1, "bytes": 5, "registrations": 4, **more})
    tracker.register(FILE)
    assert pending_work() == {"s.t": PendingWork("s.t", 2, 12, 5)}
    assert table.get_item(Key=key)["Item"]["format"] == more.get("format", 2)


def test_tracker_shares_nothing_but_the_client_between_threads(
    dynamodb: "DynamoDBServiceResource", process: Process
) -> None:
    """Finding C24: all threads of a job used one resource of boto3, which is not safe."""
    only_client: Any = SimpleNamespace(meta=dynamodb.meta)
    tracker = DynamoDbFileTracker(only_client, "files", "files_history")
    process(change(1), load(1))
    assert tracker.register(change(1)) is False
    for file in (change(2), load(2)):
        tracker.register(file)
    assert tracker.pending_files("s.t", 1) == PendingFiles((load(2), change(2)), is_all=True, registrations=2)
    assert tracker.unrecorded_files("s.t", [load(2).file_id], tracker.pending_files("s.t", 1)) == [load(2)]
    assert tracker.processed_loads("s.t") == [applied(load(1))]
    assert tracker.processed_changes("s.t", "", 1) == [applied(change(1))]
    assert tracker.oldest_landing("s.t") == FILE.landed_at
    assert tracker.unknown([change(1), change(2), change(3)]) == [change(3)]
    assert DynamoDbPendingWork(only_client, "files").pending_work()["s.t"].files == 2


def test_file_of_a_commit_that_a_person_skipped_before_it_was_recorded_stays_skipped(
    dynamodb: "DynamoDBServiceResource", tracker: DynamoDbFileTracker, process: Process
) -> None:
    files = [load(1), change(1), change(2)]
    for file in files:
        tracker.register(file)
    process(load(1))
    tables = DecisionTables("files", "files_history", "leases", 400)
    assert DynamoDbFileDecisions(dynamodb, tables).skip("s.t", change(2).file_id, "poisoned")
    found = tracker.unrecorded_files("s.t", [file.file_id for file in files], tracker.pending_files("s.t", 10))
    assert [file.file_id for file in found] == [change(1).file_id, change(2).file_id]


def test_file_of_a_commit_that_a_later_run_held_before_it_was_recorded_is_found(
    tracker: DynamoDbFileTracker, process: Process
) -> None:
    files = [load(1), load(2), change(1)]
    for file in files:
        tracker.register(file)
    process(load(1), load(2).held("it came before"), change(1).held("too late"))
    found = tracker.unrecorded_files("s.t", [file.file_id for file in files], tracker.pending_files("s.t", 10))
    assert [(file.file_id, file.status) for file in found] == [
        (load(2).file_id, FileStatus.HELD),
        (change(1).file_id, FileStatus.HELD),
    ]


def test_file_that_a_person_approves_between_two_tries_of_recording_it_is_in_one_table(
    dynamodb: "DynamoDBServiceResource",
    tracker: DynamoDbFileTracker,
    process: Process,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first try finds a held file that is not pending; then the approval makes it pending."""
    tracker.register(load(1))
    process(load(1).held("it came before"))
    decisions = DynamoDbFileDecisions(dynamodb, DecisionTables("files", "files_history", "leases", 400))
    tries = count(1)

    def transact(client: Any, actions: Any) -> None:
        if next(tries) == 2:
            assert decisions.release("s.t", load(1).file_id)
        connection.transact(client, actions)

    monkeypatch.setattr("odp.dynamodb.run_log.transact", transact)
    process(load(1))
    assert tracker.pending_files("s.t", 10).files == ()
    assert [file.status for file in tracker.processed_loads("s.t")] == [FileStatus.APPLIED]
    assert next(tries) == 4
