"""Rule 11: batches hold only tables with work, at most the batch size each, balanced by bytes."""

from hypothesis import given
from hypothesis import strategies as st
from odp.file_processor.batches import balanced_batches
from odp.records import PendingWork


def work(*sizes: int) -> list[PendingWork]:
    return [PendingWork(f"s.t{number:03d}", 1, size) for number, size in enumerate(sizes)]


def test_eighteen_tables_in_batches_of_five_make_four_batches() -> None:
    assert sorted(map(len, balanced_batches(work(*[100] * 18), 5))) == [4, 4, 5, 5]


def test_no_work_makes_no_batch() -> None:
    assert balanced_batches([], 5) == []


def test_large_tables_are_spread_over_the_batches() -> None:
    batches = balanced_batches(work(1000, 900, 10, 10, 10, 10), 3)
    assert {"s.t000"} == {name for name in batches[0] if name in ("s.t000", "s.t001")}


@given(st.lists(st.integers(0, 10**9), max_size=60), st.integers(1, 10))
def test_every_table_is_in_exactly_one_of_the_fewest_batches(sizes: list[int], batch_size: int) -> None:
    tables = work(*sizes)
    batches = balanced_batches(tables, batch_size)
    assert sorted(name for batch in batches for name in batch) == sorted(t.source_table_name for t in tables)
    assert all(0 < len(batch) <= batch_size for batch in batches)
    assert len(batches) == -(-len(sizes) // batch_size)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_heaviest_batch_exceeds_the_lightest_by_at_most_the_largest_table_when_there_is_room(sizes: list[int]) -> None:
    tables = {table.source_table_name: table.bytes for table in work(*sizes)}
    batches = balanced_batches(work(*sizes), len(sizes))
    assert len(batches) == 1
    halves = balanced_batches(work(*sizes), -(-len(sizes) // 2))
    weights = [sum(tables[name] for name in batch) for batch in halves]
    room_left = all(len(batch) < -(-len(sizes) // 2) for batch in halves)
    assert not room_left or max(weights) - min(weights) <= max(sizes)
