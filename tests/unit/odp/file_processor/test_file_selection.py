"""Which files one refresh applies, in which order, and whether they replace the table (rules 3 and 4)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.errors import RejectedInputError
from odp.file_manager.sources import parse_object_key
from odp.file_processor.file_selection import select_files
from odp.records import LandedFile, VersioningType
from odp.refreshes import Refresh, RefreshKind, TableState

SNAPSHOT, HISTORICAL = VersioningType.SNAPSHOT, VersioningType.HISTORICAL
EMPTY = TableState()
AT_ONCE, LATER = datetime(2026, 1, 1, 0, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)
"""A minute after the files landed, and an hour."""


def landed(name: str, at: int, folder: str = "s/t") -> LandedFile:
    key = f"{folder}/{name}.parquet"
    meaning = parse_object_key(key)
    return LandedFile(
        source_table_name=meaning.source_table_name,
        file_id=f"{key}@{at}",
        file_type=meaning.file_type,
        schema_name="s",
        table_name="t",
        bucket="staging",
        key=key,
        size=1,
        etag="",
        landed_at=f"2026-01-01T00:00:{at:02d}Z",
    )


def load(part: int, at: int) -> LandedFile:
    return landed(f"LOAD{part:08X}", at)


def changes(number: int, at: int, folder: str = "s/t") -> LandedFile:
    return landed(f"20260101-{number:09d}", at, folder)


def select(
    *files: LandedFile,
    state: TableState = EMPTY,
    applied: tuple[LandedFile, ...] = (),
    versioning: VersioningType = SNAPSHOT,
    now: datetime = LATER,
) -> Refresh:
    return select_files(files, state, versioning, lambda: applied, now)


def after(*files: LandedFile) -> TableState:
    return select(*files).state


def test_first_refresh_is_initial_and_orders_loads_before_changes() -> None:
    refresh = select(changes(2, 3), load(2, 2), changes(1, 4), load(1, 1))
    assert refresh.kind is RefreshKind.INITIAL
    assert [file.name[:4] for file in refresh.files] == ["LOAD", "LOAD", "2026", "2026"]
    assert refresh.state == TableState(
        1, frozenset({load(1, 0).key, load(2, 0).key}), changes(2, 0).name, load(1, 1).moment, changes(1, 4).moment
    )


def test_rule_4_load_parts_of_a_later_run_are_added_and_never_replace_the_first() -> None:
    """Defect 1 of the reference: the later parts replaced the first ones."""
    refresh = select(load(3, 9), load(4, 9), state=after(load(1, 1), load(2, 1)))
    assert refresh.kind is RefreshKind.CHANGES
    assert len(refresh.state.load_keys) == 4
    assert refresh.state.generation == 1


def test_new_changes_are_applied_without_reading_old_ones_again() -> None:
    state = after(load(1, 1), changes(1, 2))
    refresh = select(changes(2, 3), state=state, applied=(changes(1, 2),))
    assert (refresh.kind, refresh.replayed) == (RefreshKind.CHANGES, ())


def test_late_change_file_is_applied_together_with_the_newer_ones_already_applied() -> None:
    state = after(load(1, 1), changes(1, 2), changes(5, 3), changes(7, 4))
    refresh = select(changes(3, 9), state=state, applied=(changes(7, 4), changes(1, 2), changes(5, 3)))
    assert refresh.files == (changes(3, 9),)
    assert refresh.replayed == (changes(5, 3), changes(7, 4))
    assert refresh.state.newest_change_file == changes(7, 0).name


def test_late_load_part_is_applied_together_with_all_changes_of_its_generation() -> None:
    state = after(load(1, 1), changes(1, 2), changes(2, 3))
    refresh = select(load(2, 1), state=state, applied=(changes(1, 2), changes(2, 3)))
    assert (refresh.kind, refresh.replayed) == (RefreshKind.CHANGES, (changes(1, 2), changes(2, 3)))


def test_date_partitions_do_not_disturb_the_order_of_change_files() -> None:
    first, second = changes(1, 1, "s/t/2026/02/01"), changes(2, 2, "s/t/2026/01/01")
    assert select(second, first).files == (first, second)


def test_historical_table_needs_no_replay_because_it_keeps_every_version() -> None:
    state = after(load(1, 1), changes(5, 2))
    refresh = select(changes(3, 9), state=state, applied=(changes(5, 2),), versioning=HISTORICAL)
    assert refresh.replayed == ()


def test_rule_4_load_file_uploaded_again_starts_a_new_generation_that_replaces_the_table() -> None:
    refresh = select(load(1, 9), state=after(load(1, 1), load(2, 1), changes(1, 2)))
    assert refresh.kind is RefreshKind.RELOAD
    assert refresh.state == TableState(2, frozenset({load(1, 0).key}), began=load(1, 9).moment)


def test_rule_4_changes_that_landed_before_the_reload_belong_to_the_old_generation() -> None:
    before, since = changes(2, 5), changes(3, 11)
    refresh = select(before, load(1, 9), since, load(2, 10), state=after(load(1, 1)))
    assert refresh.superseded == (before,)
    assert refresh.files == (load(1, 9), load(2, 10), since)
    assert refresh.state.newest_change_file == since.name


def test_reload_never_erases_the_versions_of_a_historical_table() -> None:
    before = changes(2, 5)
    refresh = select(before, load(1, 9), state=after(load(1, 1)), versioning=HISTORICAL)
    assert refresh.kind is RefreshKind.CHANGES
    assert set(refresh.files) == {before, load(1, 9)}
    assert refresh.superseded == ()


def test_object_overwritten_before_it_was_applied_counts_in_its_newest_version_only() -> None:
    refresh = select(load(1, 1), load(1, 5), changes(1, 6))
    assert refresh.files == (load(1, 5), changes(1, 6))
    assert refresh.superseded == (load(1, 1),)


@pytest.mark.parametrize(("earlier", "later"), [("0A", "0B"), ("0A", "0A01"), ("0A0F", "0B")])
def test_versions_of_one_second_are_ordered_by_their_sequencers(earlier: str, later: str) -> None:
    """S3's rule: as texts, the shorter one filled up with zeros on its right."""
    first = replace(load(1, 1), file_id="z", sequencer=earlier)
    second = replace(load(1, 1), file_id="a", sequencer=later)
    assert select(second, first).files == (second,)


