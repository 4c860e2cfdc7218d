"""Some of many, from the first to the last."""

from hypothesis import given
from hypothesis import strategies as st
from odp_cli.inference.spread import spread


def test_all_are_taken_when_they_are_few() -> None:
    assert spread([1, 2, 3], 3) == [1, 2, 3]


def test_one_alone_is_the_newest() -> None:
    assert spread([1, 2, 3], 1) == [3]


@given(st.integers(2, 300), st.integers(2, 300))
def test_first_and_last_are_taken_and_none_twice(available: int, count: int) -> None:
    taken = spread(list(range(available)), count)
    assert (taken[0], taken[-1], len(taken)) == (0, available - 1, min(available, count))
    assert taken == sorted(set(taken))
