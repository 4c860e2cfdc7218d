"""The run log: each record is written whole or not at all, under the lease, and counted once."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.planning import DynamoDbPlannedLeases
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import FileStatus, FileType, LandedFile, TableLease
from odp.refresh import Lease, RefreshOutcome, RefreshStatus, RowCounts, RunRecord

from lake.errors import LeaseLostError
from lake.tables.capabilities import Engine
from lake.tables.size import TableSize
from tests.unit.odp.dynamodb.backlog import put_pending
from tests.unit.odp.samples import RUN_LOG_TABLES

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

KEY = "s/t/20260101-000000001.parquet"
FILE = LandedFile("s.t", "1/f1", FileType.CHANGES, "s", "t", "staging", KEY, 7, "e", "2026-01-01T00:00:00Z")
COMPLETED = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1", RowCounts(1, 2, 3, 1), files=4)
FAILED = replace(COMPLETED, status=RefreshStatus.ERROR, error="E: x", stack_trace="trace")


SUM: dict[str, Any] = {"source_table_name": "#pending", "file_id": "s.t"}
REFUSED = RunRecord(FAILED, closes=True, refused=True, refused_registrations=7, refused_configuration="c1")


class Desk:
    """Run log, leases and tracker over the same tables."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        self.now = 1000.0
        self.dynamodb = dynamodb
        self.run_log = DynamoDbRunLog(dynamodb, RUN_LOG_TABLES, clock=lambda: self.now)
        self.leases = DynamoDbTableLeases(dynamodb, "leases", seconds=60, clock=lambda: self.now)
        self.tracker = DynamoDbFileTracker(dynamodb, "files", "files_history")

    def lease(self, run: str = "jr_1") -> Lease:
        lease = self.leases.acquire("db.t", run)
        assert lease is not None
        return lease

    def items(self, table: str) -> list[dict[str, Any]]:
        items = self.dynamodb.Table(table).scan()["Items"]
        return [item for item in items if item.get("source_table_name") != "#pending"]

    def pending_sum(self) -> tuple[Any, Any, Any]:
        item = self.dynamodb.Table("files").get_item(Key=SUM)["Item"]
        return item["files"], item["bytes"], item["registrations"]

    def register(self, count: int, **fields: Any) -> tuple[LandedFile, ...]:
        """So many pending files, with their sum."""
        files = tuple(replace(FILE, file_id=f"1/f{number}", **fields) for number in range(count))
        put_pending(self.dynamodb, files)
        return files

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
    files = (replace(FILE, generation=3),)
    entry = RunRecord(COMPLETED, files, closes=True, catalog_commit="20260101", written_with={"key": "ID"})
    desk.run_log.append(desk.lease(), entry)
    processed, refresh = desk.only("files_history"), desk.only("leases_history")
    assert desk.pending() == []
    assert (processed["file_ingestion_status"], processed["glue_job_run_id"]) == ("raw_file_processed", "jr_1")
    assert (processed["generation"], processed["file_ingestion_path"]) == (3, FILE.key)
    assert (refresh["raw_table_name"], refresh["glue_job_run_id"]) == ("db.t", "jr_1")
    counts = ("rows_inserted", "rows_updated", "rows_deleted", "updates_without_row", "files_processed")
    assert [refresh[name] for name in counts] == [1, 2, 3, 1, 4]
    assert (refresh["engine"], "beyond_engine" in refresh) == ("spark", False)
    assert desk.only("leases")["refresh_status"] == "completed"
    again = desk.lease("jr_2")
    assert (again.catalog_commit, again.written_with) == ("20260101", {"key": "ID"})


def test_lease_says_how_its_last_refresh_ended_since_the_run_log_is_in_no_order_of_time(desk: Desk) -> None:
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True))
    names = (
        "refresh_end_date_time",
        "rows_inserted",
        "rows_updated",
        "rows_deleted",
        "updates_without_row",
        "files_processed",
    )
    log = desk.only("leases_history")
    assert {name: desk.only("leases")["last_refresh"][name] for name in names} == {name: log[name] for name in names}
    failed = replace(COMPLETED, status=RefreshStatus.ERROR, error="no network")
    desk.run_log.append(desk.lease("jr_2"), RunRecord(failed, closes=True))
    assert desk.only("leases")["last_refresh"]["error_message"] == "no network"


