"""The key ranges that a listing of a table must cover: the days around its files, in any layout of date folders.

DMS names a change file after its time, with or without date folders (DatePartitionSequence and DatePartitionDelimiter).
The files show the layout, so it is not configured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

DAY = timedelta(days=1)
_A_MONTH = timedelta(days=31)
_MOST_DAYS = 35
"""In a longer gap between a table's newest change and its pending files, the sweep covers the days between."""
_DELIMITERS = ("/", "-", "_", "")
_NUMBERS = {"%Y": r"(19|20)\d\d", "%m": r"(0[1-9]|1[0-2])", "%d": r"(0[1-9]|[12]\d|3[01])"}
_FIRST_LETTER = ":"
"""The first text after every digit: then come LOAD files and the folders of their segments, but no dates."""


@dataclass(frozen=True, slots=True)
class DateLayout:
    """One layout of the day in the keys of change files."""

    prefix: str
    """The format of the common prefix of a day's keys, below the table's folder."""
    rest: str = ""
    """The pattern of the rest of the key."""
    folder: str = ""
    """The format of the month's folder before the prefix."""

    def is_of(self, key: str) -> bool:
        """Whether a key below the table's folder has this layout."""
        return _pattern(self).match(key) is not None

    def prefixes(self, day: date) -> Iterator[str]:
        """Return the prefixes of a day's keys; a file of midnight may be in the month before its name's."""
        months = {day.strftime(self.folder), (day - DAY).strftime(self.folder)}
        yield from (month + day.strftime(self.prefix) for month in sorted(months))


@cache
def _pattern(layout: DateLayout) -> re.Pattern[str]:
    """Cached, because listings need it for each key."""
    pattern = layout.folder + layout.prefix
    for letter, digits in _NUMBERS.items():
        pattern = pattern.replace(letter, digits)
    return re.compile(pattern + layout.rest)


FLAT = DateLayout("%Y%m%d-")
_OTHERS = tuple(
    layout
    for d in _DELIMITERS
    for layout in (
        DateLayout(f"%Y{d}%m{d}%d/"),
        DateLayout(f"%Y{d}%m{d}%d{d}", rest=r"\d\d/"),
        DateLayout("%Y%m%d-", folder=f"%Y{d}%m/"),
        DateLayout(f"%m{d}%Y{d}%d/"),
        DateLayout(f"%d{d}%m{d}%Y/"),
    )
)


def layouts_of(keys: Iterable[str]) -> set[DateLayout]:
    """Return the layouts that keys below a table's folder may have; eight digits of a day can be ambiguous."""
    return {layout for key in keys for layout in (FLAT, *_OTHERS) if layout.is_of(key)}


def days_around(names: Iterable[str]) -> set[date]:
    """Return the days between the names, one more at each end; across a long gap, only days near a name."""
    days = sorted(day for name in names if (day := day_of(name)) is not None)
    if not days:
        return set()
    between = (days[-1] - days[0]).days
    if between <= _MOST_DAYS:
        days = [days[0] + DAY * number for number in range(between + 1)]
    return {day + step * DAY for day in days for step in (-1, 0, 1)}


def day_of(name: str) -> date | None:
    """Return the day in a change file's name; None if it has none, or one at the end of the calendar."""
    try:
        day = datetime.strptime(name[:8], "%Y%m%d").date()  # noqa: DTZ007 - the zone is the DMS task's
    except ValueError:
        return None
    return day if date.min + _A_MONTH < day < date.max - _A_MONTH else None


@dataclass(frozen=True, slots=True, order=True)
class KeyRange:
    """The keys from one text up to another."""

    start: str
    end: str

    @classmethod
    def below(cls, prefix: str) -> KeyRange:
        """Return the range of all keys that begin with a prefix."""
        return cls(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))

    def __contains__(self, key: str) -> bool:
        return self.start <= key < self.end


def ranges_of_days(folder: str, layouts: Iterable[DateLayout], days: Iterable[date]) -> list[KeyRange]:
    """Return the key ranges of some days' change files in a table's folder."""
    wanted = list(days)
    return [KeyRange.below(folder + prefix) for layout in layouts for day in wanted for prefix in layout.prefixes(day)]


def range_of_loads(folder: str) -> KeyRange:
    """Return the range of keys that do not begin with a digit: LOAD and SEGMENT files, and folders of segments."""
    return KeyRange(folder + _FIRST_LETTER, KeyRange.below(folder).end)


def merged(ranges: Iterable[KeyRange]) -> Sequence[KeyRange]:
    """Return disjoint ranges of the same keys in their order."""
    found: list[KeyRange] = []
    for each in sorted(ranges):
        if found and each.start <= found[-1].end:
            found[-1] = KeyRange(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found
