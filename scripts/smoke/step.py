"""A step of the smoke test, and how steps are taken one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from scripts.smoke.lake import SmokeLake
from scripts.smoke.made import Made
from scripts.smoke.names import SmokeNames
from scripts.smoke.outcome import Mark, Result, StepFailedError, StepSkippedError
from scripts.smoke.patience import Patience
from scripts.smoke.queries import Queries
from scripts.smoke.refreshes import Refreshes
from scripts.smoke.tables import SmokeTables


@dataclass(frozen=True)
class SmokeOptions:
    """How much a person wants of it."""

    parallel: int = 25
    keys: int = 2000
    taxi: bool = False


@dataclass
class Smoke:
    """What every step works with; `rows` is what the main smoke table must hold."""

    lake: SmokeLake
    names: SmokeNames
    options: SmokeOptions
    made: Made
    patience: Patience
    tables: SmokeTables
    refreshes: Refreshes
    queries: Queries
    rows: dict[int, int] = field(default_factory=dict)


Evidence = Sequence[str]


@dataclass(frozen=True)
class Step:
    """A check: its name, its evidence, the advice when it fails, and the steps that it needs."""

    number: int
    name: str
    checks: str
    advice: str
    run: Callable[[Smoke], Evidence]
    needs: tuple[int, ...] = ()


def take(steps: Sequence[Step], smoke: Smoke) -> Iterator[Result]:
    """Take steps in their order; after Ctrl-C the others are skipped."""
    marks: dict[int, Mark] = {}
    is_interrupted = False
    for step in steps:
        missing = [number for number in step.needs if marks.get(number) is not Mark.PASSED]
        if is_interrupted:
            result = _skipped(step, "the test was interrupted")
        elif missing:
            result = _skipped(step, "it goes on from step " + " and ".join(map(str, missing)) + ", which did not pass")
        else:
            try:
                result = _take(step, smoke)
            except KeyboardInterrupt:
                is_interrupted = True
                result = _skipped(step, "the test was interrupted")
        marks[step.number] = result.mark
        yield result


def with_needed(steps: Sequence[Step], chosen: Sequence[int]) -> list[Step]:
    """The chosen steps and those whose work they go on from; all if none is chosen."""
    wanted = set(chosen) or {step.number for step in steps}
    for step in reversed(steps):
        if step.number in wanted:
            wanted.update(step.needs)
    return [step for step in steps if step.number in wanted]


def _take(step: Step, smoke: Smoke) -> Result:
    began = time.monotonic()

    def result(mark: Mark, evidence: Evidence = (), why: str = "", advice: str = "") -> Result:
        return Result(step.number, step.name, mark, tuple(evidence), why, advice, round(time.monotonic() - began, 1))

    try:
        return result(Mark.PASSED, step.run(smoke))
    except StepFailedError as error:
        return result(Mark.FAILED, why=error.why, advice=error.advice or step.advice)
    except StepSkippedError as error:
        return result(Mark.SKIPPED, why=str(error))
    except (BotoCoreError, ClientError) as error:
        return result(Mark.FAILED, why=str(error), advice=step.advice)


def _skipped(step: Step, why: str) -> Result:
    return Result(step.number, step.name, Mark.SKIPPED, why=why)
