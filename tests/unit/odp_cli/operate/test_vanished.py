"""TRUNCATE and DROP at the source: a person sees that the load is gone, and empties the table or keeps its rows."""

from typing import Any

import pytest

from deployment_account.names import Shared
from tests.unit.moto_session import client
from tests.unit.odp.samples import table_config
from tests.unit.odp_cli.operate.conftest import CALLER, Lake, change, mend, part

PARTS = (part(1), part(2))


@pytest.fixture
def loaded(lake: Lake) -> Lake:
    """A table that holds a load of which the bucket has the objects."""
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
    assert "the 2 objects of its load are gone since" in result.output
    assert (truncated.pending(), truncated.decisions()) == ({}, [])
