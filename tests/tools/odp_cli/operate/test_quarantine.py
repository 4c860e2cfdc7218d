"""What waits for a person is listed, shown and decided; what a verdict cannot do is told with what to do instead."""

import re
import shlex

import pytest
from odp.file_manager.registration import keep_unconfigured_tables, malformed_entry, rejection_of
from odp.file_manager.vanished_loads import VanishedLoad
from odp.records import FileStatus, Quarantined, QuarantineKind
from odp.refresh import RefreshStatus

from lake.landing.object_created import EventError, RejectedFile, malformed
from tests.tools.odp_cli.operate.conftest import CALLER, Lake, change, mend, part

REJECTED = RejectedFile("a" * 32, "staging", "s/readme.txt", "e1", 3, "2026-11-28T00:00:00Z", "no DMS file")
LATE = change(1)
WHY = ("--reason", "known")


class Shelf:
    """Entries in a dictionary, as the sweep keeps entries of unconfigured tables."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def entries(self, kind: QuarantineKind) -> list[str]:
        return []

    def replace(self, entry: Quarantined) -> None:
        self.lake.keep(entry)

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        raise NotImplementedError


@pytest.fixture
def full(lake: Lake) -> Lake:
    """One entry of each kind."""
    config = lake.configure()
    lake.keep(rejection_of(REJECTED))
    lake.keep(malformed_entry(malformed("{", EventError("no JSON"))))
    lake.land(LATE, part(1), change(5, "s.u"), change(6, "s.u"))
    lake.hold(part(1))
    lake.hold(LATE, reason="it came after newer changes")
    keep_unconfigured_tables(lake.work(), {"s.t"}, Shelf(lake))
    wrong = {"status": RefreshStatus.ERROR, "error": "column A is a text now", "refused": True}
    lake.refresh(config, [], **wrong, refused_registrations=2, refused_configuration=config.digest)
    details = {"source_table_name": "s.t", "file_ingestion_path": "s/t/gone.parquet"}
    lake.keep(Quarantined(QuarantineKind.SKIPPED_FILE, "1/gone/x", "its object was deleted", details))
    lake.keep(VanishedLoad((part(1, "s.w"),), "2026-11-28T00:00:00Z").entry())
    return lake


def number(lake: Lake, kind: str) -> str:
    (entry,) = lake.json("quarantine", "list", "--kind", kind)["entries"]
    return str(entry["entry"])


def test_all_that_waits_is_listed_and_can_be_narrowed(full: Lake) -> None:
    kinds = {entry["kind"] for entry in full.json("quarantine", "list")["entries"]}
    assert kinds == {kind.value for kind in QuarantineKind if kind is not QuarantineKind.DECISION}
    of_table = full.json("quarantine", "list", "--table", "db.t")["entries"]
    assert {entry["kind"] for entry in of_table} == {"held_load", "held_file", "refused_table", "skipped_file"}
    assert "rejected_file" in full.odp("quarantine", "list").output
    told = mend(full.odp("quarantine", "list", "--kind", "held_loads"))
    assert told.startswith("there is no kind held_loads\n  To mend it: did you mean held_load")


def test_entry_is_shown_with_the_files_that_are_held(full: Lake) -> None:
    found = full.json("quarantine", "show", number(full, "held_load"))
    assert found["held"] == [part(1).key]
    assert found.keys() == {
        "environment", "entry", "kind", "entry_id", "source_table_name", "since", "reason", "dismissed", "details",
        "held", "unclear",
    }  # fmt: skip
    assert "its object was deleted" in full.odp("quarantine", "show", "s/t/gone.parquet").output


def test_released_load_and_late_file_are_pending_and_approved(full: Lake) -> None:
    for kind in ("held_load", "held_file"):
        assert full.odp("quarantine", "release", number(full, kind), "--yes").exit_code == 0
        assert full.kept(kind) == []
    pending = full.pending()
    assert (pending[part(1).name], pending[LATE.name]) == (True, True)
    assert [line[0] for line in full.decisions()] == ["odp quarantine release"] * 2


@pytest.mark.parametrize(
    ("kind", "verdict", "status"),
    [
        ("held_load", "--approve", None),
        ("held_load", "--dismiss", FileStatus.SKIPPED),
        ("held_file", "release", None),
        ("held_file", "dismiss", FileStatus.SKIPPED),
    ],
)
def test_command_that_an_entry_of_held_files_names_decides_them(
    full: Lake, kind: str, verdict: str, status: FileStatus | None
) -> None:
    name = part(1).name if kind == "held_load" else LATE.name
    result = full.odp(*named_command(str(full.kept(kind)[0]["reason"]), verdict), "--yes")
    assert result.exit_code == 0, (result.output, result.exception)
    assert (full.kept(kind), full.statuses().get(name)) == ([], status and status.value)
    assert (name in full.pending()) is (status is None)


def named_command(reason: str, verdict: str) -> list[str]:
    """Give the arguments of the command that a reason names; `or --dismiss` stands for the whole of one."""
    found = re.search(rf"odp ((?:reload|quarantine {verdict}) [^,]*)", reason)
    assert found, reason
    arguments = shlex.split(found[1])
    return [*arguments[:-1], verdict] if verdict.startswith("--") else arguments


def test_dismissed_load_is_skipped(full: Lake) -> None:
    full.odp("quarantine", "dismiss", number(full, "held_load"), *WHY, "--yes")
    assert full.statuses()[part(1).name] == FileStatus.SKIPPED.value
    assert full.kept("held_load") == []


@pytest.mark.parametrize("kind", ["rejected_file", "malformed_message", "skipped_file"])
def test_acknowledged_entry_is_listed_as_decided_and_is_not_kept_anew(full: Lake, kind: str) -> None:
    name = number(full, kind)
    assert full.odp("quarantine", "dismiss", name, *WHY, "--yes").exit_code == 0
    assert full.json("quarantine", "list", "--kind", kind)["entries"] == []
    (entry,) = full.json("quarantine", "list", "--kind", kind, "--decided")["entries"]
    assert (entry["dismissed"]["by"], entry["dismissed"]["reason"]) == (CALLER, "known")
    assert not full.quarantine.keep(rejection_of(REJECTED)), "the sweep finds the same object again"
    assert f"{name} was dismissed on" in mend(full.odp("quarantine", "dismiss", name, *WHY, "--yes"))


@pytest.mark.parametrize(
    ("verdict", "kind", "instead"),
    [
        ("release", "rejected_file", "upload it under a name"),
        ("release", "malformed_message", "the next sweep registers the file"),
        ("release", "skipped_file", "upload the object again"),
        ("release", "vanished_load", "odp reload TABLE --empty"),
        ("release", "unconfigured_table", "add the table to the table manifests"),
        ("dismiss", "refused_table", "remove the cause, then release the entry"),
    ],
)
def test_verdict_that_makes_no_sense_is_refused_with_what_to_do(
    full: Lake, verdict: str, kind: str, instead: str
) -> None:
    why = WHY if verdict == "dismiss" else ()
    told = mend(full.odp("quarantine", verdict, number(full, kind), *why, "--yes"))
    assert f"a {kind} cannot be {'released' if verdict == 'release' else 'dismissed'}" in told
    assert instead in told


def test_refused_table_is_planned_again_when_released(full: Lake) -> None:
    full.land(change(9))
    before = full.summary()["s.t"]
    full.odp("quarantine", "release", number(full, "refused_table"), "--yes")
    assert full.summary()["s.t"] == (before[0], before[1] + 1)


def test_files_of_an_unconfigured_table_are_skipped_together(full: Lake) -> None:
    result = full.odp("quarantine", "dismiss", "s.u", *WHY, answers="y\n")
    assert "skip all pending files of s.u (2 files)" in result.output
    assert full.kept("unconfigured_table") == []
    assert "s.u" not in full.summary()
    assert full.statuses()[change(5).name] == FileStatus.SKIPPED.value


def test_dry_run_says_what_would_be_done_and_changes_nothing(full: Lake) -> None:
    before = full.kept()
    answer = full.json("quarantine", "release", number(full, "held_load"), "--dry-run")
    assert answer == {
        "environment": "test",
        "entry": number(full, "held_load"),
        "action": "approve",
        "dry_run": True,
        "selected": [part(1).file_id],
        "decided": [],
        "too_late": [],
        "closed_entries": [],
    }
    assert full.kept() == before


def test_decisions_are_listed_with_who_when_what_and_why(full: Lake) -> None:
    full.odp("quarantine", "dismiss", number(full, "held_load"), *WHY, "--yes")
    (decision,) = full.json("quarantine", "list", "--decided")["entries"]
    assert decision["kind"] == "decision"
    details = decision["details"]
    assert (details["decided_by"], details["before"], details["after"]) == (CALLER, "held", "skipped")
    assert details["subjects"] == f"{part(1).key} (v1)"
    assert f"held → skipped, 1 of 1, by {CALLER}" in full.odp("quarantine", "list", "--decided").output


def test_unknown_entry_is_told_with_what_was_meant(full: Lake) -> None:
    assert "did you mean s/t/gone.parquet" in mend(full.odp("quarantine", "show", "s/t/gone.parque"))
