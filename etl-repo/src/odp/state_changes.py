"""What people are told: one message for each change of a state, none while it lasts; plain data and their comparison.

Whoever judges a table or a cadence hands over its state, good or bad. Only a problem that people do not know of yet, or
the end of all problems, is news. What they know is in the books (`ToldStates`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

DAY_SECONDS = 86_400
MOST_A_DAY = 6
"""Messages of one subject within 24 hours. A table that fails at every other cadence would else send 144."""


class Aspect(StrEnum):
    """Which question about a table or a cadence a state answers."""

    REFRESH = "refresh"
    HELD = "held"
    LATE = "late"
    EXPIRING = "expiring"
    VANISHED = "vanished"
    UNCONFIGURED = "unconfigured"
    PLAN = "plan"
    RUNS = "runs"
    START = "start"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a state is of: an aspect of a table or of a cadence."""

    aspect: Aspect
    name: str

    @property
    def key(self) -> str:
        """Under which the books know the subject."""
        return f"{self.aspect.value}/{self.name}"


@dataclass(frozen=True, slots=True)
class State:
    """How a subject is now.

    `problems` has a short key for each problem, which stays the same as long as the problem does; none means that all
    is well. `title` is one line, `lines` say what happened, what waits, and what to run.
    """

    subject: Subject
    title: str
    lines: tuple[str, ...]
    problems: frozenset[str] = frozenset()
    since: str = ""
    is_end_told: bool = True
    """Whether people are told of the end; they know it where their own decision ends a problem."""


@dataclass(frozen=True, slots=True)
class Told:
    """What people know of a subject; `version` grows with every change of the item in the books.

    `recent` are the times (epoch seconds) of the last messages. A message is being sent while somebody else has
    claimed it. It is unsure whether one arrived whose sender died.
    """

    problems: frozenset[str] = frozenset()
    since: str = ""
    recent: tuple[int, ...] = ()
    version: int = 0
    is_being_sent: bool = False
    is_unsure: bool = False

    @property
    def is_open(self) -> bool:
        """Whether people know of a problem, or may know of one."""
        return bool(self.problems) or self.is_unsure

    def says_nothing(self, now: float) -> bool:
        """Whether it could be forgotten: all is well, and no message counts among those of a day."""
        return not (self.is_open or self.is_being_sent or _within_a_day(self, now))


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Change:
    """A state that differs from what people know."""

    state: State
    told: Told

    @property
    def is_silent(self) -> bool:
        """Whether the books take note of the change and nobody is told."""
        if self.state.is_end_told:
            return False
        return not self.state.problems or (self.is_less and not self.told.is_unsure)

    @property
    def is_less(self) -> bool:
        """Whether some of the problems that people know are over."""
        return self.state.problems < self.told.problems

    @property
    def title(self) -> str:
        """What the message is about, in a line."""
        is_other = bool(self.state.problems and self.told.problems)
        return f"{self.state.title}, for another reason than before" if is_other else self.state.title

    @property
    def since(self) -> str:
        """When the first of the problems came that are not over, or were not until now."""
        return self.told.since if self.told.problems else self.state.since

    def told_at(self, now: float) -> Told:
        """Give what people know after the message."""
        recent = self.told.recent if self.is_silent else (*_within_a_day(self.told, now), int(now))
        return Told(self.state.problems, self.since if self.state.problems else "", recent, self.told.version)

    def is_last_of_the_day(self, now: float) -> bool:
        """Whether nothing more is told of the subject for some time."""
        return len(_within_a_day(self.told, now)) + 1 >= MOST_A_DAY


def changes(states: Iterable[State], told: Mapping[str, Told], now: float) -> Iterator[Change]:
    """Give those states that people are to be told of."""
    for state in states:
        change = Change(state, told.get(state.subject.key, NOTHING_TOLD))
        if _is_news(change) and (change.is_silent or len(_within_a_day(change.told, now)) < MOST_A_DAY):
            yield change


def _is_news(change: Change) -> bool:
    state, told = change.state, change.told
    if told.is_being_sent:
        return False
    # a person decided about some of several: if one comes again, that is news
    is_over = bool(told.problems) and (not state.problems or (change.is_less and not state.is_end_told))
    return told.is_unsure or is_over or not state.problems <= told.problems


def _within_a_day(told: Told, now: float) -> tuple[int, ...]:
    return tuple(at for at in told.recent if at > now - DAY_SECONDS)
