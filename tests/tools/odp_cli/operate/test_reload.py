"""A held load is approved or dismissed once, whole or by part, and the audit trail names the person."""

import pytest
from odp.dynamodb.file_decisions import DynamoDbFileDecisions
from odp.records import FileStatus

from tests.tools.odp_cli.operate.conftest import CALLER, Lake, change, killed_at_release, mend, part

PARTS = (part(1), part(2), part(3))
HELD, SKIPPED = FileStatus.HELD.value, FileStatus.SKIPPED.value


@pytest.fixture
def held(lake: Lake) -> Lake:
    lake.configure()
    lake.land(*PARTS)
    lake.hold(*PARTS)
    return lake


def test_approved_load_is_pending_again_in_every_part_and_waits_for_nobody(held: Lake) -> None:
    result = held.odp("reload", "s.t", "--approve", "--yes")
    assert result.exit_code == 0
    assert held.pending() == dict.fromkeys([each.name for each in PARTS], True)
    assert held.statuses() == {}
    assert held.summary() == {"s.t": (3, 6)}
    assert held.kept("held_load") == []
    assert "3 files of s.t approved; the next refresh applies them" in result.output


def test_dismissed_load_is_in_the_history_with_a_reason_and_leaves_the_quarantine(held: Lake) -> None:
    held.odp("reload", "s.t", "--dismiss", "--yes", "--reason", "copied by mistake")
    assert held.statuses() == dict.fromkeys([each.name for each in PARTS], SKIPPED)
    assert (held.pending(), held.kept("held_load")) == ({}, [])
    assert held.decisions() == [
        ("odp reload --dismiss", CALLER, "copied by mistake", "held", "skipped", "done", 3),
    ]


def test_person_sees_what_the_load_is_before_the_question_and_may_say_no(held: Lake) -> None:
    result = held.odp("reload", "s.t", "--approve", answers="n\n")
    assert result.exit_code == 1
    for shown in (
        "3 files, 6.0 KB",
        "2026-11-28 00:00",
        "its objects were copied",
        "s/t/LOAD00000001.parquet",
        "test:",
    ):
        assert shown in result.output
    assert (held.pending(), held.decisions()) == ({}, [])


def test_dry_run_changes_nothing_and_keeps_no_decision(held: Lake) -> None:
    answer = held.json("reload", "s.t", "--approve", "--dry-run")
    assert answer == {
        "environment": "test",
        "source_table_name": "s.t",
        "verdict": "approve",
        "dry_run": True,
        "loads": [
            {
                "reason": "its objects were copied",
                "files": 3,
                "bytes": 6144,
                "landed_from": "2026-11-28T00:00:00Z",
                "landed_until": "2026-11-28T00:00:00Z",
                "keys": [each.key for each in PARTS],
            }
        ],
        "selected": [each.file_id for each in PARTS],
        "decided": [],
        "too_late": [],
        "closed_entries": [],
    }
    assert (held.pending(), held.decisions(), len(held.kept("held_load"))) == ({}, [], 1)


