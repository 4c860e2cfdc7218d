"""Tells which load generation of its table each pending file belongs to: by what landed before what.

DMS writes no changes of a table while it loads it. So the changes that landed before a load's first part are in that
load already, and those that landed after it follow it; a LOAD part that landed after applied changes, or under the key
of a part that is in the table, begins another load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odp.errors import RejectedInputError
from odp.records import LandedFile
from odp.refreshes import TableState

RELOAD_SETTLES_AFTER = timedelta(minutes=15)
"""A reload without a change behind it is taken for complete when no part came for this long."""


@dataclass(frozen=True, slots=True)
class PendingGenerations:
    """The pending files of a table: of its present generation, of a reload, and of generations that have ended."""

    present: tuple[LandedFile, ...]
    reload: tuple[LandedFile, ...] = ()
    ended: tuple[LandedFile, ...] = ()

    @property
    def reload_began(self) -> str:
        """The moment of the reload's first part."""
        return min(file.moment for file in self.reload if file.is_load)


def divide(files: Sequence[LandedFile], outdated: Iterable[LandedFile], state: TableState) -> PendingGenerations:
    """Divide the newest versions of a table's pending files by generation; `outdated` are the older ones."""
    ended = tuple(file for file in files if _has_ended(file, state))
    remaining = tuple(file for file in files if not _has_ended(file, state))
    loads = [file for file in remaining if file.is_load]
    changes = [file.moment for file in remaining if not file.is_load]
    first_change = min(changes, default="")
    beginning = {load.file_id: load for load in loads if _begins_again(load, state, first_change)}
    if not beginning:
        return PendingGenerations(present=remaining, ended=ended)
    last = max(load.moment for load in beginning.values())
    last_change = max((moment for moment in (state.changes_until, *changes) if moment < last), default="")
    began = min(load.moment for load in _newest_load(loads, outdated, state, last_change))
    newest = tuple(file for file in remaining if file.moment >= began)
    earlier = tuple(file for file in remaining if file.moment < began)
    if state.generation == 0:
        return PendingGenerations(present=newest, ended=(*ended, *earlier))
    overtaken = (file for file in earlier if file.file_id in beginning)
    present = tuple(file for file in earlier if file.file_id not in beginning)
    return PendingGenerations(present, newest, (*ended, *overtaken))


def is_complete(reload: Sequence[LandedFile], now: datetime) -> bool:
    """Tell whether no part of a reload is to come: all are there, and a change follows the last or it has settled."""
    last = _parts(reload)[-1]
    has_followers = any(not file.is_load and file.moment > last.moment for file in reload)
    return not _missing(reload) and (has_followers or _has_settled(reload, now))


def refuse_a_gap(reload: Sequence[LandedFile], now: datetime) -> None:
    """Say so when a reload lacks parts that will hardly come any more.

    Raises:
        RejectedInputError: naming the table and the parts.
    """
    missing = _missing(reload)
    if missing and _has_settled(reload, now):
        first, names = _parts(reload)[0], ", ".join(f"LOAD{number:08X}.parquet" for number in missing[:5])
        message = (
            f"{first.source_table_name}: of the reload that began at {first.landed_at} {len(missing)} parts never came "
            f"({names}{', …' if len(missing) > 5 else ''}); the table stays as it was before, reload it again in DMS"  # noqa: PLR2004
        )
        raise RejectedInputError(message)


def _parts(reload: Iterable[LandedFile]) -> list[LandedFile]:
    return sorted((file for file in reload if file.is_load), key=lambda file: file.moment)


def _missing(reload: Iterable[LandedFile]) -> list[int]:
    numbers = {_number(part) for part in _parts(reload)}
    return sorted(set(range(1, max(numbers) + 1)) - numbers)


def _has_settled(reload: Iterable[LandedFile], now: datetime) -> bool:
    return now - datetime.fromisoformat(_parts(reload)[-1].landed_at) >= RELOAD_SETTLES_AFTER


def _newest_load(
    parts: Sequence[LandedFile], outdated: Iterable[LandedFile], state: TableState, since: str
) -> list[LandedFile]:
    """Give the parts of the last load that landed after a change, without those of loads that were given up before it.

    DMS cannot resume a load, it begins again with the first part. A part that landed before that, and has been written
    fewer times than it, is of a load that was given up; written as often, it only landed early, as in parallel loads.
    """
    newest = [part for part in parts if part.moment > since]
    written = Counter(part.key for part in (*newest, *outdated) if part.is_load and part.moment > since)
    if state.began > since:
        written.update(state.load_keys)
    times, began = max(((written[part.key], part.landed_at) for part in newest if _number(part) == 1), default=(0, ""))
    return [part for part in newest if part.landed_at >= began or written[part.key] >= times]


def _begins_again(load: LandedFile, state: TableState, first_change: str) -> bool:
    """A part that landed before what follows the present load is a late part of that."""
    if not state.load_keys or load.key in state.load_keys:
        return True
    if load.moment <= state.changes_until:
        return False
    return bool(state.changes_until) or "" < first_change < load.moment


def _has_ended(file: LandedFile, state: TableState) -> bool:
    """Of the parts of one load none lands before the first, except for moments: then its key is a new one."""
    if file.moment >= state.began:
        return False
    return not file.is_load or state.generation > 1 or file.key in state.load_keys


def _number(load: LandedFile) -> int:
    """DMS counts the parts of a load in hexadecimal digits."""
    return int(load.name.removeprefix("LOAD").split(".")[0], 16)
