"""What Lambda tells a function of its call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol


class LambdaContext(Protocol):
    """What Lambda tells a function of its call."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds that are left until the time-out."""


def time_out(context: LambdaContext, now: datetime) -> datetime:
    """Give when Lambda ends the call."""
    return now + timedelta(milliseconds=context.get_remaining_time_in_millis())
