"""Which files one commit applies, in which order and number, and which are in a load already."""

from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from odp.file_manager.sources import Sources
from odp.file_processor.selection.late_files import Limits
from odp.records import EMPTIED, FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshKind, TableState

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.landings import (
    Table,
    change,
    filled,
    held_files,
    ids,
    is_waiting,
    landed,
    load,
    reasons,
)

HISTORICAL = RowHistory.ALL
QUICKLY = settings(phases=[Phase.explicit, Phase.generate])
# built once: each example would else build and check them again, which takes longer than the selection
CONTENTS = st.sampled_from(["", "a"])
ANY_FILES = st.lists(
    st.builds(load, st.integers(1, 4), st.integers(0, 2000), CONTENTS)
    | st.builds(change, st.integers(1, 9), st.integers(0, 2000), CONTENTS),
    max_size=12,
    unique_by=lambda known: known.file_id,
)
PARTS = st.lists(
    st.builds(load, st.integers(1, 4), st.integers(0, 4000)), max_size=6, unique_by=lambda known: known.file_id
)


def test_first_refresh_is_initial_and_orders_loads_before_changes() -> None:
    refresh = Table().select(change(2, 3), load(2, 2), change(1, 4), load(1, 1))
    assert refresh.kind is RefreshKind.INITIAL
    assert ids(refresh.files) == ids([load(1, 1), load(2, 2), change(1, 4), change(2, 3)])
    assert {(file.status, file.generation) for file in refresh.files} == {(FileStatus.APPLIED, 1)}
    assert refresh.state == TableState(
        1,
        frozenset({load(1, 0).key, load(2, 0).key}),
        change(2, 0).name,
        load(1, 1).landing_order,
        change(1, 4).landing_order,
    )


def test_table_without_pending_files_stays_as_it_is() -> None:
    assert is_waiting(Table().select())


def test_new_changes_are_applied_without_reading_old_ones_again() -> None:
    refresh = filled(load(1, 1), change(1, 2)).select(change(2, 3))
    assert (refresh.kind, refresh.replayed) == (RefreshKind.CHANGES, ())


def test_date_folders_do_not_disturb_the_order_of_change_files() -> None:
    first, second = landed("2026/02/01/20260101-000000001", 1), landed("2026/01/01/20260101-000000002", 2)
    assert ids(Table().select(second, first).files) == ids([first, second])


def test_object_overwritten_before_it_was_applied_counts_in_its_newest_version_only() -> None:
    older, newer = change(1, 1), change(1, 5)
    refresh = Table().select(newer, older)
    assert ids(refresh.files) == [newer.file_id]
    assert reasons(refresh.skipped) == {older.file_id: SkipReason.OVERWRITTEN}


@pytest.mark.parametrize(("earlier", "later"), [("0A", "0B"), ("0A", "0A01"), ("0A0F", "0B")])
def test_versions_of_one_second_are_ordered_by_their_sequencers(earlier: str, later: str) -> None:
    """S3's rule: as texts, the shorter one filled up with zeros on its right."""
    first = replace(change(1, 1), file_id="z", sequencer=earlier)
    second = replace(change(1, 1), file_id="a", sequencer=later)
    assert ids(Table().select(second, first).files) == ["a"]


@pytest.mark.parametrize("reason", [SkipReason.VANISHED, SkipReason.OVERWRITTEN])
def test_file_that_cannot_be_read_any_more_is_skipped_with_the_reason_and_the_others_are_applied(
    reason: SkipReason,
) -> None:
    gone = change(1, 2)
    refresh = filled(load(1, 1)).select(gone, change(2, 3), unreadable={gone.file_id: reason})
    assert ids(refresh.files) == ids([change(2, 3)])
    assert reasons(refresh.skipped) == {gone.file_id: reason}


def test_new_version_of_an_object_that_was_deleted_is_applied_in_its_place() -> None:
    gone, again = change(1, 2), change(1, 30)
    refresh = filled(load(1, 1)).select(gone, again, unreadable={gone.file_id: SkipReason.VANISHED})
    assert ids(refresh.files) == [again.file_id]
    assert reasons(refresh.skipped) == {gone.file_id: SkipReason.VANISHED}


def test_changes_that_landed_before_the_very_first_load_are_in_it_already() -> None:
    refresh = Table().select(change(1, 1), load(1, 2), change(2, 3))
    assert ids(refresh.files) == ids([load(1, 2), change(2, 3)])
    assert reasons(refresh.skipped) == {change(1, 1).file_id: SkipReason.IN_LOAD}


