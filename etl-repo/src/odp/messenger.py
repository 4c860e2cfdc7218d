"""Sends messages about changes: claims each message, publishes it, and records that it was sent.

A message is published at least once. If a run dies between claim and record, the claim expires, and the next judgement
publishes again. No two runs publish the same change, because the claim is a conditional write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from lake.shown_text import on_one_line
from odp.ports import ToldStates, Topic
from odp.state_changes import Change, State, Told, changes

logger = logging.getLogger(__name__)

MOST_SINGLE_MESSAGES = 20
"""If more are due, one message names all subjects of an aspect: a broken role would otherwise send thousands."""
SUBJECTS_OF_A_MESSAGE = 200
TELLING_LASTS = 45.0
"""No message begins after so many seconds: waiting for an unreachable topic would outlast the sweep."""
_LINES_TOGETHER = 2
_BYTES_TOGETHER = 1200
"""The length of a subject in a message about many: 200 of them fit, so none is cut off and still counts as told."""
_CHARACTERS_OF_A_LINE = 2000
_NO_MORE = "This changes often: for 24 hours from the first of these messages no more is told about it."


Judgement = Callable[[], Iterable[State]]
"""Finds the states of subjects of one kind."""


@dataclass(frozen=True, slots=True)
class Messenger:
    """Publishes changes to the topic of one lake."""

    told: ToldStates
    topic: Topic
    lake: str
    clock: Callable[[], float]
    lasts: float = TELLING_LASTS

    def judge(self, judgements: Iterable[Judgement], known: Mapping[str, Told]) -> None:
        """Send the findings of all judgements, each whole or not at all; a failing one does not hide the others.

        Raises:
            ExceptionGroup: some failed, or messages could not be sent; the next run judges and sends them.
        """
        found, errors = list[State](), list[Exception]()
        for judgement in judgements:
            try:
                found += list(judgement())
            except Exception as error:
                logger.exception("a judgement failed")
                errors.append(error)
        try:
            self.tell(found, known)
        except ExceptionGroup as unsent:
            errors.append(unsent)
        if errors:
            raise ExceptionGroup("some messages about changes were not sent", errors)

    def tell(self, states: Iterable[State], known: Mapping[str, Told]) -> int:
        """Send messages about the states that people do not know, and return the number of messages.

        Raises:
            ExceptionGroup: some could not be sent; the next judgement sends them.
        """
        sent, errors, began = 0, list[Exception](), self.clock()
        for group in _grouped(list(changes(states, known, began))):
            if self.clock() - began > self.lasts:
                errors.append(TimeoutError(f"{group[0].title}: no time is left to tell it"))
                continue
            try:
                sent += self._tell(group)
            except Exception as error:
                logger.exception("%s: people were not told", group[0].title)
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"{len(errors)} messages were not sent", errors)
        return sent

    def _tell(self, group: Sequence[Change]) -> int:
        claimed: list[tuple[Change, str]] = []
        try:
            # claims made before a failing one are in the list
            claimed.extend(self._claims(group))
            loud = [change for change, _ in claimed if not change.is_silent]
            if loud:
                self.topic.publish(*self._message(loud))
        except Exception:
            for change, claim in claimed:
                self.told.give_back(change.state.subject.key, claim, change.told)
            raise
        for change, claim in claimed:
            self.told.note(change.state.subject.key, claim, change.told_at(self.clock()))
        return int(bool(loud))

    def _claims(self, group: Sequence[Change]) -> Iterator[tuple[Change, str]]:
        for change in group:
            if claim := self.told.claim(change.state.subject.key, change.told):
                yield change, claim

    def _message(self, group: Sequence[Change]) -> tuple[str, str]:
        first, *others = group
        if not others:
            return f"{self.lake}: {first.title}", "\n".join(self._text(first))
        title = f"{first.title}, and {len(others)} more of this kind"
        texts = [_cut(f"- {change.title}: {' '.join(self._shortened(change))}") for change in group]
        return f"{self.lake}: {title}", "\n".join([f"{len(group)} at once:", *texts])

    def _shortened(self, change: Change) -> Iterator[str]:
        if change.is_last_of_the_day(self.clock()):
            yield _NO_MORE
        yield from change.state.lines[:_LINES_TOGETHER]

    def _text(self, change: Change) -> Iterator[str]:
        yield on_one_line(f"{change.title}.", _CHARACTERS_OF_A_LINE)
        yield ""
        if change.since:
            yield f"Since: {change.since}" if change.state.problems else f"It lasted since {change.since}."
        # names and errors come from outside, so they may not begin a line of their own
        yield from (on_one_line(line, _CHARACTERS_OF_A_LINE) for line in change.state.lines)
        if change.is_last_of_the_day(self.clock()):
            yield ""
            yield _NO_MORE


def _grouped(found: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Group changes: each by itself, or, if there are many, by aspect and by whether there is a problem."""
    loud = [change for change in found if not change.is_silent]
    if len(loud) <= MOST_SINGLE_MESSAGES:
        yield from ([change] for change in found)
        return
    yield from ([change] for change in found if change.is_silent)
    for _, group in groupby(sorted(loud, key=_kind), key=lambda change: _kind(change)[:2]):
        of_kind = list(group)
        for first in range(0, len(of_kind), SUBJECTS_OF_A_MESSAGE):
            yield of_kind[first : first + SUBJECTS_OF_A_MESSAGE]


def _kind(change: Change) -> tuple[str, bool, str]:
    return change.state.subject.aspect.value, bool(change.state.problems), change.state.subject.name


def _cut(text: str) -> str:
    """Cut a subject to its length in a message about many."""
    encoded = on_one_line(text, _CHARACTERS_OF_A_LINE).encode("utf-8", "replace")
    if len(encoded) <= _BYTES_TOGETHER:
        return encoded.decode()
    return f"{encoded[: _BYTES_TOGETHER - 3].decode(errors='ignore')}…"