def test_rule_4_reload_waits_while_a_further_part_may_come_and_the_changes_before_it_go_on() -> None:
    before = changes(2, 5)
    refresh = select(before, load(1, 9), load(2, 10), state=after(load(1, 1)), now=AT_ONCE)
    assert (refresh.kind, refresh.files, refresh.superseded) == (RefreshKind.CHANGES, (before,), ())
    nothing = select(load(1, 9), load(2, 10), state=after(load(1, 1)), now=AT_ONCE)
    assert nothing.file_ids == set()


def test_reload_is_complete_once_a_change_follows_its_last_part() -> None:
    refresh = select(load(1, 9), load(2, 10), changes(3, 11), state=after(load(1, 1)), now=AT_ONCE)
    assert (refresh.kind, len(refresh.files)) == (RefreshKind.RELOAD, 3)


def test_reload_is_complete_once_it_has_settled() -> None:
    refresh = select(load(1, 9), load(2, 10), state=after(load(1, 1)), now=LATER)
    assert (refresh.kind, len(refresh.files)) == (RefreshKind.RELOAD, 2)


def test_reload_waits_for_a_missing_part_whatever_follows() -> None:
    refresh = select(load(1, 9), load(3, 10), changes(3, 11), state=after(load(1, 1)), now=AT_ONCE)
    assert refresh.file_ids == set()


def test_settled_reload_with_a_gap_is_refused_by_the_names_of_its_missing_parts_once_nothing_else_is_to_do() -> None:
    files, state = (load(1, 9), load(0x10, 10), changes(3, 11)), after(load(1, 1))
    assert select(changes(2, 5), *files, state=state).files == (changes(2, 5),)
    with pytest.raises(
        RejectedInputError, match=r"s\.t: of the reload .* 14 parts never came \(LOAD00000002\.parquet, "
    ):
        select(*files, state=state)


def test_parts_of_a_load_that_was_given_up_are_never_mixed_with_those_of_the_load_that_began_after_it() -> None:
    given_up = load(2, 2), load(3, 3)
    first = select(load(1, 1), *given_up, load(1, 9), now=AT_ONCE)
    assert (first.kind, first.files, set(first.superseded)) == (
        RefreshKind.INITIAL,
        (load(1, 9),),
        {load(1, 1), *given_up},
    )
    assert select(load(2, 10), state=first.state, now=AT_ONCE).files == (load(2, 10),)


def test_parts_of_a_reload_that_was_given_up_are_never_part_of_the_next_one() -> None:
    refresh = select(load(1, 5), load(2, 6), load(1, 9), changes(3, 11), state=after(load(1, 1)), now=AT_ONCE)
    assert (refresh.kind, refresh.files) == (RefreshKind.RELOAD, (load(1, 9), changes(3, 11)))