def test_advice_is_in_the_log_and_beside_the_last_refresh_and_a_long_one_is_cut(desk: Desk) -> None:
    desk.run_log.append(desk.lease(), RunRecord(replace(COMPLETED, advice="load again"), closes=True))
    assert desk.only("leases_history")["advice"] == desk.only("leases")["last_refresh"]["advice"] == "load again"
    desk.run_log.append(desk.lease("jr_2"), RunRecord(replace(COMPLETED, advice="x" * 1_000_000), closes=True))
    assert 0 < len(desk.only("leases")["last_refresh"]["advice"]) < 100_000
    desk.run_log.append(desk.lease("jr_3"), RunRecord(COMPLETED, closes=True))
    assert "advice" not in desk.only("leases")["last_refresh"]


def test_entry_under_way_moves_files_and_keeps_the_lease(desk: Desk) -> None:
    desk.tracker.register(FILE)
    desk.run_log.append(desk.lease(), RunRecord(replace(COMPLETED, status=RefreshStatus.UPDATING), (FILE,)))
    assert (desk.only("leases_history")["refresh_status"], desk.pending()) == ("updating_table", [])
    assert desk.leases.acquire("db.t", "jr_2") is None


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize("count", [1, 48, 49, 120])
def test_run_that_lost_its_lease_enters_nothing(desk: Desk, count: int, *, closes: bool) -> None:
    files = desk.register(count)
    lost = desk.lease()
    desk.now += 61
    owner = desk.lease("jr_2")
    with pytest.raises(LeaseLostError, match=r"db\.t: the lease of jr_1 expired"):
        desk.run_log.append(lost, RunRecord(COMPLETED, files, closes=closes))
    assert (len(desk.pending()), desk.items("files_history")) == (count, [])
    assert desk.pending_sum() == (count, 7 * count, count)
    assert desk.items("leases_history") == []
    desk.leases.renew(owner)


@pytest.mark.parametrize("entry", [RunRecord(COMPLETED, closes=True), REFUSED], ids=["completed", "refused"])
@pytest.mark.parametrize(("count", "sizes"), [(48, [100]), (49, [98, 6]), (120, [98, 98, 52])])
def test_files_fill_transactions_up_to_what_dynamodb_takes_and_are_counted_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int], entry: RunRecord
) -> None:
    files, lease = desk.register(count), desk.lease()
    transactions: list[int] = []
    write = desk.dynamodb.meta.client.transact_write_items

    def counted(*, TransactItems: Sequence[Any], **request: Any) -> None:  # noqa: N803 - boto3's name
        transactions.append(len(TransactItems))
        write(TransactItems=TransactItems, **request)

    monkeypatch.setattr(desk.dynamodb.meta.client, "transact_write_items", counted)
    desk.run_log.append(lease, replace(entry, files=files))
    assert transactions == sizes
    assert desk.pending() == []
    assert (len(desk.items("files_history")), desk.pending_sum()) == (count, (0, 0, count))
    assert desk.only("leases_history")["rows_inserted"] == 1


def test_run_that_dies_between_transactions_has_counted_nothing_and_left_files_for_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = desk.register(60)
    client, calls = desk.dynamodb.meta.client, iter([None])
    write = client.transact_write_items

    def die_after_the_first(**request: Any) -> None:
        if next(calls, "dead") is not None:
            raise KeyboardInterrupt
        write(**request)

    monkeypatch.setattr(client, "transact_write_items", die_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        desk.run_log.append(desk.lease(), RunRecord(COMPLETED, files, closes=True))
    assert 0 < len(desk.pending()) < 60
    assert desk.items("leases_history") == []


def test_identity_of_a_filled_table_is_kept_until_another_is_known(desk: Desk) -> None:
    for identity, known in (({"hudi_primary_key": "ID"}, "ID"), (None, "ID"), ({"hudi_primary_key": "A"}, "A")):
        desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True, written_with=identity))
        again = desk.lease("jr_2")
        assert again.written_with == {"hudi_primary_key": known}
        desk.run_log.append(again, RunRecord(COMPLETED, closes=True))


def test_failed_refresh_is_kept_with_its_stack_trace_and_status(desk: Desk) -> None:
    desk.run_log.append(desk.lease(), RunRecord(FAILED, closes=True))
    item = desk.only("leases_history")
    assert (item["error_message"], item["stack_trace"]) == ("E: x", "trace")
    assert (desk.only("leases")["refresh_status"], desk.items("quarantine")) == ("refresh_error", [])


def test_refused_table_is_in_quarantine_with_the_reason_until_a_refresh_completes(desk: Desk) -> None:
    desk.run_log.append(desk.lease(), RunRecord(FAILED, closes=True, refused=True))
    entry = desk.only("quarantine")
    assert (entry["quarantine_kind"], entry["entry_id"], entry["reason"]) == ("refused_table", "db.t", "E: x")
    assert entry["source_table_name"] == "s.t"
    desk.run_log.append(desk.lease(), RunRecord(FAILED, closes=True))
    assert desk.items("quarantine") == [entry]
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True))
    assert desk.items("quarantine") == []


