"""Turns the signals that ask a program to end into one exception, so that every way out puts things away."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number
        """What a shell expects of a program that a signal has ended."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted on the first signal and ignore further ones, which would cut the putting away short."""

    def interrupt(number: int, _: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        if each is not signal.SIGHUP or before[each] is not signal.SIG_IGN:  # nohup stays in force
            signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
