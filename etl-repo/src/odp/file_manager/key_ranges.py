"""Which keys of a table's folder a listing must show: the days around its files, whatever DMS's date folders look like.

DMS names a file of changes after its time, and puts it into the folder of a date or not (DatePartitionSequence and
DatePartitionDelimiter). A layout of dates is known by the files that have it, so nothing about it is configured.
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
"""Of a longer gap between a table's newest change and its pending files, the days between are left to the sweep."""
_DELIMITERS = ("/", "-", "_", "")
_NUMBERS = {"%Y": r"(19|20)\d\d", "%m": r"(0[1-9]|1[0-2])", "%d": r"(0[1-9]|[12]\d|3[01])"}
_FIRST_LETTER = ":"
"""Sorts after every digit: what follows is no date, but LOAD files and the folders of their segments."""


@dataclass(frozen=True, slots=True)
class DateLayout:
    """One way in which the keys of change files show their day."""

    prefix: str
    """The format of what all keys of a day begin with, below the table's folder."""
    rest: str = ""
    """The pattern of what follows it."""
    folder: str = ""
    """The format of the month's folder that precedes the prefix."""

    def is_of(self, key: str) -> bool:
        """Tell whether a key below the table's folder has this layout."""
        return _pattern(self).match(key) is not None

    def prefixes(self, day: date) -> Iterator[str]:
        """Give what the keys of a day begin with; a file of midnight may lie in the month before its name's."""
        months = {day.strftime(self.folder), (day - DAY).strftime(self.folder)}
        yield from (month + day.strftime(self.prefix) for month in sorted(months))


@cache
def _pattern(layout: DateLayout) -> re.Pattern[str]:
    """Listings ask for each of their keys."""
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
    """Give the layouts of keys below a table's folder; a day of eight digits may be read in several ways."""
    return {layout for key in keys for layout in (FLAT, *_OTHERS) if layout.is_of(key)}


def days_around(names: Iterable[str]) -> set[date]:
    """Give the days from the one before to the one after those with which the names begin."""
    days = sorted(day for name in names if (day := day_of(name)) is not None)
    if not days:
        return set()
    between = (days[-1] - days[0]).days
    if between <= _MOST_DAYS:
        days = [days[0] + DAY * number for number in range(between + 1)]
    return {day + step * DAY for day in days for step in (-1, 0, 1)}


def day_of(name: str) -> date | None:
    """Give the day in a change file's name; None where there is none, or none with days around it."""
    try:
        day = datetime.strptime(name[:8], "%Y%m%d").date()  # noqa: DTZ007 - the zone is the DMS task's
    except ValueError:
        return None
    return day if date.min + _A_MONTH < day < date.max - _A_MONTH else None


@dataclass(frozen=True, slots=True, order=True)
class KeyRange:
    """The keys from a text on, up to another one."""

    start: str
    end: str

    @classmethod
    def below(cls, prefix: str) -> KeyRange:
        """Give the range of all keys that begin with a prefix."""
        return cls(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))

    def __contains__(self, key: str) -> bool:
        return self.start <= key < self.end


def ranges_of_days(folder: str, layouts: Iterable[DateLayout], days: Iterable[date]) -> list[KeyRange]:
    """Give the ranges of the change files of some days in a table's folder."""
    wanted = list(days)
    return [KeyRange.below(folder + prefix) for layout in layouts for day in wanted for prefix in layout.prefixes(day)]


def range_of_loads(folder: str) -> KeyRange:
    """Give the range of everything that begins with no digit: LOAD and SEGMENT files and the folders of segments."""
    return KeyRange(folder + _FIRST_LETTER, KeyRange.below(folder).end)


def merged(ranges: Iterable[KeyRange]) -> Sequence[KeyRange]:
    """Give disjoint ranges of the same keys in their order."""
    found: list[KeyRange] = []
    for each in sorted(ranges):
        if found and each.start <= found[-1].end:
            found[-1] = KeyRange(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found
