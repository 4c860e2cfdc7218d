"""Cadence names: the name is the interval, and gives the schedule."""

from __future__ import annotations

import re

CADENCE = re.compile(r"(?P<count>[1-9]\d{0,3})_(?P<unit>min|hour|day)_refresh")
_UNITS = {"min": "minute", "hour": "hour", "day": "day"}
_MINUTES = {"min": 1, "hour": 60, "day": 1440}


def schedule_expression(refresh_cadence: str) -> str:
    """Return the EventBridge Scheduler rate of a cadence: `10_min_refresh` → `rate(10 minutes)`.

    Raises:
        ValueError: the name is not `<n>_min_refresh`, `<n>_hour_refresh` or `<n>_day_refresh`.
    """
    match = _match(refresh_cadence)
    count, unit = int(match["count"]), _UNITS[match["unit"]]
    return f"rate({count} {unit if count == 1 else unit + 's'})"


def minutes_of(refresh_cadence: str) -> int:
    """Return the interval of a cadence in minutes.

    Raises:
        ValueError: the name is not a cadence's.
    """
    match = _match(refresh_cadence)
    return int(match["count"]) * _MINUTES[match["unit"]]


def _match(refresh_cadence: str) -> re.Match[str]:
    match = CADENCE.fullmatch(refresh_cadence)
    if match is None:
        message = f"{refresh_cadence!r} is no cadence: write <n>_min_refresh, <n>_hour_refresh or <n>_day_refresh"
        raise ValueError(message)
    return match