def test_outcome_of_a_run_without_a_lease_is_kept_too(desk: Desk) -> None:
    desk.run_log.record(FAILED, "jr_0")
    assert desk.only("leases_history")["glue_job_run_id"] == "jr_0"


def test_each_file_is_kept_with_its_own_status_reason_and_generation(desk: Desk) -> None:
    first, second, third, fourth = desk.register(4)
    desk.run_log.append(
        desk.lease(),
        RunRecord(
            COMPLETED,
            (
                replace(first, status=FileStatus.APPLIED, generation=3),
                replace(second, status=FileStatus.SKIPPED, status_reason="overwritten", generation=2),
                replace(third, status=FileStatus.HELD, status_reason="fewer parts"),
            ),
        ),
    )
    kept = {
        item["file_id"]: (item["file_ingestion_status"], item["status_reason"], item["generation"], item["format"])
        for item in desk.items("files_history")
    }
    assert kept == {
        "1/f0": ("raw_file_processed", "", 3, 2),
        "1/f1": ("raw_file_skipped", "overwritten", 2, 2),
        "1/f2": ("raw_file_held", "fewer parts", 0, 2),
    }
    assert (desk.pending(), desk.pending_sum()) == ([fourth], (1, 7, 4))


def test_file_that_a_person_took_out_of_the_pending_ones_is_not_subtracted_again(desk: Desk) -> None:
    files = desk.register(3)
    desk.dynamodb.Table("files").delete_item(Key={"source_table_name": "s.t", "file_id": "1/f1"})
    desk.dynamodb.Table("files").put_item(Item=SUM | {"files": 2, "bytes": 14, "registrations": 3})
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, files, closes=True))
    assert (desk.pending(), desk.pending_sum()) == ([], (0, 0, 3))
    assert len(desk.items("files_history")) == 3
    assert desk.only("leases")["refresh_status"] == "completed"


_LATER = 1000 + 400 * 86_400


@pytest.mark.parametrize(
    ("file_type", "status", "expires_at"),
    [
        (FileType.CHANGES, FileStatus.APPLIED, _LATER),
        (FileType.CHANGES, FileStatus.SKIPPED, _LATER),
        (FileType.CHANGES, FileStatus.HELD, None),
        (FileType.FULL_LOAD, FileStatus.APPLIED, None),
        (FileType.FULL_LOAD, FileStatus.SKIPPED, _LATER),
        (FileType.FULL_LOAD, FileStatus.HELD, None),
    ],
)
def test_history_of_changes_and_skipped_files_expires_and_that_of_loads_and_waiting_files_does_not(
    desk: Desk, file_type: FileType, status: FileStatus, expires_at: int | None
) -> None:
    desk.register(1, file_type=file_type)
    file = replace(FILE, file_id="1/f0", file_type=file_type, status=status)
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, (file,), closes=True))
    assert desk.only("files_history").get("expires_at") == expires_at
    assert desk.only("leases_history")["expires_at"] == _LATER


def test_history_without_an_end_is_kept_for_ever(desk: Desk) -> None:
    run_log = DynamoDbRunLog(desk.dynamodb, replace(RUN_LOG_TABLES, history_days=None))
    run_log.append(desk.lease(), RunRecord(COMPLETED, desk.register(1), closes=True))
    run_log.record(FAILED, "jr_2")
    items = [*desk.items("files_history"), *desk.items("leases_history")]
    assert len(items) == 3
    assert not [item for item in items if "expires_at" in item]


@pytest.mark.parametrize("after", [RunRecord(FAILED, closes=True), RunRecord(COMPLETED, closes=True)])
def test_lease_says_on_what_its_table_was_refused_until_it_ends_otherwise(desk: Desk, after: RunRecord) -> None:
    desk.run_log.append(desk.lease(), REFUSED)
    refused = desk.only("leases")
    assert (refused["refused_registrations"], refused["refused_configuration"]) == (7, "c1")
    assert isinstance(refused["refused_registrations"], Decimal)
    lease = desk.lease()
    desk.run_log.append(lease, RunRecord(replace(COMPLETED, status=RefreshStatus.UPDATING)))
    assert desk.only("leases")["refused_registrations"] == 7, "only a closing entry decides"
    desk.run_log.append(lease, after)
    assert not {"refused_registrations", "refused_configuration"} & desk.only("leases").keys()


