"""Files that wait for so long that the staging bucket is about to forget them, as those of a paused table may."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

WARNS_BEFORE = timedelta(days=7)
"""How long before the objects expire people are told."""


def tables_that_lose_files(
    source_tables: Iterable[str], oldest_landing: Callable[[str], str], *, now: datetime, landed_file_days: int
) -> list[str]:
    """Name the tables whose oldest pending file expires soon; `oldest_landing` is empty for a table without any."""
    limit = now - timedelta(days=landed_file_days) + WARNS_BEFORE
    found = ((name, oldest_landing(name)) for name in source_tables)
    return [name for name, landed in found if landed and datetime.fromisoformat(landed) < limit]
