"""A decision about an entry of the quarantine changes the files of this entry and no others."""

import pytest
from odp.file_manager.registration import keep_unconfigured_tables
from odp.file_processor.selection.late_files import _TOO_MANY
from odp.records import FileStatus, LandedFile

from tests.tools.odp_cli.operate.conftest import CALLER, Lake, change, mend, part

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


@pytest.fixture
def two_of_an_earlier_release(lake: Lake) -> Lake:
    """Two entries of seven late changes each, held for the same reason; each entry names five."""
    lake.configure()
    for files in (FIRST, SECOND):
        lake.land(*files)
        lake.hold(*files, reason=_TOO_MANY)
    held_by_an_earlier_release(lake)
    return lake


FIRST, SECOND = ([change(each) for each in range(start, start + 7)] for start in (1, 11))
UNCLEAR = [*FIRST[5:], *SECOND[5:]]


@pytest.mark.parametrize("verdict", ["release", "dismiss"])
def test_entry_is_not_decided_while_a_file_of_an_earlier_release_may_be_of_another_entry(
    two_of_an_earlier_release: Lake, verdict: str
) -> None:
    lake = two_of_an_earlier_release
    for first in (FIRST[0], SECOND[0]):
        entry = number(lake, "held_file", first)
        shown = lake.json("quarantine", "show", entry)
        assert (len(shown["held"]), shown["unclear"]) == (5, [file.key for file in UNCLEAR])
        told = mend(lake.odp("quarantine", verdict, entry, *WHY))
        assert all(file.file_id in told for file in UNCLEAR)
        assert f"odp quarantine {verdict} {entry} --file" in told
    assert (set(lake.statuses().values()), len(lake.kept("held_file")), lake.decisions()) == ({HELD}, 2, [])


def test_unclear_files_are_decided_one_by_one_and_then_each_entry_as_a_whole(two_of_an_earlier_release: Lake) -> None:
    lake = two_of_an_earlier_release
    first, second = (number(lake, "held_file", files[0]) for files in (FIRST, SECOND))
    for entry, verdict, files in ((first, "dismiss", FIRST[5:]), (second, "release", SECOND[5:])):
        named = [argument for file in files for argument in ("--file", file.file_id)]
        answer = lake.json("quarantine", verdict, entry, *named, *WHY)
        assert (answer["decided"], answer["closed_entries"]) == ([file.file_id for file in files], [])
    assert lake.json("quarantine", "dismiss", first, *WHY)["closed_entries"] == [first]
    assert lake.json("quarantine", "release", second, *WHY)["closed_entries"] == [second]
    assert lake.statuses() == {file.name: SKIPPED for file in FIRST}
    assert lake.pending() == {file.name: True for file in SECOND}


def test_entry_whose_own_files_are_decided_stays_until_the_unclear_ones_are(two_of_an_earlier_release: Lake) -> None:
    lake = two_of_an_earlier_release
    for files in (FIRST[:5], SECOND[:5]):
        entry = number(lake, "held_file", files[0])
        named = [argument for file in files for argument in ("--file", file.name)]
        assert lake.json("quarantine", "dismiss", entry, *named, *WHY)["closed_entries"] == []
    named = [argument for file in UNCLEAR for argument in ("--file", file.name)]
    assert len(lake.json("quarantine", "dismiss", entry, *named, *WHY)["closed_entries"]) == 2
    assert (set(lake.statuses().values()), lake.kept("held_file")) == ({SKIPPED}, [])


def test_entry_with_more_files_of_an_earlier_release_than_it_counts_is_not_decided(
    two_of_an_earlier_release: Lake,
) -> None:
    """A release before closed the other entry, and left files of it held."""
    lake = two_of_an_earlier_release
    lake.dynamodb.Table("quarantine").delete_item(
        Key={name: lake.kept("held_file")[0][name] for name in ("quarantine_kind", "entry_id")}
    )
    (entry,) = lake.json("quarantine", "list", "--kind", "held_file")["entries"]
    told = mend(lake.odp("quarantine", "release", entry["entry"], "--yes"))
    assert all(file.file_id in told for file in UNCLEAR)


def test_files_of_an_entry_that_holds_none_cannot_be_named(lake: Lake) -> None:
    lake.land(change(1))
    keep_unconfigured_tables(lake.work(), {}, lake.quarantine)
    told = mend(lake.odp("quarantine", "dismiss", "s.t", "--file", change(1).name, *WHY))
    assert told.startswith("the entry holds no files")


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
