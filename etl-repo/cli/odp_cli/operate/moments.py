"""Looks again and again, with a pause in between, until a time is over."""

from __future__ import annotations

import time
from collections.abc import Iterator

PAUSE_SECONDS = 5.0
sleep, monotonic = time.sleep, time.monotonic


def moments(seconds: float) -> Iterator[float]:
    """Say the seconds that have passed, at once and after each pause; the last time when the time is over."""
    begun = monotonic()
    while (passed := monotonic() - begun) < seconds:
        yield passed
        sleep(min(PAUSE_SECONDS, max(0.1, seconds - passed)))
    yield passed