def test_lease_that_was_returned_writes_nothing_more(desk: Desk) -> None:
    lease = desk.lease()
    desk.run_log.append(lease, RunRecord(COMPLETED, closes=True))
    with pytest.raises(LeaseLostError):
        desk.leases.renew(lease)
    with pytest.raises(LeaseLostError):
        desk.run_log.append(lease, RunRecord(FAILED, closes=True))
    assert desk.only("leases")["refresh_status"] == "completed"


def bytes_of(item: dict[str, Any]) -> int:
    return sum(len(str(name).encode()) + len(str(value).encode()) for name, value in item.items())


@pytest.mark.parametrize("letter", ["x", "ä", "表", "🚕"])
def test_refusal_that_names_a_thousand_columns_is_kept_in_items_of_a_size_that_people_read(
    desk: Desk, letter: str
) -> None:
    """Bug hunt F14: 520 KB of trace exceeded what an item holds, and the refresh stayed open."""
    error = "SchemaChangeRefusedError: " + "; ".join(f"column {letter * 100}_{n}: int, now text" for n in range(1600))
    trace = f"Traceback (most recent call last):\n  File x\n{error}"
    assert len(trace.encode()) > 200_000
    outcome = replace(FAILED, error=error, stack_trace=trace)
    desk.run_log.append(desk.lease(), replace(REFUSED, outcome=outcome))
    for item in (desk.only("leases_history"), desk.only("quarantine")):
        assert bytes_of(item) < 30_000
    assert desk.only("leases_history")["stack_trace"].startswith("Traceback")
    assert desk.only("quarantine")["reason"] == error[:1000]
    desk.run_log.record(outcome, "jr_2")
    assert all(bytes_of(item) < 30_000 for item in desk.items("leases_history"))


def test_run_log_lease_and_refusal_have_the_number_of_the_format(desk: Desk) -> None:
    """Finding C18: they had none."""
    desk.run_log.append(desk.lease(), REFUSED)
    assert [desk.only(table)["format"] for table in ("leases_history", "leases", "quarantine")] == [2, 2, 2]


def test_runs_of_another_release_are_closed(desk: Desk) -> None:
    lease = desk.lease()
    desk.dynamodb.Table("leases").put_item(Item=desk.only("leases") | {"format": 3, "engine": "auto"})
    desk.run_log.append(lease, RunRecord(COMPLETED, closes=True))
    assert desk.only("leases")["refresh_status"] == "completed"


DAY = 86_400
REASON = "BeyondEngineError: a million rows"
NATIVE = replace(COMPLETED, engine=Engine.NATIVE)
LEFT = replace(NATIVE, beyond_engine=REASON)


def planned(desk: Desk) -> TableLease:
    """What the next plan knows of the table."""
    return DynamoDbPlannedLeases(desk.dynamodb, "leases", clock=lambda: desk.now).leases(["db.t"])["db.t"]


def leave(desk: Desk, run: str, *, comes_again: bool = False) -> None:
    """Let a native run leave its table to Spark."""
    desk.run_log.append(desk.lease(run), RunRecord(LEFT, closes=True, comes_again=comes_again))


def test_run_that_leaves_its_table_to_spark_says_why_in_the_run_log_and_to_the_next_plans(desk: Desk) -> None:
    leave(desk, "native-1")
    entry = desk.only("leases_history")
    assert (entry["refresh_status"], entry["engine"], entry["beyond_engine"]) == ("completed", "native", REASON)
    assert (planned(desk).is_spark_only, planned(desk).is_left_to_spark) == (True, True)
    desk.now += 9 * DAY
    assert planned(desk).beyond_engine == REASON, "a table of a slow cadence has no refresh for days"


def test_reason_that_is_over_after_one_refresh_ends_with_the_next_refresh_of_spark_that_completes(desk: Desk) -> None:
    leave(desk, "native-1")
    desk.run_log.append(desk.lease("jr_1"), RunRecord(FAILED, closes=True))
    assert planned(desk).beyond_engine == REASON
    desk.run_log.append(desk.lease("jr_2"), RunRecord(COMPLETED, closes=True))
    assert not planned(desk).is_spark_only
    assert desk.lease("jr_3").beyond_engine == ""
    assert not {"beyond_engine", "spark_until"} & desk.only("leases").keys()


def test_refresh_of_spark_that_is_not_at_its_end_clears_nothing(desk: Desk) -> None:
    leave(desk, "native-1")
    desk.run_log.append(desk.lease("jr_1"), RunRecord(replace(COMPLETED, status=RefreshStatus.UPDATING)))
    assert desk.only("leases")["beyond_engine"] == REASON


