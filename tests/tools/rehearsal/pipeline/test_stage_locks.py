"""One execution is in a stage at a time; the others wait, in turn or until a newer one takes their place."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from rehearsal.pipeline.execution import StageLocks

SOON = 0.05
Enter = Callable[[int], "Future[bool]"]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def entering(pool: ThreadPoolExecutor, locks: StageLocks, number: int) -> "Future[bool]":
    """Let an execution ask for the stage and wait until it stands in line."""
    asked = threading.Event()

    def enter() -> bool:
        asked.set()
        return locks.enter("Build", number)

    future = pool.submit(enter)
    asked.wait()
    threading.Event().wait(SOON)
    return future


def test_a_free_stage_is_entered_at_once() -> None:
    assert StageLocks("QUEUED").enter("Build", 1)


def test_queued_executions_enter_in_the_order_in_which_they_were_started(pool: ThreadPoolExecutor) -> None:
    locks = StageLocks("QUEUED")
    locks.enter("Build", 1)
    third, second = entering(pool, locks, 3), entering(pool, locks, 2)
    locks.leave("Build", 1)
    assert second.result()
    assert not third.done()
    locks.leave("Build", 2)
    assert third.result()


def test_a_newer_execution_supersedes_those_that_wait_and_never_the_one_inside(pool: ThreadPoolExecutor) -> None:
    locks = StageLocks("SUPERSEDED")
    locks.enter("Build", 1)
    second, third = entering(pool, locks, 2), entering(pool, locks, 3)
    assert second.result() is False
    assert not third.done()
    locks.leave("Build", 1)
    assert third.result()


def test_an_older_execution_that_comes_later_is_superseded_at_once(pool: ThreadPoolExecutor) -> None:
    locks = StageLocks("SUPERSEDED")
    locks.enter("Build", 1)
    third = entering(pool, locks, 3)
    assert locks.enter("Build", 2) is False
    locks.leave("Build", 1)
    assert third.result()


def test_stages_are_independent() -> None:
    locks = StageLocks("QUEUED")
    assert locks.enter("Build", 1)
    assert locks.enter("Source", 2)


def test_an_execution_that_is_over_leaves_the_line_and_lets_the_next_one_in(pool: ThreadPoolExecutor) -> None:
    locks, over = StageLocks("QUEUED"), threading.Event()
    locks.enter("Build", 1)
    second = pool.submit(lambda: locks.enter("Build", 2, is_over=over.is_set))
    threading.Event().wait(SOON)
    third = entering(pool, locks, 3)
    over.set()
    locks.wake()
    assert second.result() is False
    locks.leave("Build", 1)
    assert third.result()


def test_nobody_enters_a_stage_whose_transition_is_disabled_until_it_is_enabled(pool: ThreadPoolExecutor) -> None:
    locks = StageLocks("QUEUED")
    locks.disable("Build", "not today")
    first = entering(pool, locks, 1)
    assert not first.done()
    assert locks.enter("Test", 1)
    locks.enable("Build")
    assert first.result()


def test_an_execution_that_is_over_does_not_wait_for_a_disabled_transition(pool: ThreadPoolExecutor) -> None:
    locks, over = StageLocks("QUEUED"), threading.Event()
    locks.disable("Build", "not today")
    entered = pool.submit(locks.enter, "Build", 1, is_over=over.is_set)
    over.set()
    locks.wake()
    assert not entered.result()
