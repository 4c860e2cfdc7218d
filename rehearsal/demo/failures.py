"""What ends a demo: its errors, the signals that ask it to end, and the log lines that explain a failed run."""

import re
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

# What ends a demo, with a message for the person who started it.


class DemoError(Exception):
    """The demo cannot go on; the message says what, where and how to mend it."""


class ExplainedError(DemoError):
    """The failed part has named its reason; only the logs of its failed Glue runs can say more."""

    def __init__(self, message: str, failed_runs: Collection[str] = ()) -> None:
        super().__init__(message)
        self.failed_runs = frozenset(failed_runs)


# Finds the log lines that explain a failed run, which are shown before the workspace is removed.

LINES, WIDTH = 12, 300
_TRACEBACK = "Traceback (most recent call last)"
_TELLING = re.compile(r"^(Caused by: )?[\w.$]*(Error|Exception)\b|\bERROR\b|^Caused by: ")
_SOURCES = ("glue/**/*.log", "lambda/*.log", "emulator.log")
"""The closer to the work, the earlier: what failed there is repeated by what called it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The telling lines of one log."""

    log: str
    lines: tuple[str, ...]


def evidence_of(runs: Collection[str], logs: Path) -> Iterator[Evidence]:
    """Return what the logs of these Glue runs say; of any other log nobody knows whether it has to do with it."""
    for log in sorted(logs.glob(_SOURCES[0])):
        if any(run in log.name for run in runs) and (lines := _telling_lines(log)):
            yield Evidence(str(log.relative_to(logs)), lines)


def evidence(logs: Path) -> Iterator[Evidence]:
    """Return what the failed Glue runs said; if none failed, the failed functions; if none did, the emulator."""
    for source in _SOURCES:
        found = [Evidence(str(log.relative_to(logs)), _telling_lines(log)) for log in sorted(logs.glob(source))]
        if said := [each for each in found if each.lines]:
            yield from said
            return


def _telling_lines(log: Path) -> tuple[str, ...]:
    """Errors without the places they passed through, each once; none of a log that only warns of something."""
    text = log.read_text(errors="replace")
    if _TRACEBACK not in text:
        return ()
    telling = (line.strip()[:WIDTH] for line in text.splitlines() if _TELLING.search(line))
    return tuple(dict.fromkeys(telling))[-LINES:]


# Turns the signals that ask a program to end into one exception, so that every way out puts things away.

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
