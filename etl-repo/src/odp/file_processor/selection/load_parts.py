"""Facts of single parts of full loads: number, segment, landing time, repeated content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from odp.records import LandedFile

SETTLES_AFTER = timedelta(minutes=15)
"""A load is complete when no part came for this long."""
COPY_EVENT = "CopyObject"
"""The operations of copied objects in S3's events; DMS never copies."""

SameContent = Callable[[LandedFile, LandedFile], bool | None]
"""Whether two versions of one object have the same content; None if one of them is gone."""


def is_a_first_part(part: LandedFile) -> bool:
    """Whether a part begins a load or a segment; an operator's copy does not."""
    return part.part_number == 1 and part.event_reason != COPY_EVENT


def second_of(part: LandedFile) -> str:
    """The landing second of a part; within a second the order of two keys is unknown."""
    return part.landing_order.partition("/")[0]


def landed_at(part: LandedFile) -> datetime:
    """The landing time of a part, as a time."""
    return datetime.fromisoformat(part.landed_at)


def may_precede(part: LandedFile, first: LandedFile) -> bool:
    """Whether a part landed shortly enough before another one that both may belong to one load."""
    return timedelta() <= landed_at(first) - landed_at(part) < SETTLES_AFTER


def segment_of(key: str) -> str:
    """The common prefix of the keys of one segment's parts."""
    return key.rpartition("LOAD")[0]


def part_name(prefix: str, number: int) -> str:
    """The name or key of a part of a segment."""
    return f"{prefix}LOAD{number:08X}.parquet"


def count_missing(parts: Sequence[LandedFile]) -> int:
    """Count the missing numbers among the given parts."""
    numbers = {part.part_number for part in parts if part.part_number > 0}
    return max(numbers, default=0) - len(numbers)


def missing_names(parts: Sequence[LandedFile]) -> Iterator[str]:
    """Name the missing parts among the given ones of one segment."""
    numbers = {part.part_number for part in parts}
    prefix = segment_of(parts[0].name)
    return (part_name(prefix, number) for number in range(1, max(numbers)) if number not in numbers)


def is_again(part: LandedFile, earlier: LandedFile, same: SameContent) -> bool:
    """Whether a version has, or may have, the content of an earlier version of the object; then it is held."""
    return part.key == earlier.key and part.size == earlier.size and same(part, earlier) is not False


def is_certainly_again(file: LandedFile, earlier: LandedFile, same: SameContent) -> bool:
    """Whether a version certainly has the content of an earlier version of the object."""
    return file.key == earlier.key and file.size == earlier.size and same(file, earlier) is True
