"""Tells the full loads of a table apart, and whether one is whole, or looks like an accident.

DMS does not say which load a part belongs to. It numbers the parts of each segment from 1 and begins every load with
part 1, so the same part 1 again begins another load. Changes say nothing about loads: a second task may write them
between two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odp.records import FileStatus, LandedFile
from odp.refreshes import TableState

SETTLES_AFTER = timedelta(minutes=15)
"""A load is over when no part came for this long."""
COPY_EVENT = "CopyObject"
"""What S3 says of an object that was copied; DMS never copies."""

SameContent = Callable[[LandedFile, LandedFile], bool]
"""Whether two versions of one object have the same content; in doubt they have."""


@dataclass(frozen=True, slots=True)
class Load:
    """One full load that is to replace a table: the parts that can be read, and every version of every part.

    Versions are in the order of landing.
    """

    parts: tuple[LandedFile, ...]
    versions: tuple[LandedFile, ...]

    @property
    def load_id(self) -> str:
        """The id of the part that landed first."""
        return self.parts[0].file_id

    @property
    def began(self) -> str:
        """The moment at which the first part landed."""
        return self.versions[0].moment

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
    def missing(self) -> list[str]:
        """The names of the parts between those that are there."""
        return [name for parts in self._segments().values() for name in _missing(parts)]

    def may_do_without(self, part: LandedFile) -> bool:
        """Whether a part ends its segment or was written twice, so that the load may be whole without this version."""
        is_twice = sum(version.key == part.key for version in self.versions) > 1
        return is_twice or part == max(self._segments()[part.segment], key=lambda other: other.part_number)

    def _segments(self) -> dict[str, list[LandedFile]]:
        segments: dict[str, list[LandedFile]] = {}
        for part in self.parts:
            segments.setdefault(part.segment, []).append(part)
        return segments


@dataclass(frozen=True, slots=True)
class PendingLoads:
    """The pending parts of a table: of its present load, of the load that replaces it, of loads before that.

    `present_began` is when the first version of a part of the present load landed. `repeated` are parts of the present
    load that were uploaded again without its first part, or parts that came long after it. `ended` parts landed
    before the present load. `given_up` has the readable parts, `earlier` every version, of the pending loads between
    the present one and the reload.
    """

    present: tuple[LandedFile, ...] = ()
    present_began: str = ""
    reload: Load | None = None
    ended: tuple[LandedFile, ...] = ()
    given_up: tuple[LandedFile, ...] = ()
    repeated: tuple[LandedFile, ...] = ()
    earlier: tuple[tuple[LandedFile, ...], ...] = ()


def divide_loads(
    versions: Iterable[LandedFile], unreadable: Container[str], state: TableState, present_until: Callable[[], str]
) -> PendingLoads:
    """Divide a table's pending parts by load.

    Args:
        versions: every pending version of every part; older ones tell loads apart.
        unreadable: the ids of versions that were overwritten or deleted.
        state: what the table holds. The parts of a first load are the present load's, they are applied as they come.
        present_until: when the last part of the load in the table landed.
    """
    ordered = _in_landing_order(list(versions), unreadable, state.load_keys)
    ended = [part for part in ordered if _has_ended(part, state)]
    present, repeated, loads = _in_order(
        [part for part in ordered if not _has_ended(part, state)], state, present_until
    )
    if loads and state.generation == 0:
        present, *loads = loads

    def readable(parts: Iterable[LandedFile]) -> tuple[LandedFile, ...]:
        return tuple(part for part in parts if part.file_id not in unreadable)

    while loads and not readable(loads[-1]):  # written over or deleted as a whole
        loads.pop()
    parts = readable(loads[-1]) if loads else ()
    before = [present, *loads[:-1]] if state.generation == 0 else loads[:-1]
    return PendingLoads(
        present=readable(present),
        present_began=present[0].moment if readable(present) else "",
        reload=Load(parts, tuple(loads[-1])) if parts else None,
        ended=readable(ended),
        given_up=readable(part for load in loads[:-1] for part in load),
        repeated=readable(repeated),
        earlier=tuple(map(tuple, before)) if parts else (),
    )


def versions_of(loads: PendingLoads, skipped: Sequence[LandedFile], same: SameContent) -> tuple[LandedFile, ...]:
    """Give all versions of a reload's parts.

    Where its parts are those of the load before it, written again as they were, it is that load: an operator copied it
    or uploaded it again. DMS writes no changes between a load that it gives up and the next one. `skipped` are parts
    that were overwritten while the reload waited.
    """
    load = loads.reload
    assert load is not None  # noqa: S101 - asked for pending reloads only
    versions = load.versions
    again = {part.key: part for part in load.parts}
    for earlier in (*reversed(loads.earlier), [part for part in skipped if part.key in again]):
        repeated = [part for part in earlier if part.key in again]
        if not repeated or not all(is_again(again[part.key], part, same) for part in repeated):
            break
        again = {part.key: part for part in earlier} | again
        versions = (*earlier, *versions)
    return versions


def suspicion(
    loads: PendingLoads,
    state: TableState,
    versions: Sequence[LandedFile],
    known: Sequence[LandedFile],
    same: SameContent,
) -> str:
    """Say why a reload looks like an accident; empty if it does not.

    Args:
        loads: the pending loads.
        state: what the table holds.
        versions: all versions of the reload's parts.
        known: parts of other loads.
        same: compares contents.
    """
    load = loads.reload
    assert load is not None  # noqa: S101 - asked for pending reloads only
    copied = [part for part in load.parts if part.event_reason == COPY_EVENT]
    if not all(any(other != part and is_again(part, other, same) for other in versions) for part in copied):
        return "its objects were copied; DMS writes each part itself"
    return _incompleteness(loads, load, state) or _sameness(load, state, known, same)


def _incompleteness(loads: PendingLoads, load: Load, state: TableState) -> str:
    if any(may_precede(part, load.versions[0]) for part in loads.repeated):
        return "other parts of the table came just before its first part, and may belong to it"
    if missing := load.missing:
        return f"{len(missing)} of its parts never came ({_some(missing)})"
    before = {part.key for earlier in (loads.present, *loads.earlier) for part in earlier}
    if not_again := sorted((state.load_keys | before) - {part.key for part in load.parts}):
        names = [key.rsplit("/", 1)[-1] for key in not_again]
        return f"{len(names)} parts of the load that it replaces were not written again ({_some(names)})"
    return ""


def _sameness(load: Load, state: TableState, known: Sequence[LandedFile], same: SameContent) -> str:
    again = [part for part in load.parts if any(is_again(part, file, same) for file in known)]
    if again and all(part in again for part in load.parts if part.key in state.load_keys or not state.load_keys):
        return "its parts have the same content as parts that landed before"
    if load.parts[0] in again and load.parts[0].segment:
        return f"it begins with a segment as it was before ({load.parts[0].name}), which may be no part of it"
    if stray := [part for part in again if load.may_do_without(part)]:
        return f"a part has the same content as one that landed before ({stray[0].name}), and may be no part of it"
    return ""


def _in_landing_order(
    versions: Sequence[LandedFile], unreadable: Container[str], known: Container[str]
) -> list[LandedFile]:
    """Sort versions by moment; one that was overwritten landed before the version that can be read.

    A listing tells moments to the second only, so of parts of one second the one that begins a load comes first.
    """
    newest = {part.key: part.moment for part in versions if part.file_id not in unreadable}

    def landed(part: LandedFile) -> tuple[str, bool, bool, str, bool, str]:
        moment = min(part.moment, newest.get(part.key, part.moment))
        is_readable = part.file_id not in unreadable
        is_later = part.part_number != 1
        return moment.partition("/")[0], is_later, part.key not in known, moment, is_readable, part.file_id

    return sorted(versions, key=landed)


def _in_order(
    parts: Sequence[LandedFile], state: TableState, present_until: Callable[[], str]
) -> tuple[list[LandedFile], list[LandedFile], list[list[LandedFile]]]:
    """Give the parts of the present load, its repeated parts, and the loads after it.

    What a person approved is one load if it has a first part of a known segment, and belongs to the present one if not.
    """
    present: list[LandedFile] = []
    repeated: list[LandedFile] = []
    loads: list[list[LandedFile]] = []
    approved = [part for part in parts if part.approved]
    segments = set(map(_segment, state.load_keys))
    is_reload = not state.load_keys or any(
        part.part_number == 1 and _segment(part.key) in segments for part in approved
    )
    for part in parts:
        if part.approved:
            present += [] if is_reload else [part]
            continue
        is_late = not loads and _is_late(part, present, present_until)
        if _begins_another(part, loads[-1] if loads else present, () if loads else state.load_keys, is_late=is_late):
            loads.append([part])
        elif loads:
            loads[-1].append(part)
        elif part.key in state.load_keys or is_late:
            repeated.append(part)
        else:
            present.append(part)
    if approved and is_reload:
        loads = sorted([*loads, approved], key=lambda load: load[0].moment)
    return present, repeated, loads


def is_settled(part: LandedFile, now: datetime) -> bool:
    """Whether a part came a while ago."""
    return now - _landed(part) >= SETTLES_AFTER


def _begins_another(part: LandedFile, load: Sequence[LandedFile], keys: Iterable[str], *, is_late: bool) -> bool:
    known = {*keys, *(other.key for other in load)}
    if not known:
        return True
    if part.part_number != 1 or part.event_reason == COPY_EVENT:
        return False
    return part.key in known or (is_late and _segment(part.key) in set(map(_segment, known)))


def _is_late(part: LandedFile, present: Sequence[LandedFile], present_until: Callable[[], str]) -> bool:
    """Whether a part landed so long after the last one of the load in the table that it may be of another."""
    until = max((other.landed_at for other in present), default="") or present_until()
    return bool(until) and _landed(part) - datetime.fromisoformat(until) >= SETTLES_AFTER


def _segment(key: str) -> str:
    """What the keys of the parts of one segment have in common."""
    return key.rpartition("LOAD")[0]


def may_precede(part: LandedFile, first: LandedFile) -> bool:
    """Whether a part landed so shortly before another one that both may be of one load."""
    return timedelta() <= _landed(first) - _landed(part) < SETTLES_AFTER


def _has_ended(part: LandedFile, state: TableState) -> bool:
    """A part that landed before the present load began is of an earlier one, if there was any."""
    if part.moment >= state.began:
        return False
    return state.generation > 1 or part.key in state.load_keys


def is_again(part: LandedFile, earlier: LandedFile, same: SameContent) -> bool:
    """Whether a version has the content of an earlier version of the same object."""
    return part.key == earlier.key and part.size == earlier.size and same(part, earlier)


def _landed(part: LandedFile) -> datetime:
    return datetime.fromisoformat(part.landed_at)


def _missing(parts: Sequence[LandedFile]) -> Iterator[str]:
    names = {part.part_number: part.name for part in parts}
    prefix = parts[0].name.rpartition("LOAD")[0]
    return (f"{prefix}LOAD{number:08X}.parquet" for number in range(1, max(names)) if number not in names)


def _some(names: Sequence[str]) -> str:
    shown = 5
    return ", ".join([*names[:shown], *(["…"] if len(names) > shown else [])])
