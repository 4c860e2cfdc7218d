"""Finds out why a reload looks like an accident: a copy, a restored folder, missing parts, parts of another load."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from odp.file_processor.selection.load_in_table import COPY_EVENT, SameContent, is_again, may_precede, second_of
from odp.file_processor.selection.loads import Load, PendingLoads
from odp.records import LandedFile
from odp.refresh import TableState

_SHOWN = 5


def versions_of(loads: PendingLoads, skipped: Sequence[LandedFile], same: SameContent) -> tuple[LandedFile, ...]:
    """Return all versions of a reload's parts.

    If its parts repeat the parts of the load before it, it is that load: an operator copied it or uploaded it again.
    DMS writes no changes between an abandoned load and the next one. `skipped` are parts that were overwritten while
    the reload waited.
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
    """Return the reason why a reload looks like an accident; empty if it does not.

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
    return (
        _incompleteness(loads, load, state) or _doubt(loads, load, state, known) or _sameness(load, state, known, same)
    )


def _incompleteness(loads: PendingLoads, load: Load, state: TableState) -> str:
    if any(may_precede(part, load.versions[0]) for part in loads.repeated):
        return "other parts of the table came just before its first part, and may belong to it"
    if missing := load.missing:
        return f"{missing} of its parts never came ({_some(tuple(islice(load.missing_names, _SHOWN + 1)))})"
    before = {part.key for earlier in (loads.present, *loads.earlier) for part in earlier}
    if not_again := sorted((state.load_keys | before) - {part.key for part in load.parts}):
        names = [key.rsplit("/", 1)[-1] for key in not_again]
        return f"{len(names)} parts of the load that it replaces were not written again ({_some(names)})"
    return ""


def _doubt(loads: PendingLoads, load: Load, state: TableState, known: Sequence[LandedFile]) -> str:
    """If several loads are pending, a load that begins with another segment may contain parts of the one before it.

    If an old first part of a segment is uploaded again during a load, the true one seems to begin another load. If
    several segments began a load in one second, nobody knows which one was the first.
    """
    in_table = [part for part in known if part.generation == state.generation > 0 and part.key in state.load_keys]
    parts = [*in_table, *(part for earlier in loads.earlier for part in earlier)]
    first = load.versions[0]
    began = min(map(second_of, parts), default="")
    if not loads.earlier or {part.segment for part in parts if second_of(part) == began} == {first.segment}:
        return ""
    return f"nobody knows where it begins: another load came just before, and not with {first.name}"


def _sameness(load: Load, state: TableState, known: Sequence[LandedFile], same: SameContent) -> str:
    again = [part for part in load.parts if any(is_again(part, file, same) for file in known)]
    if again and all(part in again for part in load.parts if part.key in state.load_keys or not state.load_keys):
        return "its parts have the same content as parts that landed before"
    first = load.parts[0]
    if first in again and first.segment:
        return f"it begins with a segment as it was before ({first.name}), which may be no part of it"
    last = load.last_parts
    stray = [part for part in again if part in last or _was_another(part, load, known, same)]
    if stray:
        return f"a part has the same content as one that landed before ({stray[0].name}), and may be no part of it"
    return ""


def _was_another(part: LandedFile, load: Load, known: Sequence[LandedFile], same: SameContent) -> bool:
    """Whether an old version overwrote another content, which may have been copied meanwhile."""
    others = [version for version in load.versions if not is_again(part, version, same)]
    before = _before(part, [*known, *others])
    return before is not None and not is_again(part, before, same)


def _before(part: LandedFile, versions: Sequence[LandedFile]) -> LandedFile | None:
    """Return the version that a readable part overwrote, perhaps within the same second of a listing."""
    others = (version for version in versions if version.key == part.key and version.file_id != part.file_id)
    earlier = (version for version in others if version.landing_order <= part.landing_order)
    return max(earlier, key=lambda version: version.landing_order, default=None)


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:_SHOWN], *(["…"] if len(names) > _SHOWN else [])])
