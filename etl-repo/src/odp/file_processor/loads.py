"""Tells the full loads of a table apart, and whether one is whole, or looks like an accident.

DMS does not say which load a part belongs to. It numbers the parts of each segment from 1 and begins every load with
part 1, so the same part 1 again begins another load. Changes say nothing about loads: a second task may write them
between two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odp.records import LandedFile
from odp.refreshes import TableState

SETTLES_AFTER = timedelta(minutes=15)
"""A load is over when no part came for this long."""
COPY_EVENT = "CopyObject"
"""What S3 says of an object that was copied; DMS never copies."""

SameContent = Callable[[LandedFile, LandedFile], bool]
"""Whether two versions of one object have the same content; in doubt they have."""


@dataclass(frozen=True, slots=True)
class Load:
    """One full load that is to replace a table: the newest version of each of its parts, in the order of landing."""

    parts: tuple[LandedFile, ...]

    @property
    def load_id(self) -> str:
        """The id of the part that landed first."""
        return self.parts[0].file_id

    @property
    def began(self) -> str:
        """The moment at which the first part landed."""
        return self.parts[0].moment

    @property
    def is_approved(self) -> bool:
        """Whether a person approved it."""
        return any(part.approved for part in self.parts)

    def is_settled(self, now: datetime) -> bool:
        """Whether no part came for a while."""
        return all(is_settled(part, now) for part in self.parts)

    @property
    def missing(self) -> list[str]:
        """The names of the parts between those that are there."""
        return [name for parts in self._segments().values() for name in _missing(parts)]

    def _segments(self) -> dict[str, list[LandedFile]]:
        segments: dict[str, list[LandedFile]] = {}
        for part in self.parts:
            segments.setdefault(part.segment, []).append(part)
        return segments


@dataclass(frozen=True, slots=True)
class PendingLoads:
    """The pending parts of a table: of its present load, of the load that replaces it, of loads that were given up.

    `repeated` are parts of the present load that were uploaded again without its first part; `replaced_parts` says how
    many parts the load has that the reload replaces.
    """

    present: tuple[LandedFile, ...] = ()
    reload: Load | None = None
    abandoned: tuple[LandedFile, ...] = ()
    repeated: tuple[LandedFile, ...] = ()
    replaced_parts: int = 0


def divide_loads(
    versions: Iterable[LandedFile], unreadable: Container[str], state: TableState, present_until: Callable[[], str]
) -> PendingLoads:
    """Divide a table's pending parts by load.

    Args:
        versions: every pending version of every part; older ones tell loads apart.
        unreadable: the ids of versions that were overwritten or deleted; they are in no load of the result.
        state: what the table holds. The parts of a first load are the present load's, they are applied as they come.
        present_until: when the last part of the load in the table landed.
    """
    ordered = sorted(versions, key=lambda part: (part.moment, part.file_id))
    ended = [part for part in ordered if _has_ended(part, state)]
    going_on = (part for part in ordered if not _has_ended(part, state))
    present, repeated, loads = _in_order(going_on, state, present_until)
    if loads and state.generation == 0:
        present, *loads = loads
    if loads:
        first = loads[0][0]
        joining = [part for part in repeated if _landed(first) - _landed(part) < SETTLES_AFTER]
        loads[0] = [*joining, *loads[0]]
        repeated = [part for part in repeated if part not in joining]

    def readable(parts: Iterable[LandedFile]) -> tuple[LandedFile, ...]:
        return tuple(part for part in parts if part.file_id not in unreadable)

    reload = readable(loads[-1]) if loads else ()
    earlier = len(loads[-2]) if len(loads) > 1 else len(present) if state.generation == 0 else 0
    return PendingLoads(
        present=readable(present),
        reload=Load(reload) if reload else None,
        abandoned=readable([*ended, *(part for load in loads[:-1] for part in load)]),
        repeated=readable(repeated),
        replaced_parts=max(len(state.load_keys), earlier),
    )


def _in_order(
    parts: Iterable[LandedFile], state: TableState, present_until: Callable[[], str]
) -> tuple[list[LandedFile], list[LandedFile], list[list[LandedFile]]]:
    """Give the parts of the present load, its repeated parts, and the loads after it."""
    present: list[LandedFile] = []
    repeated: list[LandedFile] = []
    loads: list[list[LandedFile]] = []
    for part in parts:
        if _begins_another(part, loads[-1] if loads else present, () if loads else state.load_keys, present_until):
            loads.append([part])
        elif loads:
            loads[-1].append(part)
        else:
            (repeated if part.key in state.load_keys and not part.approved else present).append(part)
    return present, repeated, loads


def suspicion(
    load: Load, replaced_parts: int, state: TableState, processed: Sequence[LandedFile], same: SameContent
) -> str:
    """Say why a load looks like an accident; empty if it does not."""
    if any(part.event_reason == COPY_EVENT for part in load.parts):
        return "its objects were copied; DMS writes each part itself"
    if missing := load.missing:
        return f"{len(missing)} of its parts never came ({_some(missing)})"
    if len(load.parts) < replaced_parts:
        return f"it has {len(load.parts)} parts, the load that it replaces has {replaced_parts}"
    if state.load_keys and state.load_keys.isdisjoint(part.key for part in load.parts):
        return "none of its parts is a part of the load in the table; it may be a late segment of that"
    if processed and all(any(is_again(part, file, same) for file in processed) for part in load.parts):
        return "every part has the same content as a part that landed before"
    return ""


def is_settled(part: LandedFile, now: datetime) -> bool:
    """Whether a part came a while ago."""
    return now - _landed(part) >= SETTLES_AFTER


def _begins_another(
    part: LandedFile, load: Sequence[LandedFile], keys: Iterable[str], present_until: Callable[[], str]
) -> bool:
    known = {*keys, *(other.key for other in load)}
    if not known:
        return True
    if part.part_number != 1 or (part.approved and part.key not in known):
        return False
    if part.key in known:
        return part.event_reason != COPY_EVENT
    until = max((other.landed_at for other in load), default="") or present_until()
    return bool(until) and _landed(part) - datetime.fromisoformat(until) >= SETTLES_AFTER


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
