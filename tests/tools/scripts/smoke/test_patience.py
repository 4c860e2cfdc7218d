"""A wait ends, shows what it waits for, and says what was there instead."""

from __future__ import annotations

import itertools

import pytest

from scripts.smoke.outcome import StepFailedError
from scripts.smoke.patience import Patience


def patience(said: list[str]) -> Patience:
    return Patience(10, said.append, clock=itertools.count(step=3).__next__, sleep=lambda _: None)


def test_it_ends_as_soon_as_the_answer_is_wanted() -> None:
    answers = iter(["", "", "there"])
    said: list[str] = []
    assert patience(said).until("the file", lambda: next(answers)) == "there"
    assert said == ["the file (3 of at most 10 s)", "the file (6 of at most 10 s)"]


@pytest.mark.parametrize(
    ("found", "told"), [({"status": "RUNNING", "arn": "x" * 900}, "RUNNING"), ([], "0 of them"), ("y" * 900, "y" * 200)]
)
def test_it_ends_with_what_was_there_instead(found: object, told: str) -> None:
    with pytest.raises(StepFailedError, match="waited 10 s for the end") as raised:
        patience([]).until("the end", lambda: found, lambda _: False)
    assert raised.value.why.endswith(f"there is {told}")


def test_a_wait_may_be_shorter_than_the_longest_but_not_longer() -> None:
    for at_most, seconds in ((5, 5), (99, 10)):
        with pytest.raises(StepFailedError, match=f"waited {seconds} s"):
            patience([]).until("x", lambda: 0, at_most=at_most)
