"""States that people get messages about: one message for each change of a state.

A judgement gives the state of a table or a cadence, good or bad. Only a problem that people do not know yet, or the end
of all problems, is news. `ToldStates` keeps what people know.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

DAY_SECONDS = 86_400
MOST_A_DAY = 6
"""The most messages of one subject in 24 hours. A table that fails at every other cadence would otherwise send 144."""


class Aspect(StrEnum):
    """The question about a table or a cadence that a state answers."""

    REFRESH = "refresh"
    HELD = "held"
    LATE = "late"
    EXPIRING = "expiring"
    VANISHED = "vanished"
    UNCONFIGURED = "unconfigured"
    REPLICATION = "replication"
    PLAN = "plan"
    RUNS = "runs"
    START = "start"


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a state: an aspect of a table or of a cadence."""

    aspect: Aspect
    name: str

    @property
    def key(self) -> str:
        """The stored key of the subject."""
        return f"{self.aspect.value}/{self.name}"


@dataclass(frozen=True, slots=True)
class State:
    """The present state of a subject.

    `problems` has a stable short key for each problem; none means that all is well. `title` is one line. `lines` say
    what happened, what waits, and which command to run.
    """

    subject: Subject
    title: str
    lines: tuple[str, ...]
    problems: frozenset[str] = frozenset()
    since: str = ""
    is_end_told: bool = True
    """Whether people get a message about the end. They need none if their own decision ended the problem."""


@dataclass(frozen=True, slots=True)
class Told:
    """What people know about a subject; `version` grows with every change of the stored item.

    `recent` are the times (epoch seconds) of the last messages. While a message is claimed, its owner is sending it. If
    the owner dies, nobody knows whether it arrived.
    """

    problems: frozenset[str] = frozenset()
    since: str = ""
    recent: tuple[int, ...] = ()
    version: int = 0
    is_being_sent: bool = False
    is_unsure: bool = False

    @property
    def is_open(self) -> bool:
        """Whether people know, or may know, of a problem."""
        return bool(self.problems) or self.is_unsure

    def says_nothing(self, now: float) -> bool:
        """Whether the item can be forgotten: all is well, and no message of the last day counts."""
        return not (self.is_open or self.is_being_sent or _within_a_day(self, now))


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between a state and what people know."""

    state: State
    told: Told

    @property
    def is_silent(self) -> bool:
        """Whether the change is recorded without a message."""
        if self.state.is_end_told:
            return False
        return not self.state.problems or (self.is_less and not self.told.is_unsure)

    @property
    def is_less(self) -> bool:
        """Whether some of the known problems are over."""
        return self.state.problems < self.told.problems

    @property
    def title(self) -> str:
        """The subject line of the message."""
        is_other = bool(self.state.problems and self.told.problems)
        return f"{self.state.title}, for another reason than before" if is_other else self.state.title

    @property
    def since(self) -> str:
        """The beginning of the oldest problem that is open, or was open until now."""
        return self.told.since if self.told.problems else self.state.since

    def told_at(self, now: float) -> Told:
        """What people know after the message."""
        recent = self.told.recent if self.is_silent else (*_within_a_day(self.told, now), int(now))
        return Told(self.state.problems, self.since if self.state.problems else "", recent, self.told.version)

    def is_last_of_the_day(self, now: float) -> bool:
        """Whether this is the last message about the subject for some time."""
        return len(_within_a_day(self.told, now)) + 1 >= MOST_A_DAY


def changes(states: Iterable[State], told: Mapping[str, Told], now: float) -> Iterator[Change]:
    """Return the changes that need a message."""
    for state in states:
        change = Change(state, told.get(state.subject.key, NOTHING_TOLD))
        if _is_news(change) and (change.is_silent or len(_within_a_day(change.told, now)) < MOST_A_DAY):
            yield change


def _is_news(change: Change) -> bool:
    state, told = change.state, change.told
    if told.is_being_sent:
        return False
    # a person decided about some of several problems: if one comes again, that is news
    is_over = bool(told.problems) and (not state.problems or (change.is_less and not state.is_end_told))
    return told.is_unsure or is_over or not state.problems <= told.problems


def _within_a_day(told: Told, now: float) -> tuple[int, ...]:
    return tuple(at for at in told.recent if at > now - DAY_SECONDS)


# Two errors are the same problem if their texts differ only in files, times, tasks and requests.


_TOKEN = re.compile(r"[^\s,;()\[\]{}'\"=<>|]+")
_VARIABLE = re.compile(r".*\d.*|.*/.*|[A-Z]{12,}|.*\$.*")
"""A word with a digit, a path, or an id in capitals."""
_NAME = r"'[^']*'|\"[^\"]*\"|`[^`]*`|[^\s,;()]+"
_COLUMNS = re.compile(rf"\bcolumns? +((?:{_NAME})(?:(?:, *| +and +)(?:{_NAME}))*)", re.IGNORECASE)
_HAS_LETTER = re.compile(r"[^\W\d]")
_WORDS = 40
_DIGITS = 12


def problem_key(error: str) -> str:
    """Return a short key that is equal for errors of the same class and problem.

    The class is the part before the first colon. Of the message, the words of its beginning count, in any order:
    threads find problems in any order. Names of columns always count: ADDRESS1 and ADDRESS2 are two problems.
    """
    class_name, _, message = error.partition(":")
    words = [word.strip(".:!?-–…") for word in _TOKEN.findall(message)]
    fixed = [word for word in words if word and not _VARIABLE.fullmatch(word)]
    counted = sorted({*fixed[:_WORDS], *_columns(message)})
    digest = hashlib.sha256(" ".join(counted).encode("utf-8", "replace")).hexdigest()
    return f"{_without_digits(class_name)}-{digest[:_DIGITS]}"


def _columns(message: str) -> Iterator[str]:
    """Find the names after the word column; a number is a position, which varies."""
    for listed in _COLUMNS.findall(message):
        yield from (name for name in re.findall(_NAME, listed) if _HAS_LETTER.search(name) and "://" not in name)


def _without_digits(class_name: str) -> str:
    """The key becomes part of a list with commas."""
    return re.sub(r"[^A-Za-z._]+", "_", class_name.strip())[:80]
