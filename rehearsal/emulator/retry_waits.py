"""A retrier's waits as Step Functions makes them: at most MaxDelaySeconds, and at random with full jitter.

Ministack knows neither, so tasks that were refused together would come back together.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Retrier = Mapping[str, Any]
Find = Callable[..., tuple[Retrier | None, int]]


def install() -> None:
    """Give ministack retriers whose next wait is the one that it is to take."""
    patches.FIND_RETRIER.replace(_with_wait)


def _with_wait(find: Find) -> Find:
    def find_matching_retrier(
        retriers: list[Retrier], error: str, retry_counts: Mapping[int, int]
    ) -> tuple[Retrier | None, int]:
        retrier, index = find(retriers, error, retry_counts)
        if retrier is None:
            return retrier, index
        wait = next_wait(retrier, retry_counts.get(index, 0))
        return {**retrier, "IntervalSeconds": wait, "BackoffRate": 1}, index

    return find_matching_retrier


def next_wait(retrier: Retrier, attempts: int) -> float:
    """Give the seconds before the next attempt, after so many attempts of this retrier."""
    grown = float(retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts)
    longest = min(grown, retrier.get("MaxDelaySeconds", grown))
    return random.uniform(0, longest) if retrier.get("JitterStrategy") == "FULL" else longest  # noqa: S311 - jitter
