"""Rules 11 and 14: batches hold only tables with work, are bounded by bytes and by count, and are about equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.file_processor.batches import MOST_BATCHES, packed_batches
from odp.records import PendingWork

ROOM = 1000
"""Bytes of a batch in these tests."""


def work(*sizes: int) -> list[PendingWork]:
    return [PendingWork(f"s.t{number:04d}", 1, size) for number, size in enumerate(sizes)]


def packed(sizes: list[int], most_tables: int, room: int = ROOM) -> list[list[int]]:
    """The sizes of the tables of each batch; every table is checked to be in exactly one."""
    tables = {table.source_table_name: table.bytes for table in work(*sizes)}
    batches = packed_batches(work(*sizes), most_tables, room)
    assert sorted(name for batch in batches for name in batch) == sorted(tables)
    assert all(0 < len(batch) <= most_tables for batch in batches)
    return [[tables[name] for name in batch] for batch in batches]


def test_eighteen_small_tables_in_batches_of_five_make_four_batches() -> None:
    assert sorted(map(len, packed([1] * 18, 5))) == [4, 4, 5, 5]


def test_no_work_makes_no_batch() -> None:
    assert packed_batches([], 5, ROOM) == []


def test_large_tables_are_spread_over_the_batches() -> None:
    assert sorted(map(sorted, packed([400, 300, 1, 1, 1, 1], 3))) == [[1, 1, 300], [1, 1, 400]]


@pytest.mark.parametrize("huge", [ROOM, ROOM + 1, 50 * ROOM])
def test_rule_14_a_huge_table_shares_no_batch_with_small_ones_which_are_packed(huge: int) -> None:
    """Nine small tables waited for the huge one, and for the huge one's workers the run of all was billed."""
    assert sorted(packed([1, 1, 1, 1, huge, 1, 1, 1, 1, 1], 20)) == [[1] * 9, [huge]]


def test_rule_14_tables_that_do_not_fit_together_get_batches_of_their_own() -> None:
    assert packed([600, 600, 600], 20) == [[600], [600], [600]]


@given(st.lists(st.integers(0, 3 * ROOM), max_size=60), st.integers(1, 10))
def test_tables_share_a_batch_only_if_they_fit_into_one_together(sizes: list[int], most_tables: int) -> None:
    assert all(len(batch) == 1 or sum(batch) <= ROOM for batch in packed(sizes, most_tables))


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 10))
def test_tables_that_all_fit_make_as_few_batches_as_their_number_allows(sizes: list[int], most_tables: int) -> None:
    assert len(packed(sizes, most_tables, room=10**9)) == -(-len(sizes) // most_tables)


@given(st.lists(st.integers(0, 3 * ROOM), max_size=60), st.integers(1, 10))
def test_batches_are_not_many_more_than_bytes_and_count_demand(sizes: list[int], most_tables: int) -> None:
    demanded = sum(sizes) / ROOM + len(sizes) / most_tables
    assert len(packed(sizes, most_tables)) <= 2 * demanded + 2


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_heaviest_batch_exceeds_the_lightest_by_at_most_the_largest_table_when_there_is_room(sizes: list[int]) -> None:
    most_tables = -(-len(sizes) // 2)
    halves = packed(sizes, most_tables, room=10**9)
    room_left = all(len(batch) < most_tables for batch in halves)
    assert not room_left or max(map(sum, halves)) - min(map(sum, halves)) <= max(sizes)


def test_the_day_on_which_all_tables_are_loaded_makes_no_more_batches_than_a_history_of_an_execution_holds() -> None:
    batches = packed([5 * ROOM] * 3000, 20)
    assert len(batches) <= MOST_BATCHES
    assert max(map(sum, batches)) - min(map(sum, batches)) <= 5 * ROOM


def test_the_bound_on_batches_never_lifts_the_one_on_tables() -> None:
    assert len(packed([5 * ROOM] * 1200, 2)) == 600
