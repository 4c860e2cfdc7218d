"""Waits go on as long as the work does, and end when nothing changes."""

import time

import pytest

from rehearsal.demo.executions import Patience


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def test_work_that_changes_something_now_and_then_is_waited_for_however_long_it_takes(clock: Clock) -> None:
    patience = Patience(60)
    for step in range(100):
        assert not patience.is_over(("files", step))
        clock.now += 59


def test_work_that_changes_nothing_for_too_long_is_stuck(clock: Clock) -> None:
    patience = Patience(60)
    assert not patience.is_over("same")
    clock.now += 60
    assert not patience.is_over("same")
    clock.now += 1
    assert patience.is_over("same")


def test_run_at_work_is_waited_for_until_it_ends_by_itself(clock: Clock) -> None:
    patience = Patience(60)
    for _ in range(100):
        assert not patience.is_over("same", is_at_work=True)
        clock.now += 3600
    assert patience.is_over("same")
