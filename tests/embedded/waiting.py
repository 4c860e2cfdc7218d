"""Waits for anything that takes a moment to come.

Whoever asks takes the processor from what is waited for, so what has not come soon is asked for more rarely.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

PATIENCE = 120
_SOON, _LONGER, _RAREST = 0.05, 1.2, 0.4
"""Seconds until the second question, how much longer each wait is than the one before, and the longest."""
OFTEN = _SOON
"""For what is there for a moment only, such as a run in the middle of its work."""
_WAITING = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
T = TypeVar("T")


def eventually(
    read: Callable[[], T],
    is_wanted: Callable[[T], object] = lambda found: found,
    seconds: float = PATIENCE,
    *,
    rarest: float = _RAREST,
) -> T:
    """Wait until something is there, or fail with what was there instead; a transient state is polled `OFTEN`."""
    deadline, waits = time.monotonic() + seconds, pauses(rarest)
    while not is_wanted(found := read()):
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(next(waits))
    return found


def pauses(rarest: float = _RAREST) -> Iterator[float]:
    """The seconds between one question and the next, without end."""
    pause = _SOON
    while True:
        yield pause
        pause = min(pause * _LONGER, rarest)


def waiting(sqs: Any, queue_url: str) -> int:
    """Count the messages of a queue that nobody has dealt with yet."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=_WAITING)["Attributes"]
    return sum(int(number) for number in attributes.values())


def until_taken(sqs: Any, queue_url: str) -> None:
    """Wait until every message of a queue has been taken and dealt with."""
    eventually(lambda: waiting(sqs, queue_url), lambda count: count == 0)
