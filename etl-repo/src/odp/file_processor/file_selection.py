"""Decides what one refresh applies: which files, in which order, and whether they replace the table.

DMS names its files in the order of their changes, and LOAD files come before all of them, so the name alone orders the
files of a generation. A hard delete leaves nothing in the table to compare an older change with; therefore a file that
arrives after newer ones is applied together with those newer ones, read again: the latest change of each key wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from odp.file_processor.generations import PendingGenerations, divide, is_complete, refuse_a_gap
from odp.records import LandedFile, VersioningType
from odp.refreshes import Refresh, RefreshKind, TableState

ProcessedChanges = Callable[[], Sequence[LandedFile]]
"""Gives the change files that the table's history has; asked only when some of them may have to be read again."""


def select_files(
    pending: Sequence[LandedFile],
    state: TableState,
    versioning: VersioningType,
    processed_changes: ProcessedChanges,
    now: datetime,
) -> Refresh:
    """Decide the refresh that applies the pending files of one table; a reload waits until it is complete.

    Raises:
        RejectedInputError: parts of a reload are missing, and nothing else is to be done.
    """
    current, outdated = _newest_version_of_each_key(pending)
    if versioning is VersioningType.HISTORICAL:  # nothing ends or replaces the versions of a historical table
        return _refresh(current, outdated, state, replayed=())
    files = divide(current, outdated, state)
    if files.reload:
        return _reload_when_complete(files, outdated, state, processed_changes, now)
    replayed = _replayed(files.present, state, processed_changes)
    return _refresh(files.present, [*files.ended, *outdated], state, replayed)


def _reload_when_complete(
    files: PendingGenerations,
    outdated: Sequence[LandedFile],
    state: TableState,
    processed_changes: ProcessedChanges,
    now: datetime,
) -> Refresh:
    """Until then, what belongs to the present generation goes on."""
    if is_complete(files.reload, now):
        return _reload(files, outdated, state, processed_changes)
    waiting = {file.key for file in files.reload}
    done = [*files.ended, *(file for file in outdated if file.key not in waiting)]
    if not files.present and not done:
        refuse_a_gap(files.reload, now)
    return _refresh(files.present, done, state, _replayed(files.present, state, processed_changes))


def _reload(
    files: PendingGenerations, outdated: Sequence[LandedFile], state: TableState, processed_changes: ProcessedChanges
) -> Refresh:
    """Start a new generation, also with changes that follow the load but were applied before it was seen."""
    new = sorted(files.reload, key=_order)
    keys = {file.key for file in new}
    replayed: list[LandedFile] = []
    if state.changes_until > files.reload_began:
        processed, _ = _newest_version_of_each_key(processed_changes())
        replayed = [file for file in processed if file.moment > files.reload_began and file.key not in keys]
    after = _state_after(TableState(), state.generation + 1, [*new, *replayed])
    superseded = (*files.present, *files.ended, *outdated)
    return Refresh(RefreshKind.RELOAD, tuple(new), tuple(replayed), superseded, after)


def _refresh(
    files: Iterable[LandedFile],
    superseded: Iterable[LandedFile],
    state: TableState,
    replayed: Iterable[LandedFile],
) -> Refresh:
    new = tuple(sorted(files, key=_order))
    kind = RefreshKind.CHANGES if state.generation > 0 else RefreshKind.INITIAL
    after = _state_after(state, max(state.generation, 1), new) if new else state
    return Refresh(kind, new, tuple(replayed), tuple(superseded), after)


def _newest_version_of_each_key(files: Iterable[LandedFile]) -> tuple[list[LandedFile], list[LandedFile]]:
    """An object overwritten before it was applied can be read in its newest version only, which replaced the others."""
    newest: dict[tuple[str, str], LandedFile] = {}
    outdated: list[LandedFile] = []
    for file in sorted(files, key=lambda file: (file.moment, file.file_id)):
        if (file.bucket, file.key) in newest:
            outdated.append(newest[file.bucket, file.key])
        newest[file.bucket, file.key] = file
    return sorted(newest.values(), key=_order), outdated


def _replayed(
    files: Sequence[LandedFile], state: TableState, processed_changes: ProcessedChanges
) -> tuple[LandedFile, ...]:
    oldest = min(map(_order, files), default=None)
    if oldest is None or not state.newest_change_file or oldest > (1, state.newest_change_file):
        return ()
    new_keys = {file.key for file in files}
    processed, _ = _newest_version_of_each_key(processed_changes())
    newer = (file for file in processed if file.moment >= state.began and _order(file) > oldest)
    return tuple(file for file in newer if file.key not in new_keys)


def _state_after(state: TableState, generation: int, files: Iterable[LandedFile]) -> TableState:
    files = list(files)
    loads = [file for file in files if file.is_load]
    changes = [file for file in files if not file.is_load]
    began = [state.began] if state.began else []
    return TableState(
        generation,
        load_keys=state.load_keys | {file.key for file in loads},
        newest_change_file=max([state.newest_change_file, *(file.name for file in changes)]),
        began=min([*began, *(file.moment for file in loads)], default=""),
        changes_until=max([state.changes_until, *(file.moment for file in changes)]),
    )


def _order(file: LandedFile) -> tuple[int, str]:
    return (0 if file.is_load else 1, file.name)
