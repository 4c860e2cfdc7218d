"""How a table is partitioned: by the values of a column, by its days, or by buckets of it, and the text of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Transform = Literal["identity", "day", "bucket"]
MOST_BUCKETS = 10_000

_DAY, _BUCKET = r"day\(\s*(?P<day>.+?)\s*\)", r"bucket\(\s*(?P<buckets>\d+)\s*,\s*(?P<bucket>.+?)\s*\)"
_BY = re.compile(f"{_DAY}|{_BUCKET}", re.DOTALL)
_CALL = re.compile(r"(?P<name>[A-Za-z_]+)\s*\(.*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition field: a column and what becomes of its values; its text is `column`, `day(column)` or a bucket."""

    column: str
    transform: Transform = "identity"
    buckets: int = 0

    def __str__(self) -> str:
        if self.transform == "bucket":
            return f"bucket({self.buckets}, {self.column})"
        return f"day({self.column})" if self.transform == "day" else self.column


def partition_of(text: str) -> Partition:
    """Read the text of a partition; the column is whatever the text has in its place.

    Raises:
        ValueError: the text names another transform, or no number of buckets that a table can have.
    """
    if (found := _BY.fullmatch(text)) is None:
        if called := _CALL.fullmatch(text):
            message = (
                f"{text!r}: {called['name']} is no way to partition a table; write a column, day(column) or "
                "bucket(number, column)"
            )
            raise ValueError(message)
        return Partition(text)
    if found["day"]:
        return Partition(found["day"], "day")
    if not 1 <= int(found["buckets"]) <= MOST_BUCKETS:
        message = f"{text!r}: a table has 1 to {MOST_BUCKETS:,} buckets"
        raise ValueError(message)
    return Partition(found["bucket"], "bucket", int(found["buckets"]))
