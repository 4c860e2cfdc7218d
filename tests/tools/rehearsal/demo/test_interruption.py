"""Signals end a program by way of its clean-up."""

import os
import signal
from collections.abc import Iterator

import pytest

from rehearsal.demo.failures import SIGNALS, Interrupted, interruptible


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Python's own, whoever started the tests: under nohup or in the background they begin with ignored signals."""
    inherited = {each: signal.getsignal(each) for each in SIGNALS}
    before = {each: signal.default_int_handler if each is signal.SIGINT else signal.SIG_DFL for each in SIGNALS}
    for each, handler in before.items():
        signal.signal(each, handler)
    yield
    after = {each: signal.getsignal(each) for each in SIGNALS}
    for each, inherited_handler in inherited.items():
        signal.signal(each, inherited_handler)
    assert after == before


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_becomes_an_exception_with_the_exit_code_that_shells_expect(
    number: signal.Signals, exit_code: int
) -> None:
    with pytest.raises(Interrupted) as interrupted, interruptible():
        os.kill(os.getpid(), number)
    assert interrupted.value.exit_code == exit_code


def test_further_signals_do_not_cut_the_clean_up_short() -> None:
    cleaned: list[bool] = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            for number in SIGNALS:
                os.kill(os.getpid(), number)
            cleaned.append(True)

    with pytest.raises(Interrupted) as interrupted, interruptible():
        work()
    assert cleaned
    assert interrupted.value.exit_code == 143


def test_program_started_with_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
