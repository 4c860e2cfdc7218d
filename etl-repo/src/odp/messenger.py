"""Tells people of changes: claims each in the books, publishes it, and notes that it was told.

A message is published at least once. A run that dies between claim and note leaves a claim that expires; whoever judges
the subject next publishes once more. No two runs publish the same change, since the claim is a conditional write.
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
"""Beyond that, one message names all subjects of an aspect: a broken role would else send thousands at once."""
SUBJECTS_OF_A_MESSAGE = 200
TELLING_LASTS = 45.0
"""Seconds after which no message is begun; a topic out of reach would else last longer than the sweep leaves."""
_LINES_TOGETHER = 2
_BYTES_TOGETHER = 1200
"""Of a subject among others: 200 of them fit into a message, so none counts as told that was cut off."""
_CHARACTERS_OF_A_LINE = 2000
_NO_MORE = "This changes often: for 24 hours from the first of these messages no more is told about it."


Judgement = Callable[[], Iterable[State]]
"""Finds the states of subjects of one kind."""


@dataclass(frozen=True, slots=True)
class Messenger:
    """Publishes what changed to the topic of one lake."""

    told: ToldStates
    topic: Topic
    lake: str
    clock: Callable[[], float]
    lasts: float = TELLING_LASTS

    def judge(self, judgements: Iterable[Judgement], known: Mapping[str, Told]) -> None:
        """Tell people what all judgements find, each whole or not at all; one that fails hides no other.

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
            raise ExceptionGroup("people were not told of all that changed", errors)

    def tell(self, states: Iterable[State], known: Mapping[str, Told]) -> int:
        """Tell people of those states that they do not know; gives the number of messages.

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
            # what was claimed before a claim fails is in the list
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
        # names and errors are chosen by others, and begin no line of their own
        yield from (on_one_line(line, _CHARACTERS_OF_A_LINE) for line in change.state.lines)
        if change.is_last_of_the_day(self.clock()):
            yield ""
            yield _NO_MORE


def _grouped(found: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Each change by itself, or, if there are many, those of an aspect with and without problems together."""
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
    """Keep as much as a subject may take in a message about many."""
    encoded = on_one_line(text, _CHARACTERS_OF_A_LINE).encode("utf-8", "replace")
    if len(encoded) <= _BYTES_TOGETHER:
        return encoded.decode()
    return f"{encoded[: _BYTES_TOGETHER - 3].decode(errors='ignore')}…"