def test_historical_table_takes_changes_that_landed_before_its_load_first_because_it_keeps_every_version() -> None:
    table = Table(HISTORICAL)
    steps = table.take(change(1, 1), load(1, 2), change(2, 3))
    assert next(ids(step.files) for step in steps if step.files) == ids([change(1, 1)])
    assert {file.status for file in table.history.values()} == {FileStatus.APPLIED}


@pytest.mark.parametrize("begins_with", [[], [load(1, 1)]])
def test_historical_table_takes_its_whole_backlog_before_a_load_because_more_of_it_may_be_older(
    begins_with: list[LandedFile],
) -> None:
    table, of_load = filled(*begins_with, versioning=HISTORICAL), load(1, 600)
    assert ids(table.select(of_load, change(2, 700), is_all=False).files) == ids([change(2, 700)])
    assert of_load.file_id in ids(table.select(of_load, change(2, 700)).files)


def test_change_that_lands_in_the_second_of_its_load_is_applied() -> None:
    """Defect 2 of the reference: it was passed over, and archived as processed."""
    refresh = Table().select(load(1, 1), change(1, 1))
    assert (ids(refresh.files), refresh.skipped) == (ids([load(1, 1), change(1, 1)]), ())


def test_rule_4_changes_that_landed_before_the_reload_are_in_it_and_those_since_follow_it() -> None:
    before, since = change(2, 500), change(3, 700)
    refresh = filled(load(1, 1)).select(before, load(1, 600), since)
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.RELOAD, ids([load(1, 600), since]))
    assert reasons(refresh.skipped) == {before.file_id: SkipReason.IN_LOAD}
    assert refresh.state.newest_change_file == since.name


def test_change_of_an_earlier_load_that_is_seen_after_the_reload_is_done_without_a_commit() -> None:
    table = filled(load(1, 1))
    table.take(load(1, 600))
    refresh = table.select(change(2, 500))
    assert (refresh.files, refresh.state) == ((), table.state)
    assert reasons(refresh.skipped) == {change(2, 500).file_id: SkipReason.IN_LOAD}


def test_historical_table_takes_a_change_of_an_earlier_load_also_after_the_reload() -> None:
    table = filled(load(1, 1), versioning=HISTORICAL)
    table.take(load(1, 600))
    assert ids(table.select(change(2, 500)).files) == ids([change(2, 500)])


def test_old_change_that_is_uploaded_again_after_a_reload_is_in_the_load_by_its_first_landing() -> None:
    table = filled(load(1, 1), change(2, 500))
    table.take(load(1, 600), change(3, 700))
    again = change(2, 800, "other content")
    refresh = table.select(again)
    assert (refresh.files, reasons(refresh.skipped)) == ((), {again.file_id: SkipReason.IN_LOAD})


def test_listed_load_counts_as_the_first_and_a_listed_change_as_the_last_of_its_second() -> None:
    event = replace(change(1, 5), sequencer="0A")
    assert load(1, 5).landing_order < event.landing_order < change(2, 5).landing_order


def test_backlog_is_applied_oldest_first_in_commits_of_at_most_so_many_files() -> None:
    table = Table(limits=Limits(files=2))
    backlog = [change(number, 10 - number) for number in range(5)]
    assert [ids(step.files) for step in table.take(*reversed(backlog))] == [
        ids(backlog[:2]),
        ids(backlog[2:4]),
        ids(backlog[4:]),
    ]


def test_commit_reads_at_most_so_many_bytes_but_at_least_one_file() -> None:
    table = Table(limits=Limits(bytes=10))
    sizes = (11, 5, 5, 1, 30)
    files = [landed(f"20260101-{number:09}", number, size=size) for number, size in enumerate(sizes)]
    assert [[file.size for file in step.files] for step in table.take(*files)] == [[11], [5, 5], [1], [30]]


def test_first_load_larger_than_one_commit_is_applied_in_several_and_goes_on_where_it_stopped() -> None:
    table = Table(limits=Limits(files=2))
    parts = [load(part, part) for part in range(1, 6)]
    steps = table.take(*parts, change(1, 9))
    assert [len(step.files) for step in steps] == [2, 2, 2]
    assert {step.kind for step in steps[:2]} == {RefreshKind.INITIAL}
    assert table.state.load_keys == {part.key for part in parts}


def test_reload_is_one_commit_however_large_because_it_replaces_the_table_at_once() -> None:
    table = filled(load(1, 1), load(2, 2))
    table.limits = Limits(files=1, bytes=1)
    (step,) = table.take(load(1, 600), load(2, 601), change(1, 602))
    assert (step.kind, len(step.files)) == (RefreshKind.RELOAD, 3)


