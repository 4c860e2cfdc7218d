"""Finds the log lines that explain a failed run, which are shown before the workspace is removed."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

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
    """Give what the logs of these Glue runs say; of any other log nobody knows whether it has to do with it."""
    for log in sorted(logs.glob(_SOURCES[0])):
        if any(run in log.name for run in runs) and (lines := _telling_lines(log)):
            yield Evidence(str(log.relative_to(logs)), lines)


def evidence(logs: Path) -> Iterator[Evidence]:
    """Give what the failed Glue runs said; if none failed, the failed functions; if none did, the emulator."""
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
