"""The clean-up: who writes ends first, what explains the files goes last, and nothing that fails keeps the rest."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from scripts.smoke.made import Made, Phase
from scripts.smoke.outcome import StepFailedError


def note(made: Made, log: list[str], phase: Phase, what: str, error: BaseException | None = None) -> None:
    def remove() -> None:
        log.append(what)
        if error:
            raise error

    made.note(phase, what, remove, by_hand=f"remove {what}")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_executions_end_before_files_go_and_configuration_goes_last_whatever_was_made_first(
    order: tuple[int, ...],
) -> None:
    made, log = Made(), list[str]()
    things = [(Phase.CONFIGURATION, "entry"), (Phase.RUNNING, "execution"), (Phase.LANDED, "file")]
    for number in order:
        note(made, log, *things[number])
    assert made.remove_all() == []
    assert log == ["execution", "file", "entry"]


def test_of_one_phase_the_newest_goes_first() -> None:
    made, log = Made(), list[str]()
    for what in ("queue", "subscription"):
        note(made, log, Phase.NOTICES, what)
    made.remove_all()
    assert log == ["subscription", "queue"]


def refused() -> BaseException:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteObjects")


@pytest.mark.parametrize("error", [refused, lambda: StepFailedError("S3 refused"), KeyError, KeyboardInterrupt])
def test_what_could_not_be_removed_is_listed_with_the_way_by_hand_and_the_rest_goes(
    error: Callable[[], BaseException],
) -> None:
    made, log = Made(), list[str]()
    note(made, log, Phase.LANDED, "file", error())
    note(made, log, Phase.LEDGER, "items")
    (left,) = made.remove_all()
    assert (left.what, left.by_hand) == ("file", "remove file")
    assert left.why
    assert log == ["file", "items"]


def test_nothing_is_removed_twice() -> None:
    made, log = Made(), list[str]()
    note(made, log, Phase.LANDED, "file")
    made.remove_all()
    made.remove_all()
    assert log == ["file"]
