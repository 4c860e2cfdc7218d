"""Steps one after the other: what goes on from a failed one is skipped, and Ctrl-C ends with the clean-up."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from rich.console import Console

from deployment_account.environments import Platform
from scripts.smoke.command import run
from scripts.smoke.costs import Load
from scripts.smoke.lake import SmokeLake
from scripts.smoke.made import Phase
from scripts.smoke.outcome import Mark, Result, StepFailedError, StepSkippedError
from scripts.smoke.plan import STEPS
from scripts.smoke.report import Report
from scripts.smoke.step import Evidence, Smoke, SmokeOptions, Step, take, with_needed

OPTIONS = SmokeOptions()
NOTHING: Any = None


def step(number: int, run_: Callable[[Smoke], Evidence], *needs: int) -> Step:
    return Step(number, f"step {number}", "something", "the step's advice", run_, needs)


def passes(_: Smoke) -> Evidence:
    return ["evidence"]


def raises(error: BaseException) -> Callable[[Smoke], Evidence]:
    def run_(_: Smoke) -> Evidence:
        raise error

    return run_


def taken(*steps: Step) -> dict[int, Result]:
    return {result.number: result for result in take(steps, NOTHING)}


def test_a_step_that_goes_on_from_a_failed_one_is_skipped_with_the_reason_and_others_are_taken() -> None:
    results = taken(step(1, raises(StepFailedError("no"))), step(2, passes, 1), step(3, passes, 2), step(4, passes))
    assert [result.mark for result in results.values()] == [Mark.FAILED, Mark.SKIPPED, Mark.SKIPPED, Mark.PASSED]
    assert "step 1, which did not pass" in results[2].why
    assert "step 2, which did not pass" in results[3].why


def test_a_step_may_say_itself_that_it_cannot_be_taken_here() -> None:
    result = taken(step(1, raises(StepSkippedError("no pipelines"))))[1]
    assert (result.mark, result.why, result.advice) == (Mark.SKIPPED, "no pipelines", "")


@pytest.mark.parametrize(
    "error",
    [ClientError({"Error": {"Code": "AccessDenied", "Message": "x"}}, "PutObject"), NoCredentialsError()],
)
def test_what_aws_refuses_fails_the_step_with_its_advice(error: Exception) -> None:
    result = taken(step(1, raises(error)))[1]
    assert (result.mark, result.why, result.advice) == (Mark.FAILED, str(error), "the step's advice")


def test_a_failure_may_know_better_what_to_do() -> None:
    assert taken(step(1, raises(StepFailedError("no", advice="better"))))[1].advice == "better"


def test_after_ctrl_c_no_step_is_taken() -> None:
    results = taken(step(1, passes), step(2, raises(KeyboardInterrupt())), step(3, passes))
    assert [result.mark for result in results.values()] == [Mark.PASSED, Mark.SKIPPED, Mark.SKIPPED]
    assert results[3].why == "the test was interrupted"


def test_a_chosen_step_brings_those_that_it_goes_on_from() -> None:
    steps = [step(3, passes), step(4, passes, 3), step(5, passes, 4), step(6, passes)]
    assert [each.number for each in with_needed(steps, [5])] == [3, 4, 5]
    assert with_needed(steps, []) == steps


def test_there_are_thirteen_steps_in_their_order_and_each_says_what_to_do() -> None:
    assert [each.number for each in STEPS] == list(range(1, 14))
    assert all(each.checks and each.advice and max(each.needs, default=0) < each.number for each in STEPS)


def report_of(platform: Platform, *steps: Step) -> Report:
    lake = SmokeLake(NOTHING, platform, platform.environments["dev"])
    placed: Any = lake
    object.__setattr__(placed, "account", type("Nowhere", (), {"place": "nowhere"}))
    return run(lake, steps, (OPTIONS, Load(0, 0, 0, 1)), Console(file=io.StringIO()))


@pytest.mark.parametrize("error", [StepFailedError("no"), KeyboardInterrupt(), ValueError("a defect")])
def test_what_was_made_is_removed_however_the_steps_end(platform: Platform, error: BaseException) -> None:
    removed: list[str] = []

    def makes(smoke: Smoke) -> Evidence:
        smoke.made.note(Phase.LANDED, "file", lambda: removed.append("file"), by_hand="")
        raise error

    with suppress(ValueError):
        assert not report_of(platform, step(1, makes)).is_good
    assert removed == ["file"]


def test_a_process_that_is_ended_politely_cleans_up_too(platform: Platform) -> None:
    removed, before = list[str](), signal.getsignal(signal.SIGTERM)

    def makes(smoke: Smoke) -> Evidence:
        smoke.made.note(Phase.LANDED, "file", lambda: removed.append("file"), by_hand="")
        os.kill(os.getpid(), signal.SIGTERM)
        return []

    report = report_of(platform, step(1, makes), step(2, passes))
    assert (report.is_interrupted, removed) == (True, ["file"])
    assert signal.getsignal(signal.SIGTERM) is before
