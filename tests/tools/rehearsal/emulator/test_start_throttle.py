"""So many starts a second are taken, of each account and Region by itself."""

import pytest

from rehearsal.emulator.glue_runner.api import StartThrottle

HERE, ELSEWHERE = ("111111111111", "us-east-1"), ("111111111111", "eu-west-1")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_second_has_so_many_starts_and_those_that_are_refused_cost_nothing() -> None:
    clock = Clock()
    throttle = StartThrottle(3, clock)
    assert [throttle.takes(HERE) for _ in range(6)] == [True] * 3 + [False] * 3
    clock.now += 1 / 3 + 0.001
    assert [throttle.takes(HERE) for _ in range(2)] == [True, False]
    clock.now += 60
    assert [throttle.takes(HERE) for _ in range(4)] == [True] * 3 + [False]


@pytest.mark.parametrize(("rate", "taken"), [(0.0, [True] * 5), (0.1, [True] + [False] * 4)])
def test_no_rate_takes_all_and_a_slow_one_takes_the_first(rate: float, taken: list[bool]) -> None:
    throttle = StartThrottle(rate, Clock())
    assert [throttle.takes(HERE) for _ in range(5)] == taken


def test_regions_do_not_wait_for_each_other() -> None:
    throttle = StartThrottle(1, Clock())
    assert [throttle.takes(place) for place in (HERE, ELSEWHERE, HERE)] == [True, True, False]
