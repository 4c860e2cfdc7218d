"""Arrival times of a table's change files, by their names and the listing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from odp_cli.inference.landed_objects import LandedObject

_NAME = re.compile(r"(\d{8})-(\d{6})\d*\.parquet")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Arrival times of change files, each with its size, and the clock they were read from."""

    times: tuple[datetime, ...] = ()
    sizes: tuple[int, ...] = ()
    clock: str = ""

    def intervals(self) -> list[timedelta]:
        """Return the times between arrivals; files within a minute are one arrival, which DMS cut by size."""
        minutes = sorted({time.replace(second=0, microsecond=0) for time in self.times})
        return [later - earlier for earlier, later in pairwise(minutes)]

    def busiest(self, window: timedelta) -> int:
        """Return the most bytes that arrived in one window of that length."""
        windows: Counter[int] = Counter()
        for time, size in zip(self.times, self.sizes, strict=True):
            windows[int(time.timestamp() // window.total_seconds())] += size
        return max(windows.values(), default=0)


def arrivals(changes: Sequence[LandedObject]) -> Arrivals:
    """Read the arrivals by the clock that spans more: a copied bucket forgets when its files arrived, names do not."""
    if not changes:
        return Arrivals()
    sizes = tuple(change.size for change in changes)
    listed = [change.last_modified for change in changes]
    named = [time for change in changes if (time := _named_time(change.name)) is not None]
    if len(named) == len(listed) and _span(named) >= _span(listed) - _MINUTE:
        return Arrivals(tuple(named), sizes, "file names")
    return Arrivals(tuple(listed), sizes, "the listing's last-modified times")


def _named_time(name: str) -> datetime | None:
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def _span(times: Sequence[datetime]) -> timedelta:
    return max(times) - min(times)
