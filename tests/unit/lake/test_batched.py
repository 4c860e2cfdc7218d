"""Batches are read lazily, and leave nothing out."""

from itertools import count, islice

import pytest

from lake.batched import batched


@pytest.mark.parametrize(
    ("items", "batches"), [([], []), ([1], [(1,)]), ([1, 2], [(1, 2)]), ([1, 2, 3], [(1, 2), (3,)])]
)
def test_every_item_is_in_one_batch_in_its_order(items: list[int], batches: list[tuple[int, ...]]) -> None:
    assert list(batched(items, 2)) == batches


def test_no_more_is_read_than_is_asked_for() -> None:
    numbers = count()
    assert list(islice(batched(numbers, 3), 2)) == [(0, 1, 2), (3, 4, 5)]
    assert next(numbers) == 6
