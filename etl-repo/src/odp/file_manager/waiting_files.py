"""Files that wait for so long that the staging bucket is about to forget them: of a paused table, or held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from odp.records import KeptEntry

WARNS_BEFORE = timedelta(days=7)
"""How long before the objects expire people are told."""
_GONE_AFTER = timedelta(days=2)
"""How long S3 may keep an object that has expired."""


def tables_that_lose_files(
    source_tables: Iterable[str], oldest_landing: Callable[[str], str], *, now: datetime, landed_file_days: int
) -> list[str]:
    """Name the tables whose oldest pending file expires soon; `oldest_landing` is empty for a table without any."""
    found = ((name, oldest_landing(name)) for name in source_tables)
    return [name for name, landed in found if expires_soon(landed, now, landed_file_days)]


def held_tables_that_lose_files(held: Iterable[KeptEntry], *, now: datetime, landed_file_days: int) -> set[str]:
    """Name the tables of held files that expire soon, or did; their entries are open as nobody has decided."""
    is_open = (entry for entry in held if not entry.is_dismissed)
    return {entry.source_table_name for entry in is_open if expires_soon(entry.landed_from, now, landed_file_days)}


def count_that_expire(landed: Iterable[str], *, now: datetime, landed_file_days: int) -> int:
    """Count those of some landed files that are in their last week and not gone yet."""
    soon = (one for one in landed if expires_soon(one, now, landed_file_days))
    return sum(expires_at(one, landed_file_days) + _GONE_AFTER > now for one in soon)


def expires_soon(landed: str, now: datetime, landed_file_days: int) -> bool:
    """Tell whether the object of a file that landed then is in its last week, or gone; False without an object."""
    return bool(landed) and expires_at(landed, landed_file_days) < now + WARNS_BEFORE


def expires_at(landed: str, landed_file_days: int) -> datetime:
    """Give when the staging bucket deletes the object of a file that landed then."""
    return datetime.fromisoformat(landed) + timedelta(days=landed_file_days)