def test_command_that_died_between_two_files_is_run_again_and_finishes(
    held: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at_release(monkeypatch, PARTS[1].file_id):
        held.odp("reload", "s.t", "--approve", "--yes")
    assert held.pending() == {PARTS[0].name: True}
    (approved,) = held.tracker.pending_files("s.t", 1).files
    left = [file for file in held.tracker.processed_loads("s.t") if file.status is FileStatus.HELD]
    assert {file.approval for file in left} == {approved.approval} != {""}, "so no refresh takes it for the whole load"
    assert [line[5:] for line in held.decisions()] == [("begun", None)], "what was begun is kept"
    assert len(held.kept("held_load")) == 1
    assert held.json("reload", "s.t", "--approve", "--yes")["decided"] == [each.file_id for each in PARTS[1:]]
    assert len(held.pending()) == 3
    assert held.kept("held_load") == []
    assert held.summary() == {"s.t": (3, 6)}


def test_loads_of_two_entries_are_one_approval_wherever_the_command_dies(
    held: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = part(4, file_id=f"0/more/{'c' * 32}")
    held.land(more)
    held.hold(more)
    with killed_at_release(monkeypatch):
        held.odp("reload", "s.t", "--approve", "--yes")
    assert held.pending() == {}, "no part is approved before all are chosen"
    assert held.json("reload", "s.t", "--approve", "--yes")["decided"] == [each.file_id for each in (*PARTS, more)]
    assert len({file.approval for file in held.tracker.pending_files("s.t", 9).files} - {""}) == 1


def test_command_that_died_before_it_took_the_entry_out_is_run_again_and_takes_it_out(
    held: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("odp_cli.operate.ledger.OperatedLedger.remove", lambda *_: None)
        held.odp("reload", "s.t", "--approve", "--yes")
    assert len(held.kept("held_load")) == 1
    assert len(held.json("reload", "s.t", "--approve", "--yes")["closed_entries"]) == 1
    assert held.kept("held_load") == []
    assert len(held.pending()) == 3


def test_entry_of_a_run_that_is_about_to_hold_its_files_stays(held: Lake) -> None:
    held.odp("reload", "s.t", "--approve", "--yes")
    files = [part(1, file_id=f"0/{PARTS[0].name}/{'b' * 32}")]
    held.land(*files)
    held.hold(*files)
    held.dynamodb.Table("files_history").delete_item(Key={"source_table_name": "s.t", "file_id": files[0].file_id})
    held.leases.acquire("db.t", "jr_2")
    assert held.json("reload", "s.t", "--approve", "--yes")["closed_entries"] == []
    assert len(held.kept("held_load")) == 1


def test_decision_that_came_too_late_is_told_by_file_and_does_the_others(
    held: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = DynamoDbFileDecisions.release

    def somebody_is_faster(self: DynamoDbFileDecisions, table: str, file_id: str) -> bool:
        if file_id == PARTS[1].file_id:
            self.dismiss(table, file_id)
        return release(self, table, file_id)

    monkeypatch.setattr(DynamoDbFileDecisions, "release", somebody_is_faster)
    result = held.odp("reload", "s.t", "--approve", "--yes")
    assert result.exit_code == 1
    assert f"✗ {PARTS[1].key}: somebody else decided" in result.output
    assert held.statuses() == {PARTS[1].name: SKIPPED}
    assert set(held.pending()) == {PARTS[0].name, PARTS[2].name}
    assert held.decisions()[0][-1] == 2
    assert held.kept("held_load") == []


def test_parts_are_decided_one_by_one_and_the_entry_stays_as_long_as_one_is_held(held: Lake) -> None:
    held.odp("reload", "s.t", "--approve", "--yes", "--part", PARTS[1].name, "--part", PARTS[2].key)
    assert held.statuses() == {PARTS[0].name: HELD}
    (left,) = (file for file in held.tracker.processed_loads("s.t") if file.status is FileStatus.HELD)
    assert left.approval not in {file.approval for file in held.tracker.pending_files("s.t", 9).files}, "none waits"
    assert len(held.kept("held_load")) == 1
    held.odp("reload", "s.t", "--dismiss", "--yes")
    assert held.kept("held_load") == []


def test_first_part_is_not_approved_while_others_are_held_because_it_would_replace_the_table_alone(held: Lake) -> None:
    assert "dismiss first" in mend(held.odp("reload", "s.t", "--approve", "--yes", "--part", PARTS[0].name))
    assert set(held.statuses().values()) == {HELD}


def test_late_changes_are_no_load_and_stay_held(held: Lake) -> None:
    late = change(1)
    held.land(late)
    held.hold(late, reason="it came after newer changes")
    held.odp("reload", "s.t", "--approve", "--yes")
    assert held.statuses() == {late.name: HELD}
    assert [item["quarantine_kind"] for item in held.kept() if item["quarantine_kind"] != "decision"] == ["held_file"]


def test_table_without_a_held_load_is_left_alone(lake: Lake) -> None:
    lake.configure()
    result = lake.odp("reload", "s.t", "--approve", "--yes")
    assert result.exit_code == 0
    assert "no full load of s.t is held" in result.output
    assert lake.decisions() == []


def test_unknown_table_or_part_is_told_with_what_was_meant(held: Lake) -> None:
    assert "there is no table s.tt\n  To mend it: did you mean s.t" in mend(held.odp("reload", "s.tt", "--approve"))
    unknown = mend(held.odp("reload", "s.t", "--approve", "--part", "LOAD0000001.parquet"))
    assert "did you mean" in unknown
    assert PARTS[0].name in unknown


@pytest.mark.parametrize("name", ["s.t", "db.t", "t", "S.T"])
def test_table_is_known_by_its_source_and_by_its_name_in_the_lake(held: Lake, name: str) -> None:
    assert held.json("reload", name, "--approve", "--dry-run")["source_table_name"] == "s.t"


def test_verdict_is_never_guessed_and_a_program_is_never_asked(held: Lake) -> None:
    assert "add one of --approve, --dismiss and --empty" in mend(held.odp("reload", "s.t"))
    assert "add --yes" in mend(held.odp("reload", "s.t", "--approve", "--json"))
    assert held.pending() == {}
