"""`odp status` says how each table is, the worst first, from a few small reads."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import PendingWork, Quarantined, QuarantineKind
from odp.refresh import RefreshStatus, RowCounts
from odp_cli.operate.ages import age
from odp_cli.operate.entries import Entry
from odp_cli.operate.lease_state import LeaseState
from odp_cli.operate.table_status import LedgerSnapshot, State, statuses

from lake.tables.capabilities import Engine
from tests.tools.odp_cli.operate.conftest import Lake, change, mend, part
from tests.unit.odp.samples import table_config

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PENDING = {"s.t": PendingWork("s.t", 2, 10, 5)}
FRESH = "2026-11-29T11:00:00Z"


def worst(lease: LeaseState | None = None, *entries: Entry, oldest: str = "", **fields: Any) -> tuple[State, str]:
    """Give the worst condition of the table s.t, which is configured and has what the arguments say."""
    config = table_config(**fields)
    ledger = LedgerSnapshot(
        configs={"s.t": config},
        pending=PENDING if oldest else {},
        oldest={"s.t": oldest} if oldest else {},
        leases={"db.t": lease} if lease else {},
        entries=entries,
        landed_file_days=90,
    )
    (status,) = statuses(ledger, NOW)
    return status.worst.state, status.worst.reason


def entry(kind: QuarantineKind, table: str = "s.t", **fields: Any) -> Entry:
    return Entry(kind, f"{table}#1", "the reason", "2026-11-29T00:00:00Z", table, **fields)


def test_table_that_nothing_is_the_matter_with_is_ok() -> None:
    assert worst() == (State.OK, "")
    assert worst(LeaseState(RefreshStatus.COMPLETED), oldest=FRESH)[0] is State.OK


def test_table_that_a_run_writes_is_refreshing_and_one_whose_run_died_is_interrupted() -> None:
    begun = "2026-11-29T11:59:00+00:00"
    held = LeaseState(RefreshStatus.UPDATING, "jr_1", begun, NOW + timedelta(seconds=1))
    assert worst(held) == (State.REFRESHING, f"since {begun} by jr_1")
    died = LeaseState(RefreshStatus.UPDATING, "jr_1", begun, NOW - timedelta(seconds=1))
    assert worst(died)[0] is State.INTERRUPTED


def test_refused_table_says_whether_it_is_tried_again() -> None:
    refused = entry(QuarantineKind.REFUSED_TABLE)
    digest = table_config().digest
    same = LeaseState(RefreshStatus.ERROR, refused_registrations=5, refused_configuration=digest)
    assert worst(same, refused, oldest=FRESH) == (State.REFUSED, "the reason")
    changed = LeaseState(RefreshStatus.ERROR, refused_registrations=4, refused_configuration=digest)
    assert worst(changed, refused, oldest=FRESH)[1] == ("the reason (changed since then: the next refresh tries again)")


def test_failed_paused_held_and_expiring_tables_are_told_apart() -> None:
    assert worst(LeaseState(RefreshStatus.ERROR)) == (State.FAILED, "the run log has the reason")
    assert worst(is_active=False) == (State.PAUSED, "")
    assert worst(None, entry(QuarantineKind.HELD_LOAD)) == (State.HELD_LOAD, "the reason")
    assert worst(None, entry(QuarantineKind.HELD_FILE)) == (State.HELD_FILE, "the reason")
    assert worst(None, entry(QuarantineKind.SKIPPED_FILE)) == (State.SKIPPED_FILE, "the reason")
    old = (NOW - timedelta(days=84)).isoformat()
    assert worst(oldest=old, is_active=False) == (
        State.EXPIRING,
        "the staging bucket deletes the oldest pending file in 6 days",
    )


@pytest.mark.parametrize("kind", [QuarantineKind.HELD_LOAD, QuarantineKind.HELD_FILE])
def test_held_files_that_are_about_to_expire_are_told_with_what_to_do_until_when(kind: QuarantineKind) -> None:
    """They are not pending: nobody was told before they could not be approved any more."""

    def held(days: int) -> tuple[State, str]:
        return worst(None, entry(kind, details={"landed_from": f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"}))

    assert held(82)[0] is not State.EXPIRING
    state, reason = held(84)
    assert state is State.EXPIRING
    assert "decide until 2026-12-05" in reason
    assert ("odp reload" if kind is QuarantineKind.HELD_LOAD else "odp quarantine release") in reason
    state, reason = held(91)
    assert state is State.EXPIRING
    assert "since 2026-11-28" in reason
    assert "load the table again in DMS" in reason


def test_held_files_of_an_earlier_release_are_as_old_as_their_entry() -> None:
    old = Entry(QuarantineKind.HELD_LOAD, "s.t#1", "the reason", "2026-09-01T00:00:00.000+00:00", "s.t")
    assert worst(None, old)[0] is State.EXPIRING
    assert worst(None, entry(QuarantineKind.HELD_LOAD))[0] is State.HELD_LOAD


def test_held_request_to_empty_a_table_has_no_files_that_expire() -> None:
    old = Entry(
        QuarantineKind.HELD_LOAD, "s.t#1", "the reason", "2026-01-01T00:00:00.000+00:00", "s.t", {"landed_from": ""}
    )
    assert worst(None, old)[0] is State.HELD_LOAD


def test_dismissed_entry_is_nobodys_business_any_more() -> None:
    assert worst(None, entry(QuarantineKind.SKIPPED_FILE, dismissed_at="2026-11-29"))[0] is State.OK


def test_ages_have_two_units() -> None:
    spans = {0: "0 s", 59: "59 s", 60: "1 min", 3_601: "1 h", 90_000: "1 d 1 h", 5_400: "1 h 30 min"}
    assert {seconds: age(timedelta(seconds=seconds)) for seconds in spans} == spans


@pytest.fixture
def busy(lake: Lake) -> Lake:
    """Tables in different states, written by the adapters that write them in a lake."""
    lake.configure()
    applied = change(1, "s.t")
    lake.land(applied, change(2, "s.t"), change(3, "s.u"), part(1, "s.v"))
    lake.refresh(table_config(), [applied])
    paused = lake.configure(source_table_name="s.p", raw_table_name="p", is_active=False)
    assert paused.qualified_name == "db.p"
    refused = lake.configure(source_table_name="s.v", raw_table_name="v")
    wrong = {"status": RefreshStatus.ERROR, "error": "column A is a text now", "refused": True}
    lake.refresh(refused, [], **wrong, refused_registrations=1, refused_configuration=refused.digest)
    return lake


def test_tables_are_listed_with_their_state_the_worst_first(busy: Lake) -> None:
    answer = busy.json("status")
    assert [(each["source_table_name"], each["state"]) for each in answer["tables"]] == [
        ("s.v", "refused"),
        ("s.u", "unconfigured"),
        ("s.p", "paused"),
        ("s.t", "ok"),
    ]
    assert answer["tables"][0]["reason"] == "column A is a text now"


def test_program_gets_everything_of_a_table(busy: Lake) -> None:
    (table,) = busy.json("status", "s.t")["tables"]
    assert table.pop("lag_seconds") > 0
    assert table == {
        "source_table_name": "s.t",
        "raw_table": "db.t",
        "cadence": "10_min_refresh",
        "state": "ok",
        "reason": "",
        "conditions": [{"state": "ok", "reason": ""}],
        "oldest_pending": "2026-11-28T00:00:00Z",
        "pending_files": 1,
        "pending_bytes": 2048,
        "last_refresh": {
            "ended_at": "2026-11-28T10:01:00.000+00:00",
            "rows_inserted": 1,
            "rows_updated": 2,
            "rows_deleted": 3,
            "files": 1,
            "error": "",
            "updates_without_row": 0,
            "engine": "spark",
            "beyond_engine": "",
            "advice": "",
        },
    }


def test_person_and_program_see_what_the_last_refresh_advises(busy: Lake) -> None:
    advice = "rows from before have NULL in rate; run: odp replication reload --all --source default"
    busy.refresh(table_config(), [], advice=advice)
    assert f"! s.t: {advice}" in " ".join(busy.odp("status").output.split())
    (table,) = busy.json("status", "s.t")["tables"]
    assert (table["state"], table["last_refresh"]["advice"]) == ("ok", advice)


def test_person_sees_updates_without_a_row_beside_the_last_refresh(busy: Lake) -> None:
    assert "without a row" not in busy.odp("status").output
    busy.refresh(table_config(), [], counts=RowCounts(3, 2, 1, 2))
    assert "+3 ~2 -1, 2 updates without a row" in busy.odp("status").output
    (table,) = busy.json("status", "s.t")["tables"]
    assert table["last_refresh"]["updates_without_row"] == 2


def test_table_that_the_native_engine_left_says_why_and_until_when_spark_refreshes_it(busy: Lake) -> None:
    reason = "BeyondEngineError: db.t: 1,000,001 changed rows are more than the native engine takes"
    native = {"engine": Engine.NATIVE, "beyond_engine": reason}
    busy.refresh(table_config(), [], run="native-7f", **native, comes_again=True)
    (table,) = busy.json("status", "s.t")["tables"]
    assert (table["state"], table["last_refresh"]["engine"]) == ("left to Spark", "native")
    assert table["last_refresh"]["beyond_engine"] == reason
    assert re.fullmatch(rf"until 20..-..-.. ..:.., {re.escape(reason)}", table["reason"])
    assert "by native" in busy.odp("status").output
    busy.refresh(table_config(), [], run="native-7f", **native)
    (table,) = busy.json("status", "s.t")["tables"]
    assert table["reason"] == f"for the next refresh, {reason}"
    busy.refresh(table_config(), [], run="native-80", engine=Engine.NATIVE)
    (table,) = busy.json("status", "s.t")["tables"]
    assert (table["state"], table["last_refresh"]["engine"]) == ("ok", "native")


def test_native_run_that_was_killed_is_interrupted_and_leaves_its_table_to_spark(busy: Lake) -> None:
    clock = (datetime.now(UTC) - timedelta(minutes=10)).timestamp()
    DynamoDbTableLeases(busy.dynamodb, "leases", clock=lambda: clock).acquire("db.t", "native-7f")
    (table,) = busy.json("status", "s.t")["tables"]
    assert [each["state"] for each in table["conditions"]] == ["interrupted", "left to Spark"]
    assert "native-7f ended without recording its end: it ran out of memory or time" in table["conditions"][1]["reason"]


def test_person_sees_a_row_for_each_table(busy: Lake) -> None:
    rows = busy.odp("status").output.splitlines()
    (row,) = [row for row in rows if row.strip().startswith("s.t")]
    for shown in ("db.t", "10_min_refresh", "ok", "1 file, 2.0 KB", "2026-11-28 10:01 +1 ~2 -3"):
        assert shown in row
    (paused,) = [row for row in rows if row.strip().startswith("s.p")]
    assert "fresh" in paused


def test_run_that_writes_a_table_is_named_with_its_beginning(busy: Lake) -> None:
    DynamoDbTableLeases(busy.dynamodb, "leases").acquire("db.t", "jr_9")
    (table,) = busy.json("status", "t")["tables"]
    assert table["state"] == "refreshing"
    assert table["reason"].endswith("by jr_9")
    assert table["reason"].startswith("since 20")


def test_entries_without_a_table_are_counted(busy: Lake) -> None:
    busy.keep(Quarantined(QuarantineKind.REJECTED_FILE, "x", "no DMS file", {}))
    assert busy.json("status")["without_table"] == {"rejected_file": 1}
    assert "of no table: rejected_file 1" in busy.odp("status").output


def test_unknown_table_is_told_with_what_was_meant(busy: Lake) -> None:
    assert mend(busy.odp("status", "s.tt")).startswith("there is no table s.tt\n  To mend it: did you mean s.t")


def test_lake_without_tables_says_what_comes_next(lake: Lake) -> None:
    assert "test has no tables yet" in lake.odp("status").output


def test_status_of_a_backlog_reads_its_oldest_file_only(lake: Lake) -> None:
    lake.configure()
    lake.land(*(change(number) for number in range(20)))
    items: list[int] = []
    count = "after-call.dynamodb.Query"
    client = lake.dynamodb.meta.client
    client.meta.events.register(count, lambda parsed, **_: items.append(len(parsed["Items"])), unique_id="count")
    try:
        assert lake.json("status")["tables"][0]["pending_files"] == 20
    finally:
        client.meta.events.unregister(count, unique_id="count")
    assert sum(items) == 2, "the summary and the oldest change"


def test_rejected_files_that_expire_are_told(lake: Lake) -> None:
    lake.configure()
    landed_at = f"{datetime.now(UTC) - timedelta(days=3000):%Y-%m-%dT%H:%M:%SZ}"
    details: dict[str, str | int] = {"file_ingestion_date_time": landed_at}
    lake.keep(Quarantined(QuarantineKind.REJECTED_FILE, "f1", "no", details))
    assert "the staging bucket deletes" not in lake.odp("status").output, "it is gone"
    for days in range(100):
        at = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        lake.keep(Quarantined(QuarantineKind.REJECTED_FILE, f"f{days}", "no", {"file_ingestion_date_time": at}))
    assert re.search(r"the staging bucket deletes \d rejected files within 7 days", lake.odp("status").output)