def test_two_sources_with_equal_schema_and_table_are_two_tables() -> None:
    """What one refresh gets is pending under the table's name, so the source is a part of it."""
    sources = Sources({"crm": "crm", "erp": "erp"})
    keys = [f"{folder}/public/users/LOAD00000001.parquet" for folder in ("crm", "erp")]
    assert [sources.parse_object_key(key).source_table_name for key in keys] == ["crm:public.users", "erp:public.users"]


@pytest.mark.parametrize("versioning", list(RowHistory))
@pytest.mark.parametrize("limits", [Limits(), Limits(files=1, replayed_files=2)], ids=["whole", "small"])
@QUICKLY
@given(first=ANY_FILES, then=ANY_FILES)
def test_every_pending_file_is_finished_by_exactly_one_refresh_with_a_reason_where_it_is_not_applied(
    versioning: RowHistory, limits: Limits, first: list[LandedFile], then: list[LandedFile]
) -> None:
    table = Table(versioning, limits)
    _take(table, first)
    before = dict(table.history)
    pending = [known for known in then if known.file_id not in before]
    is_refused = _take(table, pending)
    left = [known for known in pending if known.file_id not in table.history]
    assert not left or (is_refused and not any(known.is_load for known in left)), (
        "only changes of a held first load wait"
    )
    for known in table.history.values():
        assert (known.status is FileStatus.APPLIED) == (not known.status_reason)


@QUICKLY
@given(drops=st.tuples(PARTS, PARTS, PARTS))
def test_no_file_of_the_newest_load_is_ever_applied_beside_parts_of_another(
    drops: tuple[list[LandedFile], ...],
) -> None:
    """Of the parts in the table each key is there once, and all of them landed since the load began."""
    table = Table()
    for files in drops:
        _take(table, files)
    applied = [part for part in table.loads() if part.generation == table.state.generation > 0]
    assert {part.key for part in applied} == table.state.load_keys
    assert len(applied) == len(table.state.load_keys)
    assert all(part.landing_order >= table.state.load_landing_order for part in applied)


def _take(table: Table, files: list[LandedFile]) -> bool:
    """Refresh until nothing happens; tells whether a table is refused until a person decides."""
    try:
        table.take(*(file for file in files if file.file_id not in table.history))
    except RejectedInputError:
        return True
    return False


def emptied(at: int) -> LandedFile:
    """The load without rows that odp reload --empty registers: no object, so nothing reads it."""
    first = load(1, at)
    key = "s/t/LOAD00000000.parquet"
    return replace(first, file_id=f"emptied@{at}", key=key, size=0, event_reason=EMPTIED, approved=True)


def test_table_that_a_person_empties_loses_its_rows_and_keeps_the_changes_since_its_source_was_empty() -> None:
    table = filled(load(1, 1), change(1, 100))
    gone = emptied(500)
    unreadable = {gone.file_id: SkipReason.VANISHED}
    refresh = table.select(change(2, 400), gone, change(3, 600), unreadable=unreadable)
    assert (refresh.kind, ids(refresh.files), refresh.read_files) == (RefreshKind.EMPTY, [gone.file_id], ())
    assert reasons(refresh.skipped) == {change(2, 400).file_id: SkipReason.IN_LOAD}
    steps = table.take(change(2, 400), gone, change(3, 600))
    assert [(step.kind, ids(step.files)) for step in steps] == [
        (RefreshKind.EMPTY, [gone.file_id]),
        (RefreshKind.CHANGES, ids([change(3, 600)])),
    ]


@pytest.mark.parametrize("versioning", RowHistory)
def test_table_that_has_only_changes_is_emptied_and_a_load_replaces_it(versioning: RowHistory) -> None:
    table = filled(change(1, 100), change(2, 200), versioning=versioning)
    steps = table.take(emptied(500), change(3, 600))
    assert [(step.kind, ids(step.files)) for step in steps] == [
        (RefreshKind.EMPTY, [emptied(500).file_id]),
        (RefreshKind.CHANGES, ids([change(3, 600)])),
    ]
    again = table.take(emptied(700))
    assert [(step.kind, ids(step.files)) for step in again] == [(RefreshKind.EMPTY, [emptied(700).file_id])]
    (reload,) = table.take(load(1, 5000))
    assert (reload.kind, ids(reload.files)) == (RefreshKind.RELOAD, ids([load(1, 5000)]))


def test_changes_applied_before_the_table_is_emptied_are_read_again_if_they_follow_that_moment() -> None:
    table = filled(load(1, 1), change(1, 100), change(2, 600))
    refresh = table.select(emptied(500))
    assert (refresh.kind, ids(refresh.read_files)) == (RefreshKind.RELOAD, ids([change(2, 600)]))


