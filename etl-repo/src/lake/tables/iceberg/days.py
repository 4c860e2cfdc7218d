"""Asks in SQL for the rows of some days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta


def days_condition(column: str, days: Collection[date]) -> str:
    """Say in SQL that a timestamp or date lies in one of the days, by as few ranges as possible."""
    return " OR ".join(f"({column} >= DATE '{first}'{_before_end_of(column, last)})" for first, last in _ranges(days))


def _before_end_of(column: str, last: date) -> str:
    return "" if last == date.max else f" AND {column} < DATE '{last + timedelta(days=1)}'"


def _ranges(days: Collection[date]) -> Sequence[tuple[date, date]]:
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