def test_reason_that_comes_again_stays_for_a_day_and_for_one_refresh_of_spark_after_it(desk: Desk) -> None:
    leave(desk, "native-1", comes_again=True)
    desk.now += DAY - 1
    desk.run_log.append(desk.lease("jr_1"), RunRecord(COMPLETED, closes=True))
    assert planned(desk).beyond_engine == REASON
    desk.now += 1
    desk.run_log.append(desk.lease("jr_2"), RunRecord(COMPLETED, closes=True))
    assert not planned(desk).is_spark_only


def test_spark_runs_of_that_day_say_why_they_are_spark_runs(desk: Desk) -> None:
    leave(desk, "native-1", comes_again=True)
    lease = desk.lease("jr_1")
    assert lease.beyond_engine == REASON
    outcome = replace(COMPLETED, beyond_engine=lease.beyond_engine)
    desk.run_log.append(lease, RunRecord(outcome, closes=True))
    (of_spark,) = (item for item in desk.items("leases_history") if item["glue_job_run_id"] == "jr_1")
    assert (of_spark["engine"], of_spark["beyond_engine"]) == ("spark", REASON)
    assert (planned(desk).is_spark_only, planned(desk).is_left_to_spark) == (True, False)


def test_native_run_that_ends_as_usual_leaves_nothing_to_spark(desk: Desk) -> None:
    for outcome in (NATIVE, replace(FAILED, engine=Engine.NATIVE)):
        desk.run_log.append(desk.lease("native-1"), RunRecord(outcome, closes=True))
        assert not planned(desk).is_spark_only
        assert planned(desk).engine is Engine.NATIVE
        assert not {"beyond_engine", "spark_until"} & desk.only("leases").keys()


def test_native_run_that_is_killed_leaves_its_table_to_spark_which_says_so(desk: Desk) -> None:
    """It can record nothing any more: memory or time ran out, so the reason stands in its lease from the beginning."""
    desk.lease("native-1")
    assert planned(desk).is_leased
    desk.now += 61
    found = planned(desk)
    assert (found.was_cut_off, found.engine, found.is_left_to_spark) == (True, Engine.NATIVE, True)
    lease = desk.lease("jr_1")
    assert "native-1 ended without recording its end: it ran out of memory or time" in lease.beyond_engine
    desk.run_log.append(lease, RunRecord(COMPLETED, closes=True))
    assert planned(desk).is_spark_only, "and every refresh of that day"


def test_glue_run_that_is_killed_stays_with_spark_and_is_told_as_before(desk: Desk) -> None:
    desk.lease("jr_1")
    desk.now += 61
    found = planned(desk)
    assert (found.was_cut_off, found.engine, found.is_spark_only) == (True, Engine.SPARK, False)


def test_size_of_the_last_commit_stays_until_a_run_knows_another(desk: Desk) -> None:
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True))
    assert planned(desk).size is None
    size = TableSize(rows=5, bytes=7_000_000_000, files=3)
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True, size=size))
    assert planned(desk).size == size
    desk.run_log.append(desk.lease(), RunRecord(FAILED, closes=True))
    assert planned(desk).size == size
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True, size=TableSize(1, 2, 3)))
    assert planned(desk).size == TableSize(1, 2, 3)


def test_refused_table_that_is_left_to_spark_stays_in_quarantine_until_spark_has_refreshed_it(desk: Desk) -> None:
    desk.run_log.append(desk.lease(), REFUSED)
    desk.run_log.append(desk.lease("native-1"), RunRecord(LEFT, closes=True))
    assert desk.only("quarantine")["reason"] == "E: x"
    desk.run_log.append(desk.lease(), RunRecord(COMPLETED, closes=True))
    assert desk.items("quarantine") == []


def test_lease_of_an_earlier_release_is_one_of_spark_and_of_unknown_size(desk: Desk) -> None:
    last = {"refresh_end_date_time": "2026-01-01T00:00:00.000+00:00"}
    stored: dict[str, Any] = {"raw_table_name": "db.t", "last_refresh": last, "engine": "auto"}
    desk.dynamodb.Table("leases").put_item(Item=stored)
    found = planned(desk)
    assert (found.engine, found.size, found.is_spark_only) == (Engine.SPARK, None, False)


def test_long_reason_is_cut_in_every_item(desk: Desk) -> None:
    desk.run_log.append(desk.lease("native-1"), RunRecord(replace(LEFT, beyond_engine="x" * 500_000), closes=True))
    assert all(bytes_of(desk.only(table)) < 30_000 for table in ("leases", "leases_history"))
