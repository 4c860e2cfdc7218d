"""Waits that end: each is bounded and shows for what it waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from scripts.smoke.outcome import StepFailedError

T = TypeVar("T")
PAUSE = 1.0
DEFAULT_SECONDS = 420


@dataclass(frozen=True)
class Patience:
    """How long one wait may last, and who is told about it."""

    seconds: float = DEFAULT_SECONDS
    say: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(
        self, what: str, read: Callable[[], T], is_wanted: Callable[[T], object] = bool, *, at_most: float | None = None
    ) -> T:
        """Read until the answer is wanted; if it never is, the error tells shortly what was read instead.

        Raises:
            StepFailedError: the time is over.
        """
        began, seconds = self.clock(), min(self.seconds, at_most or self.seconds)
        while not is_wanted(found := read()):
            waited = self.clock() - began
            if waited >= seconds:
                raise StepFailedError(f"waited {seconds:.0f} s for {what}; there is {_shortly(found)}")
            self.say(f"{what} ({waited:.0f} of at most {seconds:.0f} s)")
            self.sleep(PAUSE)
        return found


def _shortly(found: object) -> str:
    """What AWS answers may be long: its state is what counts."""
    if isinstance(found, dict):
        found = found.get("status") or found.get("State") or found.get("Status") or found
    if isinstance(found, list):
        found = f"{len(found)} of them"
    return str(found)[:200]
