"""A person gives up a pending file by its key or id; it is in the history with the reason."""

from dataclasses import replace

import pytest
from odp.dynamodb.file_decisions import DynamoDbFileDecisions
from odp.dynamodb.planning import DynamoDbPlannedLeases
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.file_processor.planning import may_start
from odp.records import FileStatus
from odp.refresh import RefreshStatus

from tests.tools.odp_cli.operate.conftest import CALLER, Lake, change, mend

FILE = change(1)
REASON = ("--reason", "poisoned, see ticket 7")


@pytest.fixture
def waiting(lake: Lake) -> Lake:
    lake.configure()
    lake.land(FILE, change(2))
    return lake


@pytest.mark.parametrize("name", [FILE.key, FILE.file_id, f"s3://bucket/{FILE.key}"])
def test_file_is_skipped_by_its_key_its_address_or_its_id(waiting: Lake, name: str) -> None:
    answer = waiting.json("skip", name, *REASON)
    assert answer["decided"] == [FILE.file_id]
    (item,) = waiting.dynamodb.Table("files_history").scan()["Items"]
    assert (item["file_ingestion_status"], item["status_reason"]) == (FileStatus.SKIPPED.value, REASON[1])
    assert waiting.summary() == {"s.t": (1, 3)}
    assert waiting.decisions() == [("odp skip", CALLER, REASON[1], "pending", "skipped", "done", 1)]


def test_every_pending_version_of_an_object_is_skipped(waiting: Lake) -> None:
    again = replace(FILE, file_id=FILE.file_id.replace("c", "d"), version_id="v2")
    waiting.land(again)
    assert len(waiting.json("skip", FILE.key, *REASON)["decided"]) == 2
    assert waiting.pending() == {change(2).name: False}


def test_dry_run_changes_nothing(waiting: Lake) -> None:
    assert waiting.json("skip", FILE.key, *REASON, "--dry-run")["selected"] == [FILE.file_id]
    assert (len(waiting.pending()), waiting.decisions()) == (2, [])


def test_file_of_an_unconfigured_table_can_be_skipped(lake: Lake) -> None:
    lake.land(FILE)
    assert lake.json("skip", FILE.key, *REASON)["decided"] == [FILE.file_id]


def test_file_is_not_taken_from_a_run_that_writes_the_table(waiting: Lake) -> None:
    waiting.leases.acquire("db.t", "jr_5")
    told = mend(waiting.odp("skip", FILE.key, *REASON))
    assert told.startswith("run jr_5 is writing db.t since 20")
    assert (len(waiting.pending()), waiting.decisions()) == (2, [])


def test_run_that_begins_in_between_keeps_the_file_and_the_person_is_told(
    waiting: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip = DynamoDbFileDecisions.skip

    def too_late(self: DynamoDbFileDecisions, table: str, file_id: str, reason: str, *, qualified_name: str) -> bool:
        waiting.leases.acquire("db.t", "jr_5")
        return skip(self, table, file_id, reason, qualified_name=qualified_name)

    monkeypatch.setattr(DynamoDbFileDecisions, "skip", too_late)
    result = waiting.odp("skip", FILE.key, *REASON)
    assert result.exit_code == 1
    assert f"✗ {FILE.key}: a run took it or is writing s.t" in result.output
    assert len(waiting.pending()) == 2


def test_unknown_key_is_told_with_the_pending_one_that_was_meant(waiting: Lake) -> None:
    told = mend(waiting.odp("skip", "s/t/20260101-0000000001.parquet", *REASON))
    assert f"did you mean {FILE.key}" in told
    assert "no pending file has the id" in mend(waiting.odp("skip", FILE.file_id.replace("c", "e"), *REASON))


def test_file_that_is_done_is_told_with_its_status(waiting: Lake) -> None:
    waiting.odp("skip", FILE.key, *REASON)
    assert f"the history has it as raw_file_skipped ({REASON[1]})" in mend(waiting.odp("skip", FILE.key, *REASON))


def test_reason_is_demanded(waiting: Lake) -> None:
    assert waiting.odp("skip", FILE.key).exit_code == 2


def refused(lake: Lake) -> None:
    config, work = lake.configure(), lake.work()["s.t"]
    wrong = {"status": RefreshStatus.ERROR, "error": f"{FILE.name} is not a Parquet file", "refused": True}
    lake.refresh(config, (), **wrong, refused_registrations=work.registrations, refused_configuration=config.digest)


def test_table_that_was_refused_for_the_skipped_file_is_planned_again(waiting: Lake) -> None:
    refused(waiting)
    planned = DynamoDbPlannedLeases(waiting.dynamodb, "leases")
    config = waiting.configure()
    before = planned.leases(["db.t"])["db.t"]
    assert not may_start(config, waiting.work()["s.t"], before)
    assert waiting.json("skip", FILE.key, *REASON)["may_be_applied"] is False
    assert may_start(config, waiting.work()["s.t"], planned.leases(["db.t"])["db.t"])
    (table,) = waiting.json("status")["tables"]
    assert "the next refresh tries again" in table["reason"]


def test_person_is_warned_if_a_run_that_died_may_have_applied_the_file(waiting: Lake) -> None:
    DynamoDbTableLeases(waiting.dynamodb, "leases", clock=lambda: 1000.0).acquire("db.t", "jr_dead")
    result = waiting.odp("skip", FILE.key, *REASON)
    assert "! the last run of s.t died or failed, and may have applied the file before" in result.output
    assert waiting.json("skip", change(2).key, *REASON)["may_be_applied"] is True


def test_person_is_warned_if_a_run_that_failed_may_have_applied_the_file(waiting: Lake) -> None:
    waiting.refresh(waiting.configure(), (), status=RefreshStatus.ERROR, error="the catalog failed")
    assert waiting.json("skip", FILE.key, *REASON, "--dry-run")["may_be_applied"] is True


def test_nobody_is_warned_after_a_run_that_completed(waiting: Lake) -> None:
    waiting.refresh(waiting.configure(), ())
    result = waiting.odp("skip", FILE.key, *REASON)
    assert "may have applied" not in result.output
