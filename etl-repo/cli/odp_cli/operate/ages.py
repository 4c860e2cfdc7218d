"""Ages and times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta


def age(span: timedelta) -> str:
    """Write a duration in its two largest units."""
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((place for place, (number, _) in enumerate(units) if number), len(units) - 1)
    return " ".join(f"{number} {unit}" for number, unit in units[first : first + 2] if number) or "0 s"


def minute(moment: str) -> str:
    """Write a stored time to the minute, in UTC."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}" if moment else "–"
