"""What is known of the load that a table holds, and of parts that were lost: nobody read them before they were gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from odp.file_processor.load_parts import (
    COPY_EVENT,
    SameContent,
    is_a_first_part,
    is_again,
    is_certainly_again,
    segment_of,
)
from odp.records import FileStatus, LandedFile, SkipReason
from odp.refresh import TableState

_UNREAD = (SkipReason.VANISHED, SkipReason.OVERWRITTEN)


@dataclass(frozen=True)
class LoadInTable:
    """The load that a table holds, as its state and the history of its parts tell."""

    state: TableState
    processed: Sequence[LandedFile]
    """Parts that are not pending any more."""
    same: SameContent

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its parts; none once a person has emptied the table, as what comes then is another load."""
        return frozenset() if self.is_emptied else self.state.load_keys

    @property
    def is_emptied(self) -> bool:
        """Whether a person emptied the table, and no load came since."""
        return bool(self._applied) and all(part.is_emptying for part in self._applied)

    @property
    def landed_since(self) -> list[LandedFile]:
        """The processed parts that are no older than the load, or than the moment at which the table was emptied."""
        return [part for part in self.processed if part.landing_order >= self.state.began]

    @cached_property
    def until(self) -> str:
        """When its last part landed."""
        return max((part.landed_at for part in self._applied), default="")

    @cached_property
    def segments(self) -> set[str]:
        """Its segments, those of lost parts included."""
        return {segment_of(key) for key in (*self.keys, *(part.key for part in self._lost))}

    @cached_property
    def lost_before(self) -> list[LandedFile]:
        """First parts that were never applied, while no load is in the table; they tell the loads after them apart."""
        if self.keys:
            return []
        skipped = (part for part in self.landed_since if part.status is FileStatus.SKIPPED and not part.is_emptying)
        first = (part for part in skipped if is_a_first_part(part) and part.status_reason != SkipReason.COPY)
        return [replace(part, approved=False) for part in first]

    def lacks(self, part: LandedFile) -> bool:
        """Whether this is one of its parts that were lost, restored as it was."""
        return any(is_certainly_again(part, lost, self.same) for lost in self._lost)

    def has_lost(self, part: LandedFile) -> bool:
        """Whether a part of this name was lost, whatever its content."""
        return any(part.key == lost.key for lost in self._lost)

    def has_another(self, part: LandedFile) -> bool:
        """Whether it has or had a part of this name, and not certainly with this content."""
        if part.key not in self.keys and not self.has_lost(part):
            return False
        return not any(is_certainly_again(part, other, self.same) for other in (*self._applied, *self._lost))

    def is_copy_of_dismissed(self, part: LandedFile) -> bool:
        """Whether somebody copied a part that a person dismissed, or may have: the content of that may be gone."""
        return part.event_reason == COPY_EVENT and self.is_dismissed_again(part)

    def is_dismissed_again(self, part: LandedFile) -> bool:
        """Whether a part has the content of one that a person dismissed, or may have."""
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
        """Its parts that were lost, and when the next load began whose first part was lost, too.

        After a first part that was lost and is applied from another version, nobody knows whether a lost part belongs
        to this load or to one that DMS gave up: it counts for neither.
        """
        applied = {part.key: part for part in self._applied}
        lost = {part.key: part for part in self._lost_before_it_began}
        is_ours = True
        for part in (part for part in self._unread if part.landing_order >= self.state.began):
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
        """Of a table's first load, its first part, if that was lost before all others landed.

        A load begins with its first segment. So what lacks that one has lost it, however long before, while any later
        segment that was lost before is of an earlier load.
        """
        if not self._applied or len(self._applied) < len(self._ever_applied) or self._is_approved:
            return []
        began = min((_segment_order(part) for part in self._applied if is_a_first_part(part)), default=None)
        has_segments = {bool(part.segment) for part in self._applied}
        return [
            part
            for part in self._unread
            if is_a_first_part(part)
            and part.landing_order < self.state.began
            and has_segments == {bool(part.segment)}
            and (began is None or _segment_order(part) < began)
        ]

    @property
    def _is_approved(self) -> bool:
        """Whether a person decided what it is, parts included that the next commits apply."""
        return any(part.approved for part in self._applied)

    @cached_property
    def _applied(self) -> list[LandedFile]:
        return [part for part in self._ever_applied if part.generation == self.state.generation]

    @cached_property
    def _ever_applied(self) -> list[LandedFile]:
        return [part for part in self.processed if part.status is FileStatus.APPLIED or is_in_doubt(part)]

    @cached_property
    def _dismissed(self) -> dict[str, list[LandedFile]]:
        """What a person dismissed, by key: a load may have thousands of parts, and each is compared with its own."""
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
    """Whether a commit has read either this part of its load or what DMS overwrote it with."""
    return part.status_reason == SkipReason.OVERWRITTEN_AMID


def _segment_order(part: LandedFile) -> tuple[int, str]:
    return len(part.segment), part.segment


def _is_earlier_or_again(part: LandedFile, known: LandedFile, same: SameContent) -> bool:
    return part.landing_order < known.landing_order or is_certainly_again(part, known, same)
