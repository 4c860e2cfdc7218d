"""Files that wait for so long that the staging bucket is about to forget them: of a paused table, or held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from odp.records import KeptEntry

WARNS_BEFORE = timedelta(days=7)
"""How long before the objects expire people are told."""
_GONE_AFTER = timedelta(days=2)
"""How long S3 may keep an object that has expired."""


def losses(landed: Iterable[tuple[str, str]], *, now: datetime, landed_file_days: int) -> dict[str, frozenset[str]]:
    """Give those of some tables whose files expire soon, or did, each with the weeks in which those landed.

    Files that landed in another week are another loss, so people are told of them again.
    """
    found: dict[str, frozenset[str]] = {}
    for name, at in landed:
        if expires_soon(at, now, landed_file_days):
            found[name] = found.get(name, frozenset()) | {_week_of(at)}
    return found


def landings_of(entries: Iterable[KeptEntry]) -> list[tuple[str, str]]:
    """Name table and landing of what is kept and open; nobody can decide about it any more once it has expired."""
    return [(entry.source_table_name, entry.landed_from) for entry in entries if not entry.is_dismissed]


def weeks_of_those_that_expire(landed: Iterable[str], *, now: datetime, landed_file_days: int) -> frozenset[str]:
    """Give the weeks in which those landed that are in their last week and not gone yet."""
    return frozenset(map(_week_of, _that_expire(landed, now, landed_file_days)))


def count_that_expire(landed: Iterable[str], *, now: datetime, landed_file_days: int) -> int:
    """Count those of some landed files that are in their last week and not gone yet."""
    return sum(1 for _ in _that_expire(landed, now, landed_file_days))


def _that_expire(landed: Iterable[str], now: datetime, landed_file_days: int) -> Iterator[str]:
    soon = (one for one in landed if expires_soon(one, now, landed_file_days))
    return (one for one in soon if expires_at(one, landed_file_days) + _GONE_AFTER > now)


def _week_of(landed: str) -> str:
    year, week, _ = datetime.fromisoformat(landed).isocalendar()
    return f"landed-{year}-W{week:02}"


def expires_soon(landed: str, now: datetime, landed_file_days: int) -> bool:
    """Tell whether the object of a file that landed then is in its last week, or gone; False without an object."""
    return bool(landed) and expires_at(landed, landed_file_days) < now + WARNS_BEFORE


def expires_at(landed: str, landed_file_days: int) -> datetime:
    """Give when the staging bucket deletes the object of a file that landed then."""
    return datetime.fromisoformat(landed) + timedelta(days=landed_file_days)
