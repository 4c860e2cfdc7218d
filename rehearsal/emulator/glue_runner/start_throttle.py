"""Glue takes so many StartJobRun requests a second from an account in a Region, and refuses the others."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Place = tuple[str, str]


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class StartThrottle:
    """A token bucket for each account and Region; it holds the starts of one second, and at least one.

    AWS does not publish its rate. People meet it with 15 starts at once (repost.aws, QUVo7mhaGrRlyGUQ8A3EBpsQ).
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Place, _Bucket] = {}

    def takes(self, place: Place) -> bool:
        """Tell whether one more start is taken now; a rate of 0 takes all."""
        if not self._per_second:
            return True
        capacity = max(1.0, self._per_second)
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(place, _Bucket(capacity, now))
            bucket.tokens = min(capacity, bucket.tokens + (now - bucket.filled_at) * self._per_second)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
