"""Parses times that the tables can store; anything else becomes NULL and does not stop the run.

Spark's parser accepts years of any length. Python and Athena cannot read a year beyond 9999 or before 1, and a year
beyond 294247 overflows, which stops the run. So the length of the year is checked first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column

_YEARS = ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999")
_DAYS = ("0001-01-01", "9999-12-31")
_FIXED_LENGTH = re.compile(r"(?:yyyy|MM|dd|HH|mm|ss|[^A-Za-z'\[\]])+")
_PART = re.compile(r"'(?P<text>[^']*)'|(?P<year>[yu]+)|(?P<other>[A-Za-z])(?P=other)*|(?P<mark>.)", re.DOTALL)


def from_text(text: Column, format_: str) -> Column:
    """Parse text by one format; NULL if it does not fit, or the year is not 1 to 9999."""
    return within_years(F.when(_has_short_year(text, format_), F.to_timestamp(text, format_)))


def within_years(instant: Column) -> Column:
    """Keep an instant that every reader of the tables can read."""
    first, last = (F.lit(bound).cast("timestamp") for bound in _YEARS)
    return F.when(instant.between(first, last), instant)


def from_date(day: Column) -> Column:
    """Return the beginning of a day; a day far beyond would overflow as an instant."""
    first, last = (F.lit(bound).cast("date") for bound in _DAYS)
    return F.when(day.between(first, last), day.cast("timestamp"))


def _has_short_year(text: Column, format_: str) -> Column:
    if _FIXED_LENGTH.fullmatch(format_):  # the cheap way, for the most common format
        return F.length(text) == len(format_)
    return text.rlike(year_pattern(format_))


def year_pattern(format_: str) -> str:
    """Return a regular expression for texts of a format whose years have no sign and at most four digits."""
    return f"^{''.join(_pattern_of(part) for part in _PART.finditer(format_))}$"


def _pattern_of(part: re.Match[str]) -> str:
    if part["year"]:
        return "[0-9]{1,4}"
    if part["other"]:
        return ".+?"
    if part["mark"] in ("[", "]"):
        return {"[": "(?:", "]": ")?"}[part["mark"]]
    return re.escape(part["mark"] or part["text"] or "'")
