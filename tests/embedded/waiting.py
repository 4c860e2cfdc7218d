"""Waits for anything that takes a moment to come."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

PATIENCE = 120
_WAITING = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
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


def waiting(sqs: Any, queue_url: str) -> int:
    """Count the messages of a queue that nobody has dealt with yet."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=_WAITING)["Attributes"]
    return sum(int(number) for number in attributes.values())


def until_taken(sqs: Any, queue_url: str) -> None:
    """Wait until every message of a queue has been taken and dealt with."""
    eventually(lambda: waiting(sqs, queue_url), lambda count: count == 0)
