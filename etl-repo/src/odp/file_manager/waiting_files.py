"""Files that the staging bucket is about to delete while they still wait: files of a paused table, or held files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from odp.records import KeptEntry

WARNS_BEFORE = timedelta(days=7)
"""People get a message so long before the objects expire."""
_GONE_AFTER = timedelta(days=2)
"""S3 may keep an expired object for so long."""


def losses(landed: Iterable[tuple[str, str]], *, now: datetime, landed_file_days: int) -> dict[str, frozenset[str]]:
    """Return the tables whose files expire soon or have expired, each with the weeks in which these files landed.

    Files that landed in another week are another loss, so people get another message.
    """
    found: dict[str, frozenset[str]] = {}
    for name, at in landed:
        if expires_soon(at, now, landed_file_days):
            found[name] = found.get(name, frozenset()) | {_week_of(at)}
    return found


def landings_of(entries: Iterable[KeptEntry]) -> list[tuple[str, str]]:
    """Return table and landing time of open entries; after the expiry nobody can decide about them."""
    return [(entry.source_table_name, entry.landed_from) for entry in entries if not entry.is_dismissed]


def weeks_of_those_that_expire(landed: Iterable[str], *, now: datetime, landed_file_days: int) -> frozenset[str]:
    """Return the landing weeks of files that are in their last week and not expired."""
    return frozenset(map(_week_of, _that_expire(landed, now, landed_file_days)))


def count_that_expire(landed: Iterable[str], *, now: datetime, landed_file_days: int) -> int:
    """Count the files that are in their last week and not expired."""
    return sum(1 for _ in _that_expire(landed, now, landed_file_days))


def _that_expire(landed: Iterable[str], now: datetime, landed_file_days: int) -> Iterator[str]:
    soon = (one for one in landed if expires_soon(one, now, landed_file_days))
    return (one for one in soon if expires_at(one, landed_file_days) + _GONE_AFTER > now)


def _week_of(landed: str) -> str:
    year, week, _ = datetime.fromisoformat(landed).isocalendar()
    return f"landed-{year}-W{week:02}"


def expires_soon(landed: str, now: datetime, landed_file_days: int) -> bool:
    """Whether the object of a file is in its last week, or expired; False without an object."""
    return bool(landed) and expires_at(landed, landed_file_days) < now + WARNS_BEFORE


def expires_at(landed: str, landed_file_days: int) -> datetime:
    """Return the expiry time of a file's object, by its landing time."""
    return datetime.fromisoformat(landed) + timedelta(days=landed_file_days)
