"""Decides what one commit of a refresh applies: which files, in which order, and whether they replace the table.

DMS names its files in the order of their changes, and the parts of a load come before all of them, so the name alone
orders the files of a load and its changes. A hard delete leaves nothing in the table to compare an older change with;
therefore a file that arrives after newer ones is applied together with those newer ones, read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from odp.file_processor.loads import Load, PendingLoads, divide_loads, is_again, is_settled, suspicion
from odp.records import FileStatus, LandedFile, SkipReason, VersioningType
from odp.refreshes import HeldFiles, Refresh, RefreshKind, TableState

REPLAY_HORIZON = timedelta(days=7)
"""How much older than the newest applied change a late file may be."""
_EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one commit may read; a reload, which replaces the table at once, is bounded by nothing."""

    files: int = 1000
    bytes: int = 20 << 30
    replayed_files: int = 2000


class ProcessedFiles(Protocol):
    """What the history has of one table."""

    def loads(self) -> Sequence[LandedFile]:
        """List the parts of full loads, whatever became of them."""

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:
        """List the change files named like this or later, by name."""

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool:
        """Tell whether two versions of one object have the same content; in doubt they have."""

    def are_readable(self, files: Sequence[LandedFile]) -> bool:
        """Tell whether the objects of all these files are still there."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selects from the pending files of one table.

    `unreadable` names the pending versions that were overwritten or deleted since they landed.
    """

    state: TableState
    versioning: VersioningType
    processed: ProcessedFiles
    now: datetime
    unreadable: Mapping[str, SkipReason] = field(default_factory=dict)
    limits: Limits = Limits()

    def select(self, pending: Sequence[LandedFile]) -> Refresh:
        """Decide the next commit, and what is skipped or held; with nothing of it, the pending files wait."""
        newest, gone = self._readable(pending)
        loads = divide_loads(
            [file for file in pending if file.is_load], {file.file_id for file in gone}, self.state, self._present_until
        )
        changes = [file for file in newest if not file.is_load]
        if loads.reload and loads.reload.is_settled(self.now):
            if loads.reload.is_approved or not (reason := self._suspicion(loads)):
                return self._reload(loads, changes, gone)
            return self._hold(loads, reason)
        return self._go_on(loads, changes, gone)

    def _readable(self, pending: Sequence[LandedFile]) -> tuple[list[LandedFile], list[LandedFile]]:
        """Divide into the version of each key that can be read, and the others, each with its reason."""
        newest: dict[str, LandedFile] = {}
        gone: list[LandedFile] = []
        for file in sorted(pending, key=lambda file: (file.moment, file.file_id)):
            if file.file_id in self.unreadable:
                gone.append(file.skipped(self.unreadable[file.file_id]))
                continue
            if file.key in newest:
                gone.append(newest[file.key].skipped(SkipReason.OVERWRITTEN))
            newest[file.key] = file
        return sorted(newest.values(), key=order), gone

    def _suspicion(self, loads: PendingLoads) -> str:
        load = loads.reload
        assert load is not None  # noqa: S101 - asked for pending reloads only
        same = self.processed.has_same_content
        return suspicion(load, loads.replaced_parts, self.state, self.processed.loads(), same)

    def _present_until(self) -> str:
        parts = (file for file in self.processed.loads() if file.generation == self.state.generation)
        return max((part.landed_at for part in parts if part.status is FileStatus.APPLIED), default="")

    def _hold(self, loads: PendingLoads, reason: str) -> Refresh:
        """A first load that is not applied yet is held with what was to replace it: nobody knows which counts."""
        assert loads.reload is not None  # noqa: S101
        others = loads.present if self.state.generation == 0 else ()
        parts = tuple(part.held(reason) for part in (*loads.reload.parts, *others))
        return Refresh(RefreshKind.CHANGES, (), (), self.state, held=(HeldFiles(loads.reload.load_id, reason, parts),))

    def _reload(self, loads: PendingLoads, changes: Sequence[LandedFile], gone: Sequence[LandedFile]) -> Refresh:
        """Start a new generation, also with changes that follow the load but were applied before it was whole.

        Changes that landed before the load are in it. A historical table still needs their versions, so it takes them
        first.
        """
        load = loads.reload
        assert load is not None  # noqa: S101
        since = load.began if self.state.load_keys or self.state.generation == 0 else ""
        before = [file for file in changes if file.moment < since]
        if before and self.versioning is VersioningType.HISTORICAL:
            return self._apply(before, [file for file in gone if not file.is_load])
        keys = {part.key for part in load.parts}
        after = [file for file in changes if file.moment >= since]
        replayed = [file for file in self._applied_after(load, since) if file.key not in {f.key for f in after} | keys]
        if not self.processed.are_readable(replayed):
            return self._hold(loads, "changes that follow it were applied already, and their files are deleted")
        files = tuple(part.applied(self.state.generation + 1) for part in sorted([*load.parts, *after], key=order))
        given_up = [*loads.abandoned, *loads.present, *loads.repeated]
        skipped = (
            *(file.skipped(SkipReason.IN_LOAD) for file in before),
            *(file.skipped(SkipReason.ABANDONED_LOAD) for file in given_up),
            *gone,
        )
        after_it = _state_after(TableState(), self.state.generation + 1, [*files, *replayed])
        return Refresh(RefreshKind.RELOAD, files, tuple(replayed), after_it, skipped)

    def _applied_after(self, load: Load, since: str) -> Iterator[LandedFile]:
        """The changes that are in the table and not in the load."""
        if self.state.changes_until < since or not self.state.newest_change_file:
            return iter(())
        oldest = datetime.fromisoformat(load.parts[0].landed_at) - REPLAY_HORIZON - timedelta(days=1)
        name = f"{oldest:%Y%m%d}" if since else ""
        applied = _newest_versions(self.processed.changes(name, _EVERYTHING))
        return (file for file in applied if file.moment >= since)

    def _go_on(self, loads: PendingLoads, changes: Sequence[LandedFile], gone: Sequence[LandedFile]) -> Refresh:
        """Apply what belongs to the present load; parts of one that is not whole yet wait."""
        copies, wait, held = self._repeated(loads.repeated)
        skipped = [*copies, *(file.skipped(SkipReason.ABANDONED_LOAD) for file in loads.abandoned)]
        waiting = {part.key for part in (*wait, *(loads.reload.parts if loads.reload else ()))}
        skipped += [file for file in gone if file.key not in waiting]
        if loads.reload and self.state.generation == 0:
            return Refresh(RefreshKind.INITIAL, (), (), self.state, tuple(skipped), held)
        is_in_load = self.state.generation > 1 and self.versioning is VersioningType.SNAPSHOT
        before = [file for file in changes if is_in_load and file.moment < self.state.began]
        skipped += [file.skipped(SkipReason.IN_LOAD) for file in before]
        new = [file for file in changes if file not in before]
        return self._apply([*loads.present, *new], skipped, held)

    def _repeated(
        self, parts: Sequence[LandedFile]
    ) -> tuple[list[LandedFile], list[LandedFile], tuple[HeldFiles, ...]]:
        """Divide parts of the present load that were uploaded again: copies, those that may begin a reload, others."""
        wait = [part for part in parts if not is_settled(part, self.now)]
        settled = [part for part in parts if part not in wait]
        if not settled:
            return [], wait, ()
        processed = [file for file in self.processed.loads() if file.status is FileStatus.APPLIED]
        same = self.processed.has_same_content
        copies = [part for part in settled if any(is_again(part, file, same) for file in processed)]
        reason = "a part of the load in the table was uploaded again, without a reload"
        others = tuple(part.held(reason) for part in settled if part not in copies)
        held = (HeldFiles(others[0].file_id, reason, others),) if others else ()
        return [part.skipped(SkipReason.COPY) for part in copies], wait, held

    def _apply(
        self, files: Sequence[LandedFile], skipped: Sequence[LandedFile], held: tuple[HeldFiles, ...] = ()
    ) -> Refresh:
        """Apply the oldest files, as many as one commit may read, with the applied ones that they were overtaken by."""
        ordered = sorted(files, key=order)
        late = [file for file in ordered if self._is_late(file)]
        if late and self.versioning is VersioningType.SNAPSHOT:
            copies = self._copies(late)
            skipped = [*skipped, *(file.skipped(SkipReason.COPY) for file in copies)]
            ordered = [file for file in ordered if file not in copies]
            late = [file for file in late if file not in copies]
        replayed, too_old = self._replay(late) if self.versioning is VersioningType.SNAPSHOT else ([], [])
        if too_old:
            reason = (
                "it came after newer changes, which are too many to be read again or were deleted; load the table "
                "again in DMS, or approve it"
            )
            old = tuple(file.held(reason) for file in too_old)
            held = (*held, HeldFiles(old[0].file_id, reason, old))
            ordered = [file for file in ordered if file not in too_old]
        chosen = list(self._oldest(ordered))
        replayed = [file for file in replayed if chosen and order(file) > order(chosen[0])]
        generation = max(self.state.generation, 1)
        new = tuple(file.applied(generation) for file in chosen)
        state = _state_after(self.state, generation, new) if new else self.state
        return Refresh(self._kind(new), new, tuple(_without(replayed, new)), state, tuple(skipped), held)

    def _kind(self, new: Sequence[LandedFile]) -> RefreshKind:
        holds_changes = bool(self.state.newest_change_file)
        is_first = self.state.generation == 0 or (not holds_changes and all(file.is_load for file in new))
        return RefreshKind.INITIAL if is_first else RefreshKind.CHANGES

    def _is_late(self, file: LandedFile) -> bool:
        return bool(self.state.newest_change_file) and order(file) <= (1, self.state.newest_change_file)

    def _copies(self, late: Sequence[LandedFile]) -> list[LandedFile]:
        changes = [file for file in late if not file.is_load]
        if not changes:
            return []
        last = changes[-1].name
        known = self.processed.changes(changes[0].name, len(changes) + self.limits.replayed_files)
        applied: dict[str, list[LandedFile]] = {}
        for file in known:
            if file.status is FileStatus.APPLIED and file.name <= last and file.moment >= self.state.began:
                applied.setdefault(file.key, []).append(file)
        same = self.processed.has_same_content
        newest = {key: max(files, key=lambda file: file.moment) for key, files in applied.items()}
        return [file for file in changes if file.key in newest and is_again(file, newest[file.key], same)]

    def _replay(self, late: Sequence[LandedFile]) -> tuple[list[LandedFile], list[LandedFile]]:
        """Give the applied changes that follow the late files, and those late files that have too many of them."""
        if not late:
            return [], []
        is_approved = any(file.approved for file in late)
        most = _EVERYTHING if is_approved else self.limits.replayed_files
        first = 0 if is_approved else self._first_within_horizon(late)
        while first < len(late):
            found = self._applied_since(late[first], most + 1)
            if len(found) <= most and self.processed.are_readable(found):
                return found, list(late[:first])
            first += max(1, (len(late) - first) // 2)
        return [], list(late)

    def _first_within_horizon(self, late: Sequence[LandedFile]) -> int:
        newest = datetime.strptime(self.state.newest_change_file[:8], "%Y%m%d")  # noqa: DTZ007 - compared with names only
        oldest = f"{newest - REPLAY_HORIZON:%Y%m%d}"
        ages = [file.is_load or file.name >= oldest for file in late]
        return ages.index(True) if True in ages else len(late)

    def _applied_since(self, file: LandedFile, most: int) -> list[LandedFile]:
        found = self.processed.changes("" if file.is_load else file.name, most)
        return [file for file in _newest_versions(found) if file.moment >= self.state.began]

    def _oldest(self, ordered: Sequence[LandedFile]) -> Iterator[LandedFile]:
        total = 0
        for number, file in enumerate(ordered):
            total += file.size
            if number and (number >= self.limits.files or total > self.limits.bytes):
                return
            yield file


def order(file: LandedFile) -> tuple[int, str]:
    """The order of the files of one load and its changes."""
    return (0 if file.is_load else 1, file.name)


def _newest_versions(files: Iterable[LandedFile]) -> list[LandedFile]:
    """Of each applied object the version that landed last, which alone can be read."""
    newest: dict[str, LandedFile] = {}
    for file in files:
        known = newest.get(file.key)
        if file.status is FileStatus.APPLIED and (known is None or known.moment < file.moment):
            newest[file.key] = file
    return sorted(newest.values(), key=order)


def _without(files: Iterable[LandedFile], others: Sequence[LandedFile]) -> Iterator[LandedFile]:
    keys = {file.key for file in others}
    return (file for file in files if file.key not in keys)


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
