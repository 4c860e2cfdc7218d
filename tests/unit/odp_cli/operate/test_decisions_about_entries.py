"""A decision about an entry of the quarantine changes the files of this entry and no others."""

import pytest
from odp.file_manager.unconfigured_tables import keep_unconfigured_tables
from odp.file_processor.late_files import _TOO_MANY
from odp.records import FileStatus, LandedFile

from tests.unit.odp_cli.operate.conftest import CALLER, Lake, change, mend, part

WHY = ("--reason", "known", "--yes")
HELD, SKIPPED = FileStatus.HELD.value, FileStatus.SKIPPED.value
COPIED = "its objects were copied"


def number(lake: Lake, kind: str, first: LandedFile | None = None) -> str:
    """Give the number of the entry of a kind, or of the one whose first file it is."""
    entries = lake.json("quarantine", "list", "--kind", kind)["entries"]
    (found,) = [entry for entry in entries if first is None or entry["details"]["first_file"] == first.key]
    return str(found["entry"])


def held_by_an_earlier_release(lake: Lake) -> None:
    """Take the entries' ids from the held files, as a release before did not keep them."""
    table = lake.dynamodb.Table("files_history")
    for item in table.scan()["Items"]:
        table.put_item(Item={name: value for name, value in item.items() if name != "held_id"})


@pytest.fixture
def late_of_both_kinds(lake: Lake) -> Lake:
    """A late change and a late part of a load, held for the same reason."""
    lake.configure()
    for file in (change(1), part(2)):
        lake.land(file)
        lake.hold(file, reason=_TOO_MANY)
    return lake


@pytest.fixture
def three_late_changes(lake: Lake) -> Lake:
    """Three late changes, held one after the other for the same reason."""
    lake.configure()
    for each in (1, 2, 3):
        lake.land(change(each))
        lake.hold(change(each), reason=_TOO_MANY)
    return lake


@pytest.mark.parametrize("is_earlier", [False, True])
def test_dismissed_load_leaves_late_changes_held_for_the_same_reason(
    late_of_both_kinds: Lake, is_earlier: bool
) -> None:
    lake = late_of_both_kinds
    if is_earlier:
        held_by_an_earlier_release(lake)
    assert lake.json("reload", "s.t", "--dismiss", *WHY)["decided"] == [part(2).file_id]
    assert lake.statuses() == {change(1).name: HELD, part(2).name: SKIPPED}
    assert [len(lake.kept(kind)) for kind in ("held_load", "held_file")] == [0, 1]


@pytest.mark.parametrize("is_earlier", [False, True])
def test_released_change_leaves_the_part_of_a_load_held_for_the_same_reason(
    late_of_both_kinds: Lake, is_earlier: bool
) -> None:
    lake = late_of_both_kinds
    if is_earlier:
        held_by_an_earlier_release(lake)
    lake.odp("quarantine", "release", number(lake, "held_file"), "--yes")
    assert (lake.pending(), lake.statuses()) == ({change(1).name: True}, {part(2).name: HELD})
    assert [len(lake.kept(kind)) for kind in ("held_load", "held_file")] == [1, 0]


@pytest.mark.parametrize("is_earlier", [False, True])
def test_dismissed_entry_leaves_the_files_of_other_entries_of_the_same_reason(
    three_late_changes: Lake, is_earlier: bool
) -> None:
    lake = three_late_changes
    if is_earlier:
        held_by_an_earlier_release(lake)
    entry = number(lake, "held_file", change(2))
    assert lake.json("quarantine", "show", entry)["held"] == [change(2).key]
    lake.odp("quarantine", "dismiss", entry, *WHY)
    assert lake.statuses() == {change(1).name: HELD, change(2).name: SKIPPED, change(3).name: HELD}
    assert len(lake.kept("held_file")) == 2


@pytest.mark.parametrize("is_earlier", [False, True])
def test_entry_is_not_about_files_whose_reason_is_a_beginning_of_its_own(lake: Lake, is_earlier: bool) -> None:
    lake.configure()
    lake.land(part(2), part(3))
    lake.hold(part(2), reason="a reason")
    lake.hold(part(3), reason="a reason that is longer")
    if is_earlier:
        held_by_an_earlier_release(lake)
    released = lake.json("quarantine", "release", number(lake, "held_load", part(3)), "--yes")
    assert released["decided"] == [part(3).file_id]