def test_parts_that_land_before_the_first_one_of_a_parallel_load_are_part_of_it() -> None:
    parts = load(2, 1), load(3, 2), load(1, 3)
    assert set(select(*parts).files) == set(parts)
    again = load(2, 11), load(3, 12), load(1, 13)
    assert set(select(*again, state=after(*parts, changes(1, 5))).files) == set(again)
    assert set(select(*again, state=after(*parts)).files) == set(again)
    assert set(select(*parts, *again).files) == set(again)


def test_parallel_load_that_begins_anew_leaves_out_what_only_the_one_before_has_written() -> None:
    given_up, again = (load(1, 1), load(2, 2), load(3, 3)), (load(2, 11), load(1, 13))
    assert set(select(*given_up, *again).files) == set(again)


def test_single_part_sent_again_never_replaces_the_whole_table() -> None:
    assert select(load(2, 9), changes(1, 10), state=after(load(1, 1), load(2, 1)), now=AT_ONCE).file_ids == set()


def test_load_part_that_landed_after_applied_changes_begins_another_load_also_under_a_new_name() -> None:
    state = after(load(1, 1), changes(1, 2))
    assert select(load(2, 9), state=state, now=AT_ONCE).files == ()
    assert select(load(2, 9), load(1, 9), changes(2, 10), state=state, now=AT_ONCE).kind is RefreshKind.RELOAD


def test_changes_that_were_applied_before_the_load_that_they_follow_was_seen_are_read_again_into_it() -> None:
    state = after(load(1, 1), changes(1, 2), changes(2, 12))
    refresh = select(load(1, 9), state=state, applied=(changes(1, 2), changes(2, 12)))
    assert (refresh.kind, refresh.replayed) == (RefreshKind.RELOAD, (changes(2, 12),))
    assert refresh.state.newest_change_file == changes(2, 12).name


def test_first_load_of_a_table_that_began_with_changes_replaces_them() -> None:
    refresh = select(load(1, 9), changes(3, 10), state=after(changes(1, 2)), applied=(changes(1, 2),))
    assert (refresh.kind, refresh.replayed, refresh.files) == (RefreshKind.RELOAD, (), (load(1, 9), changes(3, 10)))


def test_changes_that_landed_before_the_very_first_load_are_in_it_already() -> None:
    refresh = select(changes(1, 1), load(1, 2), changes(2, 3))
    assert (refresh.files, refresh.superseded) == ((load(1, 2), changes(2, 3)), (changes(1, 1),))


def test_change_of_the_old_generation_that_is_seen_after_the_reload_is_done_without_a_commit() -> None:
    state = after(load(1, 1))
    reloaded = select(load(1, 9), state=state).state
    refresh = select(changes(2, 5), state=reloaded)
    assert (refresh.files, refresh.superseded, refresh.state) == ((), (changes(2, 5),), reloaded)


def test_late_file_is_applied_with_newer_changes_of_its_own_generation_only() -> None:
    state = select(load(1, 9), changes(5, 11), state=after(load(1, 1), changes(2, 2))).state
    processed = (changes(2, 2), changes(5, 11), changes(4, 3))
    assert select(changes(3, 10), state=state, applied=processed).replayed == (changes(5, 11),)


def test_change_that_lands_in_the_second_of_its_load_is_applied() -> None:
    """Defect 2 of the reference: it was passed over, and archived as processed."""
    refresh = select(load(1, 1), changes(1, 1))
    assert (refresh.files, refresh.superseded) == ((load(1, 1), changes(1, 1)), ())


def test_listed_load_counts_as_the_first_and_a_listed_change_as_the_last_of_its_second() -> None:
    event = replace(changes(1, 5), sequencer="0A")
    assert load(1, 5).moment < event.moment < changes(2, 5).moment


@pytest.mark.parametrize("versioning", list(VersioningType))
@given(data=st.data())
def test_every_pending_file_is_finished_by_exactly_one_refresh(versioning: VersioningType, data: st.DataObject) -> None:
    file = st.builds(load, st.integers(1, 4), st.integers(0, 59)) | st.builds(
        changes, st.integers(1, 9), st.integers(0, 59)
    )
    files = st.lists(file, max_size=12, unique_by=lambda f: f.file_id)
    state = after(*applied) if (applied := data.draw(files)) else EMPTY
    pending = data.draw(files)
    finished: list[str] = []
    while True:
        try:
            refresh = select(*pending, state=state, versioning=versioning, applied=tuple(applied))
        except RejectedInputError:
            break
        done = {f.file_id for f in (*refresh.files, *refresh.superseded)}
        if not done:
            break
        finished += done
        pending, state = [f for f in pending if f.file_id not in done], refresh.state
    assert len(finished) == len(set(finished))
    incomplete = [f for f in pending if f.is_load]
    assert bool(pending) == bool(incomplete), "files wait for the missing parts of a reload only"
    assert not (pending and versioning is HISTORICAL)
