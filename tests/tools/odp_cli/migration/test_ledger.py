"""This release reads an existing lake's ledger unchanged, whatever interrupts the migration."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from odp.dynamodb.deploy_tracker import DynamoDbLedgerFormat
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.table_leases import DynamoDbWrittenTables
from odp.errors import LedgerFormatError
from odp.file_manager.registration import Staging
from odp.file_manager.sources import Sources
from odp.records import LandedFile
from odp_cli.errors import CommandError
from odp_cli.ledger_migrate import migrated
from odp_cli.migration import ledger as ledger_migration
from odp_cli.migration.ledger import LedgerMigration

from lake.ledger import connection
from tests.tools.odp_cli.migration.conftest import FORMAT_1, RAW, STAGING, Migrations, State
from tests.unit.odp.file_manager.batches import Registration, register_batch

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class Killed(BaseException):
    """The process ends here."""


def run(ledger: LedgerMigration, *, split: bool = False) -> None:
    outcome = migrated(ledger, by="arn:aws:iam::222222222222:user/someone", split=split)
    assert outcome.found.problems == []


def events_of_format_1() -> list[dict[str, Any]]:
    """The events of every object that the old ledger knows, as S3 may send them again."""
    files = [*FORMAT_1["files"], *FORMAT_1["files_history"]]
    return [
        {
            "messageId": str(number),
            "body": json.dumps(
                {
                    "time": file["file_ingestion_date_time"]["S"],
                    "detail": {
                        "bucket": {"name": STAGING},
                        "object": {"key": file["file_ingestion_path"]["S"], "version-id": file["version_id"]["S"]},
                    },
                }
            ),
        }
        for number, file in enumerate(files)
    ]


def require_current(dynamodb: "DynamoDBServiceResource") -> None:
    DynamoDbLedgerFormat(dynamodb, "deploy_tracker", ("files", "files_history")).require_current()


def test_every_file_that_was_known_is_known_under_the_id_of_its_event_and_none_is_applied_again(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    run(migration())
    before = state()
    tracker = DynamoDbFileTracker(old_ledger, "files", "files_history")
    staging = Staging(Sources({"default": "dms"}), {"staging": STAGING})
    quarantine = DynamoDbQuarantine(old_ledger, "quarantine")
    again = register_batch(events_of_format_1(), tracker, quarantine, staging)
    assert again == Registration(already_known=len(FORMAT_1["files"]) + len(FORMAT_1["files_history"]))
    assert state() == before


def test_migrated_file_keeps_what_was_known_of_it_and_names_the_role_of_its_bucket(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    run(migration())
    history = {item["version_id"]: item for item in state()["files_history"]}
    assert history.keys() == {"v1", "v2", "v3", "v4"}
    (old,) = [item for item in FORMAT_1["files_history"] if item["version_id"]["S"] == "v3"]
    assert history["v3"] == {
        **{name: Decimal(value["N"]) if "N" in value else value["S"] for name, value in old.items()},
        "file_id": "1/20260105-120000001.parquet/5ea8cd6965c715a2ce63a2827cdde0cd",
        "file_ingestion_s3_bucket": "staging",
        "format": 2,
    }


def test_pending_files_are_counted_in_the_summary_of_their_table(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    run(migration())
    summaries = {item["file_id"]: item for item in state()["files"] if item["source_table_name"] == "#pending"}
    assert {name: (item["files"], item["bytes"], item["registrations"]) for name, item in summaries.items()} == {
        "shop.orders": (3, 333, 3),
        "shop.customers": (1, 113, 1),
        "shop.new": (1, 114, 1),
    }


def test_lake_tables_are_bound_to_the_role_of_their_bucket(
    old_ledger: "DynamoDBServiceResource", migration: Migrations
) -> None:
    run(migration())
    written = DynamoDbWrittenTables(old_ledger, "leases").written(["db.orders", "db.customers"])
    assert [table.identity["raw_database_S3_bucket"] for table in written.values() if table.identity] == ["raw", "raw"]


def test_rejected_file_has_the_id_that_a_sweep_gives_it(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    run(migration())
    (entry,) = state()["quarantine"]
    assert entry["file_ingestion_s3_bucket"] == "staging"
    s3_object = {"key": "dms/shop/readme.txt", "version-id": "v5"}
    body = {"time": "2026-01-05T12:00:00Z", "detail": {"bucket": {"name": STAGING}, "object": s3_object}}
    staging = Staging(Sources({"default": "dms"}), {"staging": STAGING})
    message = {"messageId": "1", "body": json.dumps(body)}
    quarantine = DynamoDbQuarantine(old_ledger, "quarantine")
    tracker = DynamoDbFileTracker(old_ledger, "files", "files_history")
    assert register_batch([message], tracker, quarantine, staging) == Registration(already_known=1)


def test_nothing_that_is_migrated_names_a_physical_bucket_or_a_region(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    run(migration())
    migrated_tables = {name: state()[name] for name in ("files", "files_history", "leases", "quarantine")}
    assert not [name for name in (STAGING, RAW, "us-east-1") if name in str(migrated_tables)]


def test_files_are_registered_only_once_the_migration_has_ended(
    old_ledger: "DynamoDBServiceResource", migration: Migrations
) -> None:
    with pytest.raises(LedgerFormatError):
        require_current(old_ledger)
    run(migration())
    require_current(old_ledger)


def test_migration_that_is_repeated_changes_nothing(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    run(migration())
    before = state()
    outcome = migrated(migration(), by="someone", split=False)
    assert (outcome.was_done, outcome.found.items) == (True, 0)
    assert state() == before


def test_migration_of_a_new_ledger_opens_it(dynamodb: "DynamoDBServiceResource", migration: Migrations) -> None:
    run(migration())
    require_current(dynamodb)


def test_migration_that_dies_before_any_write_refuses_registrations_and_goes_on_later(
    old_ledger: "DynamoDBServiceResource",
    migration: Migrations,
    state: Callable[[], State],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_migration, "_FILES_PER_TRANSACTION", 2)
    untouched = state()
    run(migration())
    whole = without_time(state())
    writes = 2 + 2 + 3 + 1  # leases, history, pending, quarantine
    for number in range(writes + 1):
        restore(old_ledger, untouched, state())
        assert dies(migration(), monkeypatch, number) == (number < writes)
        if number < writes:
            with pytest.raises(LedgerFormatError):
                require_current(old_ledger)
        run(migration())
        assert without_time(state()) == whole


def dies(ledger: LedgerMigration, patch: pytest.MonkeyPatch, after: int) -> bool:
    """Let the migration die before a write, which is after the one before; False if it makes fewer."""
    original, count = connection.transact, 0

    def transact(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count > after:
            raise Killed
        original(*arguments)

    with patch.context() as patched:
        patched.setattr(ledger_migration, "transact", transact)
        try:
            run(ledger)
        except Killed:
            return True
    return False


def restore(dynamodb: "DynamoDBServiceResource", wanted: State, found: State) -> None:
    for name in found:
        table = dynamodb.Table(name)
        keys = [key["AttributeName"] for key in table.key_schema]
        with table.batch_writer() as writer:
            for item in found[name]:
                writer.delete_item(Key={key: item[key] for key in keys})
        with table.batch_writer() as writer:
            for item in wanted[name]:
                writer.put_item(Item=item)


def without_time(state: State) -> State:
    return {table: [{**item, "since": ""} for item in items] for table, items in state.items()}


def test_dry_run_tells_what_would_be_done_and_changes_nothing(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    before = state()
    answer = migrated(migration(), by="", split=False).as_json()
    assert answer == {
        "dry_run": True,
        "items": {"pending": 5, "history": 4, "leases": 2, "quarantine": 1},
        "renamed": {},
        "split": {},
        "refused": [],
    }
    assert state() == before


def refusals(ledger: LedgerMigration, state: Callable[[], State]) -> list[str]:
    before = state()
    found = migrated(ledger, by="someone", split=False).found.problems
    assert found
    assert state() == before
    return found


def change_lease(dynamodb: "DynamoDBServiceResource", **fields: Any) -> None:
    table = dynamodb.Table("leases")
    table.put_item(Item={**table.get_item(Key={"raw_table_name": "db.orders"})["Item"], **fields})


def test_ledger_of_a_table_that_is_being_written_is_left_alone(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    change_lease(old_ledger, lease_owner="jr_2", lease_expires_at=1_800_000_001, refresh_status="updating_table")
    (problem,) = refusals(migration(), state)
    assert problem == "db.orders: run jr_2 is writing it; pause the schedules and wait for its end"


def test_ledger_of_a_table_whose_run_died_is_left_to_the_release_that_can_read_its_commit(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    change_lease(old_ledger, lease_owner="jr_2", lease_expires_at=1_700_000_000, refresh_status="updating_table")
    (problem,) = refusals(migration(), state)
    assert problem.startswith("db.orders: run jr_2 died, and may have committed files that are still pending")


@pytest.mark.parametrize("skipped_first", [False, True])
def test_file_that_a_failed_run_committed_is_known_by_its_commit_after_the_migration(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, skipped_first: bool
) -> None:
    """The catalog failed after the commit: the files are pending, and the commit names them by their former ids."""
    change_lease(old_ledger, refresh_status="refresh_error")
    committed = [file for file in FORMAT_1["files"] if file["source_table_name"]["S"] == "shop.orders"][:2]
    run(migration())
    tracker = DynamoDbFileTracker(old_ledger, "files", "files_history")
    ids = [file["file_id"]["S"] for file in committed]
    versions = {file["version_id"]["S"] for file in committed}

    def unrecorded(table: str) -> Sequence[LandedFile]:
        return tracker.unrecorded_files(table, ids, tracker.pending_files(table, 100))

    if skipped_first:
        file = unrecorded("shop.orders")[0]
        decisions = DynamoDbFileDecisions(old_ledger, DecisionTables("files", "files_history", "leases", 400))
        assert decisions.skip("shop.orders", file.file_id, "given up")
    found = unrecorded("shop.orders")
    assert {file.version_id for file in found} == versions
    assert all("/" in file.file_id for file in found)
    assert unrecorded("shop.customers") == []


def test_mark_of_the_migration_is_written_again_if_it_meets_another_write(
    dynamodb: "DynamoDBServiceResource", migration: Migrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_item, attempts = dynamodb.meta.client.put_item, 0

    def throttled_once(**request: Any) -> object:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ClientError({"Error": {"Code": "TransactionConflictException"}}, "PutItem")
        return put_item(**request)

    monkeypatch.setattr(dynamodb.meta.client, "put_item", throttled_once)
    run(migration())
    require_current(dynamodb)
    assert attempts == 3


def test_run_that_begins_while_the_leases_are_migrated_stops_the_migration(
    old_ledger: "DynamoDBServiceResource", migration: Migrations
) -> None:
    ledger = migration()
    found = ledger.find()
    change_lease(old_ledger, lease_owner="jr_2", lease_expires_at=1_800_000_100)
    with pytest.raises(CommandError, match="the ledger changed during the migration: a run began"):
        ledger.run(found, by="someone")
    with pytest.raises(LedgerFormatError):
        require_current(old_ledger)


def test_data_in_another_bucket_is_not_taken_for_this_lakes(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    old = old_ledger.Table("leases").get_item(Key={"raw_table_name": "db.orders"})["Item"]["written_with"]
    change_lease(old_ledger, written_with={**old, "raw_database_S3_bucket": "elsewhere"})  # type: ignore[dict-item]
    (problem,) = refusals(migration(), state)
    assert problem == f"db.orders: holds data in the bucket elsewhere, which is not this lake's raw bucket {RAW}"


@pytest.mark.parametrize("folder", ["", "other"])
def test_sources_by_which_the_old_files_are_no_files_of_their_tables_are_refused(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State], folder: str
) -> None:
    found = refusals(migration(default=folder), state)
    assert any("dms/shop/orders/2026/01/05/20260105-120000001.parquet: " in problem for problem in found)
    assert all("configure its folder" in problem or "no source's folder" in problem for problem in found)


def test_table_of_a_source_that_is_not_the_default_gets_its_name_in_files_and_lease(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    outcome = migrated(migration(shop="dms"), by="someone", split=False)
    assert outcome.found.renamed == {f"shop.{name}": f"shop:shop.{name}" for name in ("customers", "new", "orders")}
    found = state()
    names = {item["source_table_name"] for item in (*found["files"], *found["files_history"])}
    assert names == {"#pending", "shop:shop.orders", "shop:shop.customers", "shop:shop.new"}
    bound = {item["written_with"]["source_table_name"] for item in found["leases"]}
    assert bound == {"shop:shop.orders", "shop:shop.customers"}


def put_old_file(dynamodb: "DynamoDBServiceResource", table: str, key: str, **fields: Any) -> None:
    item = dynamodb.Table("files_history").scan()["Items"][0]
    changed = {"file_id": "f" * 32, "file_ingestion_path": key, "source_table_name": "shop.orders", **fields}
    dynamodb.Table(table).put_item(Item={**item, **changed})


def test_table_that_two_sources_were_mixed_into_is_refused_until_it_is_split(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    put_old_file(old_ledger, "files_history", "erp/shop/orders/LOAD00000001.parquet", dms_file_type="Full")
    ledger = migration(default="dms", erp="erp")
    (problem,) = refusals(ledger, state)
    assert problem.startswith("shop.orders holds files of several tables: erp:shop.orders, shop.orders.")
    run(ledger, split=True)
    names = {item["source_table_name"] for item in state()["files_history"]}
    assert names == {"shop.orders", "shop.customers", "erp:shop.orders"}
    assert {item["written_with"]["source_table_name"] for item in state()["leases"]} == {
        "shop.orders",
        "shop.customers",
    }


NO_TIME = "dms/shop/orders/00000000-000000000.parquet"


def test_applied_change_whose_name_is_no_time_stays_in_the_history_and_a_pending_one_is_held_for_a_person(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    put_old_file(old_ledger, "files_history", NO_TIME, dms_file_type="Incremental", version_id="a")
    put_old_file(old_ledger, "files", NO_TIME, dms_file_type="Incremental", version_id="b")
    run(migration())
    found = {item["version_id"]: item for item in state()["files_history"]}
    assert found["a"]["file_ingestion_status"] == "raw_file_processed"
    assert found["b"]["file_ingestion_status"] == "raw_file_held"
    assert "00000000-000000 is no date and time" in found["b"]["status_reason"]
    summary = [item for item in state()["files"] if item["file_id"] == "shop.orders"]
    assert [item["files"] for item in summary] == [3]


def test_file_of_an_unversioned_bucket_gets_the_id_of_its_event(
    old_ledger: "DynamoDBServiceResource", migration: Migrations, state: Callable[[], State]
) -> None:
    key = "dms/shop/orders/20260107-120000001.parquet"
    item = {**old_ledger.Table("files_history").scan()["Items"][0], "file_id": "e" * 32, "file_ingestion_path": key}
    del item["version_id"]
    old_ledger.Table("files").put_item(
        Item={
            **item,
            "dms_file_type": "Incremental",
            "source_table_name": "shop.orders",
            "etag": "e",
            "sequencer": "0F",
        }
    )
    run(migration())
    (found,) = [item for item in state()["files"] if item.get("file_ingestion_path") == key]
    tracker = DynamoDbFileTracker(old_ledger, "files", "files_history")
    s3_object = {"key": key, "etag": "e", "sequencer": "0F"}
    body = {"time": "2026-01-05T12:00:00Z", "detail": {"bucket": {"name": STAGING}, "object": s3_object}}
    message = {"messageId": "1", "body": json.dumps(body)}
    staging = Staging(Sources({"default": "dms"}), {"staging": STAGING})
    quarantine = DynamoDbQuarantine(old_ledger, "quarantine")
    assert register_batch([message], tracker, quarantine, staging) == Registration(already_known=1), found
