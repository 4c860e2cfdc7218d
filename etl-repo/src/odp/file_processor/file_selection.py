"""Decides what one refresh applies: which files, in which order, and whether they replace the table.

DMS names its files in the order of their changes, and LOAD files come before all of them, so the name alone orders the
files of a table. A hard delete leaves nothing in the table to compare an older change with; therefore a file that
arrives after newer ones is applied together with those newer ones, read again: the latest change of each key wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from odp.records import FileType, LandedFile, Refresh, RefreshKind, TableState, VersioningType

AppliedChanges = Callable[[int], Sequence[LandedFile]]
"""Gives the change files already applied to a generation; asked only when a file came late."""

# two sequencers of one key are compared as texts, the shorter one padded with zeros on the right
# (https://repost.aws/knowledge-center/s3-duplicate-sqs-messages)
_SEQUENCER_DIGITS = 64


def select_files(
    pending: Iterable[LandedFile], state: TableState, versioning: VersioningType, applied_changes: AppliedChanges
) -> Refresh:
    """Decide the refresh that applies all pending files of one table."""
    current, outdated = _newest_version_of_each_key(pending)
    loads = [file for file in current if file.file_type is FileType.FULL_LOAD]
    is_reload = state.generation > 0 and any(file.key in state.load_keys for file in loads)
    if is_reload and versioning is VersioningType.SNAPSHOT:  # nothing replaces the versions of a historical table
        return _reload(loads, [file for file in current if file not in loads], outdated, state)
    kind = RefreshKind.CHANGES if state.generation > 0 else RefreshKind.INITIAL
    replayed = _replayed(current, state, versioning, applied_changes)
    return Refresh(
        kind, tuple(current), replayed, tuple(outdated), _state_after(state, max(state.generation, 1), current)
    )


def _reload(
    loads: Sequence[LandedFile], changes: Sequence[LandedFile], outdated: Sequence[LandedFile], state: TableState
) -> Refresh:
    """Start a new generation; changes that landed before its first part belong to the old one."""
    first_part = min(file.landed_at for file in loads)
    earlier = [file for file in changes if file.landed_at < first_part]
    files = [*loads, *(file for file in changes if file.landed_at >= first_part)]
    after = _state_after(TableState(), state.generation + 1, files)
    return Refresh(RefreshKind.RELOAD, tuple(files), (), (*outdated, *earlier), after)


def _newest_version_of_each_key(pending: Iterable[LandedFile]) -> tuple[list[LandedFile], list[LandedFile]]:
    """An object overwritten before it was applied can be read in its newest version only, which replaced the others."""
    newest: dict[tuple[str, str], LandedFile] = {}
    outdated: list[LandedFile] = []
    for file in sorted(pending, key=_age):
        if (file.bucket, file.key) in newest:
            outdated.append(newest[file.bucket, file.key])
        newest[file.bucket, file.key] = file
    return sorted(newest.values(), key=_order), outdated


def _replayed(
    files: Sequence[LandedFile], state: TableState, versioning: VersioningType, applied_changes: AppliedChanges
) -> tuple[LandedFile, ...]:
    if versioning is VersioningType.HISTORICAL or not state.newest_change_file:
        return ()
    oldest = min(map(_order, files), default=None)
    if oldest is None or oldest > (1, state.newest_change_file):
        return ()
    new_keys = {file.key for file in files}
    newer = [file for file in applied_changes(state.generation) if _order(file) > oldest and file.key not in new_keys]
    return tuple(sorted(newer, key=_order))


def _state_after(state: TableState, generation: int, files: Iterable[LandedFile]) -> TableState:
    files = list(files)
    loads = {file.key for file in files if file.file_type is FileType.FULL_LOAD}
    changes = [file.name for file in files if file.file_type is FileType.CHANGES]
    return TableState(generation, state.load_keys | loads, max([state.newest_change_file, *changes]))


def _age(file: LandedFile) -> tuple[str, str, str]:
    return file.landed_at, (file.sequencer or "").ljust(_SEQUENCER_DIGITS, "0"), file.file_id


def _order(file: LandedFile) -> tuple[int, str]:
    return (0 if file.file_type is FileType.FULL_LOAD else 1, file.name)
