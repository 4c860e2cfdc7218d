"""TRUNCATE and DROP at the source: a person sees that the load is gone, and empties the table or keeps its rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from odp.records import LandedFile, SkipReason
from odp_cli.operate.ages import minute

from deployment_account.names import Shared
from lake.landing.listings import SweepState
from lake.ledger.sweep_state import DynamoDbSweepState
from tests.moto_session import client
from tests.tools.odp_cli.operate.conftest import CALLER, Lake, change, mend, part
from tests.unit.odp.samples import table_config

NOW = datetime.now(UTC)
LANDED = f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
PARTS = (part(1, landed_at=LANDED), part(2, landed_at=LANDED))


@pytest.fixture
def loaded(lake: Lake) -> Lake:
    """A table with a load whose objects are in the bucket."""
    client("s3").create_bucket(Bucket="bucket")
    client("s3").put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    client("ssm").put_parameter(Name=f"/odp/test/{Shared.STAGING_BUCKET}", Value="bucket", Type="String")
    lake.configure()
    lake.land(*PARTS)
    for file in PARTS:
        client("s3").put_object(Bucket="bucket", Key=file.key, Body=b"x")
    lake.refresh(table_config(), [file.applied(1) for file in PARTS])
    return lake


@pytest.fixture
def truncated(loaded: Lake) -> Lake:
    for file in PARTS:
        client("s3").delete_object(Bucket="bucket", Key=file.key)
    return loaded


def state(lake: Lake) -> Any:
    (table,) = lake.json("status", "--check")["tables"]
    return table["state"]


def test_table_whose_objects_are_there_is_ok(loaded: Lake) -> None:
    client("s3").delete_object(Bucket="bucket", Key=PARTS[0].key)
    assert state(loaded) == "ok"


def test_vanished_load_is_one_entry_however_often_it_is_checked(truncated: Lake) -> None:
    assert (state(truncated), state(truncated)) == ("vanished load", "vanished load")
    (entry,) = truncated.kept("vanished_load")
    assert (entry["source_table_name"], entry["files"]) == ("s.t", 2)


def test_emptying_registers_an_approved_load_without_object_once(truncated: Lake) -> None:
    state(truncated)
    answer = truncated.json("reload", "s.t", "--empty", "--yes", "--reason", "ticket 8")
    assert answer["registered"] is True
    assert truncated.pending() == {"LOAD00000000.parquet": True}
    assert truncated.kept("vanished_load") == []
    assert truncated.decisions() == [("odp reload --empty", CALLER, "ticket 8", "rows kept", "emptied", "done", 1)]
    assert "a load waits already" in mend(truncated.odp("reload", "s.t", "--empty", "--yes"))
    assert state(truncated) == "ok"


def test_kept_rows_are_not_asked_for_again(truncated: Lake) -> None:
    state(truncated)
    (entry,) = truncated.json("quarantine", "list")["entries"]
    assert truncated.odp("quarantine", "dismiss", entry["entry"], "--reason", "kept", "--yes").exit_code == 0
    assert state(truncated) == "ok"
    assert len(truncated.kept("vanished_load")) == 1, "dismissed, it stays on record"


def test_table_whose_objects_are_there_is_never_emptied(loaded: Lake) -> None:
    assert "s.t is not emptied" in mend(loaded.odp("reload", "s.t", "--empty", "--yes"))
    assert loaded.pending() == {}


def test_entry_goes_when_another_load_has_landed(truncated: Lake) -> None:
    state(truncated)
    truncated.land(change(1), part(1, file_id="0/LOAD00000001.parquet/b", version_id="v2"))
    assert state(truncated) == "ok"
    assert truncated.kept("vanished_load") == []


def test_dry_run_and_refused_question_empty_nothing(truncated: Lake) -> None:
    assert truncated.json("reload", "s.t", "--empty", "--dry-run")["registered"] is False
    result = truncated.odp("reload", "s.t", "--empty", answers="n\n")
    assert f"the 2 objects of its load landed {minute(LANDED)} UTC and are gone since" in result.output
    assert "may have expired" not in result.output
    assert (truncated.pending(), truncated.decisions()) == ({}, [])


def test_load_that_expired_under_a_shorter_retention_is_not_emptied(truncated: Lake) -> None:
    """The retention was raised since: the sweep has noted what may have expired before."""
    states = DynamoDbSweepState(truncated.dynamodb, "files", "staging")
    states.save(SweepState(expired_until=f"{NOW:%Y-%m-%dT%H:%M:%SZ}"))
    assert state(truncated) == "ok"
    assert "may have expired" in mend(truncated.odp("reload", "s.t", "--empty", "--yes"))


def test_question_warns_of_a_load_that_was_old_when_it_was_deleted(lake: Lake) -> None:
    """An older release kept no note of a shorter retention."""
    old = part(1, landed_at=f"{NOW - timedelta(days=31):%Y-%m-%dT%H:%M:%SZ}")
    client("s3").create_bucket(Bucket="bucket")
    client("ssm").put_parameter(Name=f"/odp/test/{Shared.STAGING_BUCKET}", Value="bucket", Type="String")
    lake.configure()
    lake.land(old)
    lake.refresh(table_config(), [old.applied(1)])
    output = lake.odp("reload", "s.t", "--empty", answers="n\n").output
    assert "deleted 31 days after they landed: they may have expired, if landed_file_days was shorter then" in output


def test_held_load_is_decided_first(truncated: Lake) -> None:
    """The entry went, and --empty said that a load waits, but not which or what to do."""
    held = part(1, file_id="0/LOAD00000001.parquet/b", version_id="v2", landed_at=f"{NOW:%Y-%m-%dT%H:%M:%SZ}")
    truncated.land(held)
    truncated.hold(held)
    assert state(truncated) == "held load"
    assert truncated.kept("vanished_load") == []
    told = mend(truncated.odp("reload", "s.t", "--empty", "--yes"))
    assert "s.t is not emptied: a load of it is held, because its objects were copied" in told
    assert "odp reload s.t --approve or --dismiss" in told
    truncated.json("reload", "s.t", "--dismiss", "--yes", "--reason", "a copy")
    assert state(truncated) == "vanished load"


def test_emptying_that_is_held_is_no_vanished_load_again_until_it_is_dismissed(truncated: Lake) -> None:
    """Every look kept the entry again, with an alarm, and --empty said each time that the next refresh empties."""
    state(truncated)
    truncated.json("reload", "s.t", "--empty", "--yes", "--reason", "x")
    hold_emptying(truncated)
    assert (state(truncated), truncated.kept("vanished_load")) == ("held load", [])
    assert "is held, because changes were deleted" in mend(truncated.odp("reload", "s.t", "--empty", "--yes"))
    truncated.json("reload", "s.t", "--dismiss", "--yes", "--reason", "x")
    assert state(truncated) == "vanished load"
    assert truncated.json("reload", "s.t", "--empty", "--yes", "--reason", "again")["registered"] is True
    assert truncated.pending() == {"LOAD00000000.parquet": True}
    assert truncated.kept("vanished_load") == []
    hold_emptying(truncated)
    truncated.json("reload", "s.t", "--dismiss", "--yes", "--reason", "x")
    assert truncated.json("reload", "s.t", "--empty", "--yes", "--reason", "third")["registered"] is True


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_emptying_that_a_refresh_skipped_is_not_promised_again(truncated: Lake, dry_run: tuple[str, ...]) -> None:
    state(truncated)
    truncated.json("reload", "s.t", "--empty", "--yes", "--reason", "x")
    truncated.refresh(table_config(), [emptying(truncated).skipped(SkipReason.ABANDONED_LOAD)])
    assert state(truncated) == "vanished load"
    told = mend(truncated.odp("reload", "s.t", "--empty", "--yes", *dry_run))
    assert f"s.t is not emptied: the request was skipped, because {SkipReason.ABANDONED_LOAD}" in told
    assert "load the table again in DMS" in told
    assert (truncated.pending(), len(truncated.kept("vanished_load"))) == ({}, 1)


def emptying(lake: Lake) -> LandedFile:
    (pending,) = lake.tracker.pending_files("s.t", 10).files
    return pending


def hold_emptying(lake: Lake) -> None:
    lake.hold(emptying(lake), reason="changes were deleted")


def days_ago(days: int) -> str:
    return f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def landed_change(days: int) -> LandedFile:
    name = f"{NOW - timedelta(days=days):%Y%m%d-%H%M%S}000.parquet"
    fields = {"file_id": f"1/{name}/{days:032}", "key": f"s/t/{NOW - timedelta(days=days):%Y/%m/%d}/{name}"}
    return change(1, **fields, landed_at=days_ago(days))


@pytest.fixture
def old(lake: Lake) -> Lake:
    """A table whose load expired long ago, with the changes of some days that the bucket has."""
    client("s3").create_bucket(Bucket="bucket")
    client("s3").put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    client("ssm").put_parameter(Name=f"/odp/test/{Shared.STAGING_BUCKET}", Value="bucket", Type="String")
    lake.configure()
    changes = [landed_change(days) for days in (2, 9, 10, 11)]
    files = [part(1, landed_at=days_ago(3000)), *changes]
    lake.land(*files)
    for file in changes:
        client("s3").put_object(Bucket="bucket", Key=file.key, Body=b"x")
    lake.refresh(table_config(), [file.applied(1) for file in files])
    return lake


def delete(lake: Lake, *days: int) -> None:
    for each in days:
        client("s3").delete_object(Bucket="bucket", Key=landed_change(each).key)


def test_table_whose_load_expired_is_emptied_once_all_its_change_files_are_gone(old: Lake) -> None:
    """It was all right forever, and --empty was refused."""
    delete(old, 2, 9)
    assert state(old) == "ok"
    assert "s.t is not emptied" in mend(old.odp("reload", "s.t", "--empty", "--yes"))
    delete(old, 10, 11)
    assert state(old) == "vanished load"
    (entry,) = old.kept("vanished_load")
    assert "all 4 change files that were looked for were deleted" in str(entry["reason"])
    told = old.odp("reload", "s.t", "--empty", answers="n\n").output
    assert f"the 4 change files that were looked for landed until {minute(days_ago(2))} UTC and are gone since" in told
    assert old.json("reload", "s.t", "--empty", "--yes", "--reason", "ticket 9")["registered"] is True
    assert emptying(old).key == "s/t/LOAD00000000.parquet"
    assert old.kept("vanished_load") == []
    old.refresh(table_config(), [emptying(old).applied(2)])
    assert state(old) == "ok"
    assert old.json("status", "--check")["cannot_tell_if_emptied"] == []


def test_check_names_the_tables_of_which_nobody_can_tell(lake: Lake) -> None:
    client("s3").create_bucket(Bucket="bucket")
    client("ssm").put_parameter(Name=f"/odp/test/{Shared.STAGING_BUCKET}", Value="bucket", Type="String")
    lake.configure()
    expired = part(1, landed_at=days_ago(3000))
    lake.land(expired)
    lake.refresh(table_config(), [expired.applied(1)])
    assert "cannot_tell_if_emptied" not in lake.json("status")
    assert lake.json("status", "--check")["cannot_tell_if_emptied"] == ["s.t"]
    told = lake.odp("status", "--check").output
    assert "nobody can tell whether the source was emptied by TRUNCATE or DROP: s.t" in told
    assert "load the table again in DMS" in told
