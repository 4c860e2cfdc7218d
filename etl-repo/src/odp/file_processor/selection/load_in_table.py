"""Facts of the parts of full loads, and of the load that a table holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from odp.records import FileStatus, LandedFile, SkipReason
from odp.refresh import TableState

# Facts of single parts of full loads: number, segment, landing time, repeated content.


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


# The load in a table, and its lost parts: parts that were gone before anybody read them.


_UNREAD = (SkipReason.VANISHED, SkipReason.OVERWRITTEN)


@dataclass(frozen=True)
class LoadInTable:
    """The load in a table, by the table's state and the history of its parts."""

    state: TableState
    processed: Sequence[LandedFile]
    """Parts that are not pending any more."""
    same: SameContent

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its parts; none after a person emptied the table, because then another load begins."""
        return frozenset() if self.is_emptied else self.state.load_keys

    @property
    def is_emptied(self) -> bool:
        """Whether a person emptied the table, and no load came afterwards."""
        return bool(self._applied) and all(part.is_emptying for part in self._applied)

    @property
    def landed_since(self) -> list[LandedFile]:
        """The processed parts since the load began, or since the table was emptied."""
        return [part for part in self.processed if part.landing_order >= self.state.load_landing_order]

    @cached_property
    def until(self) -> str:
        """The landing time of its last part."""
        return max((part.landed_at for part in self._applied), default="")

    @cached_property
    def segments(self) -> set[str]:
        """Its segments, lost parts included."""
        return {segment_of(key) for key in (*self.keys, *(part.key for part in self._lost))}

    @cached_property
    def lost_before(self) -> list[LandedFile]:
        """First parts that were never applied, while no load is in the table; they separate the loads after them."""
        if self.keys:
            return []
        skipped = (part for part in self.landed_since if part.status is FileStatus.SKIPPED and not part.is_emptying)
        first = (part for part in skipped if is_a_first_part(part) and part.status_reason != SkipReason.COPY)
        return [replace(part, approved=False) for part in first]

    def lacks(self, part: LandedFile) -> bool:
        """Whether this is one of its lost parts, restored with the same content."""
        return any(is_certainly_again(part, lost, self.same) for lost in self._lost)

    def has_lost(self, part: LandedFile) -> bool:
        """Whether a part of this name was lost, with any content."""
        return any(part.key == lost.key for lost in self._lost)

    def has_another(self, part: LandedFile) -> bool:
        """Whether it has or had a part of this name that may have another content."""
        if part.key not in self.keys and not self.has_lost(part):
            return False
        return not any(is_certainly_again(part, other, self.same) for other in (*self._applied, *self._lost))

    def is_copy_of_dismissed(self, part: LandedFile) -> bool:
        """Whether somebody copied, or may have copied, a dismissed part; its content may be gone."""
        return part.event_reason == COPY_EVENT and self.is_dismissed_again(part)

    def is_dismissed_again(self, part: LandedFile) -> bool:
        """Whether a part has, or may have, the content of a dismissed one."""
        return any(is_again(part, other, self.same) for other in self._dismissed.get(part.key, ()))

    def has_lost_a_load_before(self, part: LandedFile) -> bool:
        """Whether another load began before this part, and its first part was lost."""
        return bool(self._next_began) and part.landing_order > self._next_began

    @property
    def _lost(self) -> list[LandedFile]:
        return self._lost_parts[0]

    @property
    def _next_began(self) -> str:
        return self._lost_parts[1]

    @cached_property
    def _lost_parts(self) -> tuple[list[LandedFile], str]:
        """Its lost parts, and the beginning of the next load whose first part was lost, too.

        If the first part was lost and another version of it was applied, a lost part may belong to this load or to an
        abandoned one. It counts for neither.
        """
        applied = {part.key: part for part in self._applied}
        lost = {part.key: part for part in self._lost_before_it_began}
        is_ours = True
        for part in (part for part in self._unread if part.landing_order >= self.state.load_landing_order):
            known = applied.get(part.key) or lost.get(part.key)
            if part.key not in self.keys and known is None:
                lost |= {part.key: part} if is_ours else {}
            elif is_a_first_part(part) and known and _is_earlier_or_again(part, known, self.same):
                is_ours = False
            elif is_a_first_part(part):
                return list(lost.values()), part.landing_order
        return list(lost.values()), ""

    @cached_property
    def _lost_before_it_began(self) -> list[LandedFile]:
        """The first part of a table's first load, if it was lost before all others landed.

        A load begins with its first segment. So a load without it has lost it, at any time before. A later segment that
        was lost before belongs to an earlier load.
        """
        if not self._applied or len(self._applied) < len(self._ever_applied) or self._is_approved:
            return []
        first = min((_segment_order(part) for part in self._applied if is_a_first_part(part)), default=None)
        has_segments = {bool(part.segment) for part in self._applied}
        return [
            part
            for part in self._unread
            if is_a_first_part(part)
            and part.landing_order < self.state.load_landing_order
            and has_segments == {bool(part.segment)}
            and (first is None or _segment_order(part) < first)
        ]

    @property
    def _is_approved(self) -> bool:
        """Whether a person decided about it, including parts that the next commits apply."""
        return any(part.approved for part in self._applied)

    @cached_property
    def _applied(self) -> list[LandedFile]:
        return [part for part in self._ever_applied if part.generation == self.state.generation]

    @cached_property
    def _ever_applied(self) -> list[LandedFile]:
        return [part for part in self.processed if part.status is FileStatus.APPLIED or is_in_doubt(part)]

    @cached_property
    def _dismissed(self) -> dict[str, list[LandedFile]]:
        """The dismissed parts by key: a load may have thousands of parts, and each is compared with its own."""
        found: dict[str, list[LandedFile]] = {}
        for part in self.processed:
            if part.status_reason == SkipReason.DISMISSED:
                found.setdefault(part.key, []).append(part)
        return found

    @cached_property
    def _unread(self) -> list[LandedFile]:
        reasons = (SkipReason.VANISHED,) if self._is_approved else _UNREAD
        unread = (part for part in self.processed if part.status_reason in reasons)
        return sorted(unread, key=lambda part: part.landing_order) if self.keys else []


def is_in_doubt(part: LandedFile) -> bool:
    """Whether it is unknown which version of this part a commit has read: DMS overwrote it meanwhile."""
    return part.status_reason == SkipReason.OVERWRITTEN_AMID


def _segment_order(part: LandedFile) -> tuple[int, str]:
    return len(part.segment), part.segment


def _is_earlier_or_again(part: LandedFile, known: LandedFile, same: SameContent) -> bool:
    return part.landing_order < known.landing_order or is_certainly_again(part, known, same)