def test_files_of_an_earlier_release_that_may_be_of_two_entries_are_told_once_one_is_closed(lake: Lake) -> None:
    lake.configure()
    first, second = ([change(each) for each in range(start, start + 7)] for start in (1, 11))
    for files in (first, second):
        lake.land(*files)
        lake.hold(*files, reason=_TOO_MANY)
    held_by_an_earlier_release(lake)
    entry = number(lake, "held_file", first[0])
    named = [file.file_id for file in first[:5]]
    assert lake.json("quarantine", "dismiss", entry, *WHY)["decided"] == named
    rest = lake.json("quarantine", "dismiss", number(lake, "held_file", second[0]), *WHY)
    assert len(rest["decided"]) == 9
    assert (set(lake.statuses().values()), lake.kept("held_file")) == ({SKIPPED}, [])


def test_late_parts_and_changes_of_one_earlier_entry_can_both_be_decided(lake: Lake) -> None:
    """A release before held them under one entry."""
    lake.configure()
    lake.land(change(1), part(2))
    lake.hold(part(2), change(1), reason=_TOO_MANY)
    held_by_an_earlier_release(lake)
    lake.odp("reload", "s.t", "--dismiss", *WHY)
    assert lake.statuses() == {change(1).name: HELD, part(2).name: SKIPPED}
    lake.odp("quarantine", "release", number(lake, "held_load"), "--yes")
    assert (lake.pending(), lake.kept("held_load")) == ({change(1).name: True}, [])


def test_entry_of_a_load_without_its_other_parts_is_not_released(lake: Lake) -> None:
    lake.configure()
    lake.land(part(1), part(2), part(3))
    lake.hold(part(1), part(2), reason=COPIED)
    lake.hold(part(3), reason="it was uploaded again without a reload")
    told = mend(lake.odp("quarantine", "release", number(lake, "held_load", part(1)), "--yes"))
    assert f"{part(1).name} begins a load: approved without {part(3).name}" in told
    assert "odp reload TABLE --approve" in told
    assert (set(lake.statuses().values()), lake.decisions()) == ({HELD}, [])
    assert lake.odp("quarantine", "release", number(lake, "held_load", part(3)), "--yes").exit_code == 0


def test_load_is_released_while_late_changes_are_held(lake: Lake) -> None:
    lake.configure()
    lake.land(part(1), part(2), change(1))
    lake.hold(part(1), part(2), reason=COPIED)
    lake.hold(change(1), reason=_TOO_MANY)
    assert lake.odp("quarantine", "release", number(lake, "held_load"), "--yes").exit_code == 0
    assert lake.pending() == {part(1).name: True, part(2).name: True}


def test_table_that_is_configured_by_now_keeps_its_files_and_only_the_entry_goes(lake: Lake) -> None:
    lake.land(change(1), part(1))
    keep_unconfigured_tables(lake.work(), {}, lake.quarantine)
    entry = number(lake, "unconfigured_table")
    lake.configure()
    answer = lake.json("quarantine", "dismiss", entry, *WHY)
    assert (answer["action"], answer["selected"], answer["decided"]) == ("take_out", [], [])
    assert answer["closed_entries"] == [entry]
    assert (len(lake.pending()), lake.statuses(), lake.kept("unconfigured_table")) == (2, {}, [])
    assert lake.decisions() == [("odp quarantine dismiss", CALLER, "known", "waits", "taken out", "done", 1)]


def test_person_reads_that_the_files_of_the_configured_table_are_left_alone(lake: Lake) -> None:
    lake.land(change(1))
    keep_unconfigured_tables(lake.work(), {}, lake.quarantine)
    lake.configure()
    result = lake.odp("quarantine", "dismiss", "s.t", "--reason", "old", "--dry-run")
    told = "… would take out the entry, and leave the files alone, of the table configured by now: s.t"
    assert told in result.output
    assert len(lake.kept("unconfigured_table")) == 1


def test_table_that_is_configured_while_the_person_is_asked_keeps_its_files(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.land(change(1))
    keep_unconfigured_tables(lake.work(), {}, lake.quarantine)
    monkeypatch.setattr("odp_cli.output.typer.confirm", lambda *_, **__: lake.configure())
    told = mend(lake.odp("quarantine", "dismiss", "s.t", "--reason", "old"))
    assert told.startswith("s.t was configured meanwhile")
    assert (len(lake.pending()), lake.decisions()) == (1, [])
