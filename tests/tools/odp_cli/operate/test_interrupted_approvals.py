"""A person's approval of a load ends in its midst: no refresh applies what was approved so far, whatever comes next."""

import pytest
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.records import FileStatus
from odp.refresh import RefreshPlan
from odp_cli.output import Mode

from tests.tools.odp_cli.operate.conftest import Lake, killed_at_release, mend, part
from tests.tools.odp_cli.operate.test_decisions_about_entries import held_by_an_earlier_release, number
from tests.unit.odp.file_processor.landings import filled, ids, load

PARTS = (part(1), part(2), part(3))
SKIPPED = FileStatus.SKIPPED.value


def next_refresh(lake: Lake) -> RefreshPlan:
    """What a refresh would do now, for a table that has a load."""
    table = filled(load(1, 1), load(2, 2), load(3, 3))
    table.history |= {file.file_id: file for file in lake.tracker.processed_loads("s.t")}
    return table.select(*lake.tracker.pending_files("s.t", 10).files, now=10_000 * 86_400)


@pytest.fixture(params=["held by this release", "held by an earlier release"])
def half_approved(lake: Lake, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake in which `odp reload --approve` died at the second part."""
    lake.configure()
    lake.land(*PARTS)
    lake.hold(*PARTS)
    if "earlier" in request.param:
        held_by_an_earlier_release(lake)
    with killed_at_release(monkeypatch, PARTS[1].file_id):
        lake.odp("reload", "s.t", "--approve", "--yes")
    return lake


def test_what_was_approved_waits_for_the_rest_and_is_applied_with_it(half_approved: Lake) -> None:
    assert not next_refresh(half_approved).files
    assert half_approved.odp("reload", "s.t", "--approve", "--yes").exit_code == 0
    assert sorted(ids(next_refresh(half_approved).files)) == [each.file_id for each in PARTS]


def test_rest_is_not_dismissed_while_what_was_approved_would_replace_the_table_without_it(half_approved: Lake) -> None:
    message = mend(half_approved.odp("reload", "s.t", "--dismiss", "--yes"))
    assert PARTS[0].name in message
    assert "odp reload s.t --approve" in message
    assert "odp skip" in message
    entry = number(half_approved, "held_load")
    assert PARTS[0].name in mend(half_approved.odp("quarantine", "dismiss", entry, "--yes", "--reason", "not meant"))
    one_by_one = ("reload", "s.t", "--dismiss", "--yes", "--part")
    assert half_approved.odp(*one_by_one, PARTS[1].name).exit_code == 0, "the third one still waits"
    assert PARTS[0].name in mend(half_approved.odp(*one_by_one, PARTS[2].name))
    assert not next_refresh(half_approved).files


def test_rest_is_dismissed_after_what_was_approved_is_skipped(half_approved: Lake) -> None:
    assert half_approved.odp("skip", PARTS[0].key, "--reason", "not meant").exit_code == 0
    assert half_approved.odp("reload", "s.t", "--dismiss", "--yes").exit_code == 0
    assert half_approved.statuses() == dict.fromkeys([each.name for each in PARTS], SKIPPED)


def test_nothing_is_dismissed_if_another_person_begins_to_approve_while_one_is_asked(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.configure()
    lake.land(*PARTS)
    lake.hold(*PARTS)

    def meanwhile(self: Mode, question: str) -> None:
        tables = DecisionTables("files", "files_history", "leases", 400)
        another = DynamoDbFileDecisions(lake.dynamodb, tables)
        assert all(another.choose("s.t", part.file_id, "another's") for part in PARTS)
        assert another.release("s.t", PARTS[0].file_id)

    monkeypatch.setattr(Mode, "ask", meanwhile)
    assert PARTS[0].name in mend(lake.odp("reload", "s.t", "--dismiss"))
    assert not next_refresh(lake).files


def test_rest_of_which_parts_were_approved_by_name_is_dismissed(lake: Lake) -> None:
    lake.configure()
    lake.land(*PARTS)
    lake.hold(*PARTS)
    lake.odp("reload", "s.t", "--approve", "--yes", "--part", PARTS[1].name)
    assert lake.odp("reload", "s.t", "--dismiss", "--yes").exit_code == 0
