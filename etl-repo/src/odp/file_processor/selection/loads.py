"""Divides the parts of a table into full loads.

DMS does not say which load a part belongs to. It numbers the parts of each segment from 1 and begins every load with
part 1. So a repeated part 1 begins another load. Changes do not separate loads, because a second task may write them
between two parts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from odp.file_processor.selection.load_in_table import (
    SETTLES_AFTER,
    LoadInTable,
    SameContent,
    count_missing,
    is_a_first_part,
    is_certainly_again,
    landed_at,
    may_precede,
    missing_names,
    part_name,
    second_of,
    segment_of,
)
from odp.records import FileStatus, LandedFile, SkipReason
from odp.refresh import TableState


@dataclass(frozen=True, slots=True)
class Load:
    """One full load that will replace a table: its readable parts, and every version of every part.

    Versions are in the order of landing.
    """

    parts: tuple[LandedFile, ...]
    versions: tuple[LandedFile, ...]

    @property
    def load_id(self) -> str:
        """The id of the first landed part."""
        return self.parts[0].file_id

    @property
    def landing_order(self) -> str:
        """The landing order of the first part."""
        return self.versions[0].landing_order

    @property
    def is_approved(self) -> bool:
        """Whether a person approved it."""
        return any(part.approved for part in self.parts)

    @property
    def is_held(self) -> bool:
        """Whether all of it waits for a person."""
        return all(part.status is FileStatus.HELD for part in self.parts)

    def is_settled(self, now: datetime) -> bool:
        """Whether no part came for a while."""
        return all(is_settled(part, now) for part in self.parts)

    @property
    def missing(self) -> int:
        """The number of missing parts between the existing ones; one name may imply millions."""
        return sum(count_missing(parts) for parts in self._segments().values())

    @property
    def missing_names(self) -> Iterator[str]:
        """The names of the missing parts, one by one, so a caller that shows some does not create all."""
        return (name for parts in self._segments().values() for name in missing_names(parts))

    @property
    def last_parts(self) -> list[LandedFile]:
        """The last part of each segment; the load may be complete without it."""
        return [max(parts, key=lambda part: part.part_number) for parts in self._segments().values()]

    def _segments(self) -> dict[str, list[LandedFile]]:
        segments: dict[str, list[LandedFile]] = {}
        for part in self.parts:
            segments.setdefault(part.segment, []).append(part)
        return segments


@dataclass(frozen=True, slots=True)
class PendingLoads:
    """The pending parts of a table by load: the present load, its replacement, loads between them.

    `present_landing_order` belongs to the present load's first version. `repeated` are parts of the present load that
    were uploaded again without its first part, or that came long after it. `ended` parts landed before the present
    load. For the pending loads between the present one and the reload, `given_up` has the readable parts and `earlier`
    every version.
    """

    present: tuple[LandedFile, ...] = ()
    present_landing_order: str = ""
    reload: Load | None = None
    ended: tuple[LandedFile, ...] = ()
    given_up: tuple[LandedFile, ...] = ()
    repeated: tuple[LandedFile, ...] = ()
    earlier: tuple[tuple[LandedFile, ...], ...] = ()


def divide_loads(versions: Sequence[LandedFile], unreadable: Container[str], in_table: LoadInTable) -> PendingLoads:
    """Divide a table's pending parts by load; parts of a first load belong to the present load.

    Without a load in the table, lost parts separate loads, too.

    Args:
        versions: every pending version of every part; older ones separate loads.
        unreadable: the ids of versions that were overwritten or deleted.
        in_table: the load that the table holds.
    """
    state = in_table.state
    lost = in_table.lost_before
    cannot_be_read = {
        *(part.file_id for part in lost),
        *(part.file_id for part in versions if part.file_id in unreadable),
    }
    ordered = _in_landing_order([*versions, *lost], cannot_be_read, in_table.keys)
    ended = [part for part in ordered if has_ended(part, state)]
    current = [part for part in ordered if not has_ended(part, state)]
    present, repeated, loads = _in_order(current, cannot_be_read, in_table)
    loads = [pending for load in loads if (pending := [part for part in load if not _is_lost(part)])]
    if loads and state.generation == 0:
        present, *loads = loads

    def readable(parts: Iterable[LandedFile]) -> tuple[LandedFile, ...]:
        return tuple(part for part in parts if part.file_id not in cannot_be_read)

    while loads and not readable(loads[-1]):  # written over or deleted as a whole
        loads.pop()
    parts = readable(loads[-1]) if loads else ()
    # a held part may belong to another load; an approved one then sets the load's beginning
    dating = [part for part in present if part.status is not FileStatus.HELD]
    before = [present, *loads[:-1]] if state.generation == 0 else loads[:-1]
    return PendingLoads(
        present=readable(present),
        present_landing_order=dating[0].landing_order if readable(dating) else "",
        reload=Load(parts, tuple(loads[-1])) if parts else None,
        ended=readable(ended),
        given_up=readable(part for load in loads[:-1] for part in load),
        repeated=readable(repeated),
        earlier=tuple(map(tuple, before)) if parts else (),
    )


def _in_landing_order(
    versions: Sequence[LandedFile], unreadable: Container[str], known: Container[str]
) -> list[LandedFile]:
    """Sort versions in landing order; an overwritten version landed before the readable one.

    A listing has times to the second only, so among parts of one second the one that begins a load comes first.
    """
    newest = {part.key: part.landing_order for part in versions if part.file_id not in unreadable}

    def landed(part: LandedFile) -> tuple[str, bool, bool, str, bool, str]:
        moment = min(part.landing_order, newest.get(part.key, part.landing_order))
        is_readable = part.file_id not in unreadable
        is_later = part.part_number != 1
        return moment.partition("/")[0], is_later, part.key not in known, moment, is_readable, part.file_id

    return sorted(versions, key=landed)


def _in_order(
    parts: Sequence[LandedFile], unreadable: Container[str], in_table: LoadInTable
) -> tuple[list[LandedFile], list[LandedFile], list[list[LandedFile]]]:
    """Divide parts into the present load, its repeated parts, and the loads after it.

    Approved parts are one load if they include all parts of the table, or a first part of a known segment. Otherwise
    they belong to the present load. An approved part counts as any other once no version of it is readable, or another
    content has overwritten it.
    """
    present: list[LandedFile] = []
    repeated: list[LandedFile] = []
    loads: list[list[LandedFile]] = []
    approved: list[LandedFile] = []
    there = {part.key: part for part in parts if part.approved and part.file_id not in unreadable}
    lapsed = set(_lapsed(parts, there, in_table.same))
    all_approved = [part for part in parts if part.approved and part.file_id not in lapsed]
    restored = _restored(parts, in_table)
    out_of_turn = _out_of_turn(parts, in_table)
    is_whole = in_table.keys <= {part.key for part in all_approved}
    is_reload = is_whole or any(_replaces(part, restored, in_table) for part in all_approved)
    for part in parts:
        if part.approved and part.file_id not in lapsed and part.key in there:
            (approved if is_reload else present).append(part)
            continue
        is_dismissed = part.file_id in out_of_turn or in_table.is_copy_of_dismissed(part)
        if is_dismissed and not in_table.keys:
            repeated.append(part)
            continue
        is_late = not loads and (_is_late(part, present, in_table) or in_table.has_lost_a_load_before(part))
        if (
            _begins_another(part, loads[-1], unreadable, in_table.same)
            if loads
            else _begins_a_reload(part, present, restored, in_table, is_late=is_late)
        ):
            loads.append([part])
        elif loads:
            loads[-1].append(part)
        elif part.key in in_table.keys or is_late or is_dismissed:
            repeated.append(part)
        else:
            present.append(part)
    if approved:
        loads = sorted([*loads, approved], key=lambda load: load[0].landing_order)
    return present, repeated, loads


def is_settled(part: LandedFile, now: datetime) -> bool:
    """Whether a part landed a while ago."""
    return now - landed_at(part) >= SETTLES_AFTER


def _lapsed(parts: Sequence[LandedFile], there: Mapping[str, LandedFile], same: SameContent) -> Iterator[str]:
    """The ids of approved parts of a load before the approved one: another version or content followed."""
    others: dict[str, str] = {}
    for part in reversed(parts):
        newest = there.get(part.key, part)
        if not part.approved:
            others[part.key] = part.landing_order
        elif newest is not part and (others.get(part.key, "~") < newest.landing_order or same(newest, part) is False):
            yield part.file_id


def _restored(parts: Sequence[LandedFile], in_table: LoadInTable) -> frozenset[str]:
    """The ids of lost parts that came again with the same content, and do not begin a reload.

    A reload with the same beginning as the load in the table shows by its later parts, whose content differs.
    """
    again = [part for part in parts if in_table.lacks(part)]
    since = min((second_of(part) for part in again if is_a_first_part(part)), default=None)
    later = [] if since is None else [part for part in parts if second_of(part) >= since]
    until = max((second_of(part) for part in later if in_table.has_another(part)), default="")
    return frozenset(part.file_id for part in again if not (is_a_first_part(part) and second_of(part) <= until))


def _out_of_turn(parts: Sequence[LandedFile], in_table: LoadInTable) -> set[str]:
    """The ids of parts with the content of dismissed ones that came without the part before them.

    DMS may write a part again with the same content, but only after the part before it.
    """
    again = [part for part in parts if part.part_number > 1 and in_table.is_dismissed_again(part)]
    ids = {part.file_id for part in again}
    there = {*in_table.keys, *(part.key for part in parts if part.file_id not in ids)}
    alone: set[str] = set()
    for part in sorted(again, key=lambda part: part.part_number):
        if part_name(segment_of(part.key), part.part_number - 1) in there:
            there.add(part.key)
        else:
            alone.add(part.file_id)
    return alone


def _replaces(part: LandedFile, restored: Container[str], in_table: LoadInTable) -> bool:
    is_late = _is_late(part, (), in_table)
    return part.file_id not in restored and _begins_a_reload(part, (), restored, in_table, is_late=is_late)


def _begins_another(
    part: LandedFile, load: Sequence[LandedFile], unreadable: Container[str], same: SameContent
) -> bool:
    """Whether a part begins another load; a lost part that was uploaded again with the same content does not."""
    if not is_a_first_part(part):
        return False
    if all(other.file_id in unreadable and _is_over_before(other, part) for other in load):
        return True
    others = (other for other in load if part.key == other.key)
    if any(not (_is_lost(other) and is_certainly_again(part, other, same)) for other in others):
        return True
    return _is_laid_out_otherwise(part, {segment_of(other.key) for other in load})


def _is_lost(part: LandedFile) -> bool:
    return part.status is FileStatus.SKIPPED


def _is_over_before(other: LandedFile, part: LandedFile) -> bool:
    """Whether an unreadable part landed long before another one, and is not a lost part of a first load."""
    was_lost_unread = _is_lost(other) and other.status_reason != SkipReason.DISMISSED
    return not was_lost_unread and not may_precede(other, part)


def _begins_a_reload(
    part: LandedFile,
    present: Sequence[LandedFile],
    restored: Container[str],
    in_table: LoadInTable,
    *,
    is_late: bool,
) -> bool:
    known = {*in_table.keys, *(other.key for other in present)}
    if not known:
        return True
    if not is_a_first_part(part):
        return False
    segments = in_table.segments | set(map(segment_of, known))
    has_lost_another = in_table.has_lost(part) and part.file_id not in restored
    is_another = part.key in known or has_lost_another or _is_laid_out_otherwise(part, segments)
    return is_another or (is_late and segment_of(part.key) in segments)


def _is_laid_out_otherwise(part: LandedFile, segments: Container[str]) -> bool:
    """Whether only one of a part and a load has segments: DMS's parallel load was switched on or off."""
    folder = segment_of(part.key).removesuffix(part.segment)
    return (folder in segments) == bool(part.segment)


def _is_late(part: LandedFile, present: Sequence[LandedFile], in_table: LoadInTable) -> bool:
    """Whether a part landed so long after the table's load that it may belong to another one."""
    until = max((other.landed_at for other in present), default="") or in_table.until
    return bool(until) and landed_at(part) - datetime.fromisoformat(until) >= SETTLES_AFTER


def has_ended(part: LandedFile, state: TableState) -> bool:
    """Whether a part landed before the present load began, and so belongs to an earlier one."""
    if part.landing_order >= state.load_landing_order:
        return False
    return state.generation > 1 or part.key in state.load_keys
