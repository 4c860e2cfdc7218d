"""What a step of the smoke test can end with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a step ended."""

    PASSED = "✓"
    FAILED = "✗"
    SKIPPED = "–"


@dataclass(frozen=True)
class Result:
    """One step as the report shows it: its evidence, or why it failed or was skipped, and what to do."""

    number: int
    name: str
    mark: Mark
    evidence: tuple[str, ...] = ()
    why: str = ""
    advice: str = ""
    seconds: float = 0.0


class StepFailedError(Exception):
    """A step saw what must not be; `advice` says what to do, where the step knows better than its definition."""

    def __init__(self, why: str, *, advice: str = "") -> None:
        super().__init__(why)
        self.why, self.advice = why, advice


class StepSkippedError(Exception):
    """A step cannot be taken here; that is no failure."""