def test_table_is_not_emptied_if_the_changes_to_keep_are_deleted() -> None:
    table = filled(load(1, 1), change(2, 600))
    table.deleted = {change(2, 600).key}
    refresh = table.select(emptied(500))
    assert (refresh.files, held_files(refresh)) == ((), {emptied(500).file_id})


def test_historical_table_takes_the_changes_before_it_is_emptied_first() -> None:
    table = filled(load(1, 1), versioning=HISTORICAL)
    steps = table.take(change(1, 400), emptied(500), change(2, 600))
    assert [step.kind for step in steps] == [RefreshKind.CHANGES, RefreshKind.EMPTY, RefreshKind.CHANGES]
    assert [ids(step.files)[0] for step in steps] == [change(1, 400).file_id, "emptied@500", change(2, 600).file_id]


def test_next_load_replaces_the_emptied_table() -> None:
    table = filled(load(1, 1), load(2, 2))
    table.take(emptied(500), change(1, 600))
    refresh = table.select(load(1, 5000), load(2, 5001))
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.RELOAD, ids([load(1, 5000), load(2, 5001)]))


def test_order_to_empty_a_table_that_a_later_load_replaced_already_does_nothing() -> None:
    table = filled(load(1, 1))
    table.take(load(1, 5000))
    refresh = table.select(emptied(500))
    assert (refresh.files, reasons(refresh.skipped)) == ((), {"emptied@500": SkipReason.ABANDONED_LOAD})


@pytest.mark.parametrize("first", [load(1, 5000), load(1, 5000, segment="SEGMENT1_"), load(1, 5000, segment="p1/")])
@pytest.mark.parametrize(
    "before",
    [
        [load(1, 1), load(2, 2)],
        [load(2, 2)],
        [load(1, 2, segment="SEGMENT2_")],
        [load(1, 1, segment="SEGMENT1_"), load(1, 2, segment="SEGMENT2_")],
        [load(1, 2, segment="p2/")],
        [change(1, 1)],
    ],
)
@pytest.mark.parametrize("gap", [1, 60, 4000])
def test_first_part_after_a_table_was_emptied_begins_the_load_that_replaces_it(
    gap: int, before: list[LandedFile], first: LandedFile
) -> None:
    """Seeds 330052130, 330066688: a lost segment's part was held as a late one of the load that was emptied."""
    table = Table()
    lost_one = load(1, 0, segment="SEGMENT1_").skipped(SkipReason.VANISHED)
    table.history[lost_one.file_id] = lost_one
    table.take(*before, now=3)
    table.take(emptied(5000 - gap), now=5001)
    refresh = table.select(first)
    assert (refresh.kind, ids(refresh.files)) == (RefreshKind.RELOAD, [first.file_id])
    assert refresh.state.load_keys == {first.key}


def test_part_that_no_first_part_precedes_waits_for_a_person_after_a_table_was_emptied() -> None:
    table = filled(load(1, 1), load(2, 2))
    table.take(emptied(500))
    part = load(2, 5000)
    refresh = table.select(part)
    assert (refresh.files, held_files(refresh)) == ((), {part.file_id})


@pytest.mark.parametrize("versioning", RowHistory)
def test_approved_load_begins_with_its_own_first_part_and_not_with_one_that_it_has_overwritten(
    versioning: RowHistory,
) -> None:
    """Seed 330041234: changes from before a table was created again came over its load, and it was refused."""
    table = filled(load(1, 1, "a"), versioning=versioning)
    former, newer = (replace(load(1, at, content), approved=True) for at, content in ((300, "b"), (600, "c")))
    between = change(1, 400)
    steps = table.take(former, between, newer)
    reloads = [step for step in steps if step.kind is RefreshKind.RELOAD]
    assert [ids(step.files) for step in reloads] == [[newer.file_id]]
    reason = table.history[between.file_id].status_reason
    assert reason == (SkipReason.IN_LOAD if versioning is RowHistory.LATEST else "")


def test_approval_of_a_part_ends_with_the_next_version_of_it_also_where_its_content_is_forgotten() -> None:
    table = filled(load(1, 1, "a"))
    former, newer = (replace(load(1, at), approved=True) for at in (300, 900))
    other, between = load(1, 600), change(1, 400)
    table.expired = {former.file_id, other.file_id}
    reload = next(step for step in table.take(former, between, other, newer) if step.kind is RefreshKind.RELOAD)
    assert ids(reload.files) == [newer.file_id]


def test_approved_load_begins_with_the_version_that_its_first_part_repeats() -> None:
    table = filled(load(1, 1, "a"))
    former, newer = (replace(load(1, at, "b"), approved=True) for at in (300, 600))
    (reload,) = table.take(former, change(1, 400), newer)
    assert ids(reload.files) == [newer.file_id, change(1, 400).file_id]
