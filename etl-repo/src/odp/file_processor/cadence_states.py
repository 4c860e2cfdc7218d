"""Judges an execution where no table's record can: its plan, and runs that died or never began."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lake.errors import RetryableError
from odp.errors import RefreshFailedError
from odp.problem_key import problem_key
from odp.state_changes import Aspect, State, Subject

_BATCH = re.compile(r"^(?:batch \d+|all batches): ")
_RUNS_OF_A_MESSAGE = 5
_CHARACTERS_FOR_CERTAIN = 100
"""The characters of a failure that the state machine keeps for any number of batches."""


def state_of_runs(refresh_cadence: str, execution: str, failed: Sequence[str]) -> State:
    """Judge the runs of an execution by the state machine's errors of failed batches.

    A run that failed because of its tables is left out: the tables have messages of their own.
    """
    others = [text for text in failed if RefreshFailedError.__name__ not in text]
    subject = Subject(Aspect.RUNS, refresh_cadence)
    look = f"Run: aws stepfunctions describe-execution --execution-arn {execution}"
    if not others:
        return State(subject, f"runs of {refresh_cadence} work again", (f"Cadence: {refresh_cadence}", look))
    return State(
        subject,
        f"runs of {refresh_cadence} died or did not begin",
        (
            f"Cadence: {refresh_cadence}",
            f"Problem: {'; '.join(others[:_RUNS_OF_A_MESSAGE])}",
            f"{len(others)} batches failed. The files of their tables wait, and the next cadence tries again.",
            look,
        ),
        frozenset(problem_key(_beginning(text)) for text in others),
    )


def _beginning(text: str) -> str:
    """Give the beginning that every cut of the text has, without a word that may be cut."""
    failure = _BATCH.sub("", text)
    return failure if len(failure) <= _CHARACTERS_FOR_CERTAIN else failure[:_CHARACTERS_FOR_CERTAIN].rpartition(" ")[0]


def state_of_planning(refresh_cadence: str, execution: str, failure: Exception | None) -> State | None:
    """Judge the planning; None if the state machine tries again by itself."""
    if isinstance(failure, RetryableError):
        return None
    subject = Subject(Aspect.PLAN, refresh_cadence)
    look = f"Run: aws stepfunctions describe-execution --execution-arn {execution}"
    if failure is None:
        return State(subject, f"{refresh_cadence} is planned again", (f"Cadence: {refresh_cadence}", look))
    problem = f"{type(failure).__name__}: {failure}"
    lines = (f"Cadence: {refresh_cadence}", f"Problem: {problem}", "Nothing of this cadence is refreshed.", look)
    return State(subject, f"{refresh_cadence} cannot be planned", lines, frozenset({problem_key(problem)}))
