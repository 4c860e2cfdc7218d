"""Waits for anything that takes a moment to come."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 30
T = TypeVar("T")


def eventually(
    read: Callable[[], T], is_wanted: Callable[[T], object] = lambda found: found, seconds: float = PATIENCE
) -> T:
    """Wait until something is there, or fail with what was there instead."""
    deadline = time.monotonic() + seconds
    while not is_wanted(found := read()):
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(0.1)
    return found
