"""Decides what one commit of a refresh applies: which files, in which order, and whether they replace the table.

DMS names its files in the order of their changes, and the parts of a load come before all of them, so the name alone
orders the files of a load and its changes. Changes that landed before the first part of a load are in that load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from odp.errors import RejectedInputError
from odp.file_processor.late_files import (
    REPLAY_HORIZON,
    LateFiles,
    Limits,
    ProcessedFiles,
    can_be_replayed,
    earlier_versions,
    hold_namesakes,
    newest_versions,
    order,
    was_put_there,
)
from odp.file_processor.loads import (
    LoadInTable,
    PendingLoads,
    divide_loads,
    is_again,
    is_certainly_again,
    is_settled,
    may_precede,
)
from odp.file_processor.suspicion import suspicion, versions_of
from odp.records import FileStatus, LandedFile, SkipReason, VersioningType
from odp.refreshes import HeldFiles, Refresh, RefreshKind, TableState

_EVERYTHING = 1_000_000
_PUT_THERE = (
    "changes that landed before it were not written there by DMS, so nobody knows whether they follow it; approve it "
    "to apply them after it, or dismiss it and load the table again in DMS"
)
_DELETED_SINCE = (
    "changes that follow it were applied already, and were deleted from the staging bucket or overwritten there since, "
    "so they cannot be applied to it; dismiss this load and load the table again in DMS, or upload them again and "
    "approve it"
)


@dataclass(frozen=True)
class Selection:
    """Selects from the pending files of one table.

    `unreadable` names the pending versions that were overwritten or deleted since they landed.
    """

    pending: Sequence[LandedFile]
    state: TableState
    versioning: VersioningType
    processed: ProcessedFiles
    now: datetime
    unreadable: Mapping[str, SkipReason] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    is_all: bool = True
    """Whether no more changes are pending than those given."""

    def select(self) -> Refresh:
        """Decide the next commit, and what is skipped or held; with nothing of it, the pending files wait.

        Raises:
            RejectedInputError: the table's first load is held, so nobody knows yet what its changes follow.
        """
        is_historical = self.versioning is VersioningType.HISTORICAL
        held = hold_namesakes(self._changes, self._late.versions) if is_historical else ()
        return Refresh(RefreshKind.CHANGES, (), (), self.state, held=held) if held else self._of_names_of_their_own()

    def _of_names_of_their_own(self) -> Refresh:
        emptying = [file for file in self.pending if file.is_emptying]
        if emptying:
            return self._empty(emptying)
        loads = self._loads
        if self._held_parts and self.state.generation == 0:
            return self._hold_more([file for file in self._readable[0] if file.is_load])
        if loads.reload and any(part.status is FileStatus.HELD for part in loads.reload.parts):
            beside = (*loads.reload.parts, *loads.given_up, *(loads.present if self.state.generation == 0 else ()))
            more = [part for part in beside if part.status is not FileStatus.HELD]
            return self._hold_more(more) if all(is_settled(part, self.now) for part in more) and more else self._go_on()
        if not loads.reload or not loads.reload.is_settled(self.now):
            return self._go_on()
        reason = self._reason_after_approval() if loads.reload.is_approved else self._suspicion()
        if self._is_first_load_again and not reason:
            ours = {part.file_id for part in self._versions} | {part.file_id for part in loads.reload.parts}
            others = [part for part in (*loads.present, *loads.given_up) if not part.approved]
            given_up = [part.skipped(SkipReason.ABANDONED_LOAD) for part in others if part.file_id not in ours]
            readable = (*loads.present, *loads.given_up, *loads.reload.parts)
            parts = [part for part in readable if part.approved or part.file_id in ours]
            return self._apply_after(self._versions[0].moment, parts, [*self._gone, *given_up])
        return self._hold(reason) if reason else self._reload()

    @cached_property
    def _readable(self) -> tuple[list[LandedFile], list[LandedFile]]:
        """The version of each key that can be read, and the others, each with its reason."""
        newest: dict[str, LandedFile] = {}
        gone: list[LandedFile] = []
        for file in sorted(self.pending, key=lambda file: (file.moment, file.file_id)):
            if file.file_id in self.unreadable:
                gone.append(file.skipped(self.unreadable[file.file_id]))
                continue
            if file.key in newest:
                gone.append(newest[file.key].skipped(SkipReason.OVERWRITTEN))
            newest[file.key] = file
        for file in gone:
            newer = newest.get(file.key)
            if newer and file.approved and is_certainly_again(newer, file, self.processed.has_same_content):
                newest[file.key] = replace(newer, approved=True)
        return sorted(newest.values(), key=order), gone

    @property
    def _gone(self) -> list[LandedFile]:
        return self._readable[1]

    @cached_property
    def _loads(self) -> PendingLoads:
        readable = {file.file_id: file for file in self._readable[0]}
        parts = [readable.get(file.file_id, file) for file in self.pending if file.is_load]
        newest = {part.key: part.moment for part in parts}
        overwritten = {part.file_id for part in self._held_parts if newest.get(part.key, "") > part.moment}
        unreadable = {file.file_id for file in self._gone} | overwritten
        in_table = LoadInTable(self.state, self._processed_parts, self.processed.has_same_content)
        return divide_loads([*self._held_parts, *parts], unreadable, in_table)

    @cached_property
    def _changes(self) -> list[LandedFile]:
        return [file for file in self._readable[0] if not file.is_load]

    @cached_property
    def _late(self) -> LateFiles:
        versions = earlier_versions(self._changes, self.processed, self.limits)
        pending = [file for file in self.pending if not file.is_load]
        return LateFiles(self.state, self.processed, self.limits, versions, pending)

    def _landed_before(self, moment: str) -> list[LandedFile]:
        """The changes of which a version landed before a moment: DMS writes no file of changes twice."""
        return [file for file in self._changes if self._late.first_landed(file) < moment]

    @cached_property
    def _held_parts(self) -> list[LandedFile]:
        """The parts that wait for a person who has approved nothing of them yet."""
        if any(file.approved and file.is_load for file in self.pending):
            return []
        return [part for part in self._processed_parts if part.status is FileStatus.HELD]

    def _hold_more(self, parts: Sequence[LandedFile]) -> Refresh:
        """Hold the parts that came since, too; the changes of a table without a load wait with it."""
        reason = self._held_parts[0].status_reason
        settled = [part.held(reason) for part in parts if is_settled(part, self.now)]
        gone = tuple(file for file in self._gone if file.is_load)
        if settled or gone:
            more = (HeldFiles(settled[0].file_id, reason, tuple(settled)),) if settled else ()
            return Refresh(RefreshKind.CHANGES, (), (), self.state, gone, more)
        if parts:
            return Refresh(RefreshKind.CHANGES, (), (), self.state)
        message = (
            f"{self._held_parts[0].source_table_name}: its first full load is held ({reason}), and its changes wait; "
            "approve or dismiss it with odp reload"
        )
        raise RejectedInputError(message)

    @cached_property
    def _processed_parts(self) -> Sequence[LandedFile]:
        return self.processed.loads()

    @cached_property
    def _versions(self) -> tuple[LandedFile, ...]:
        """All versions of the reload's parts, the first one at the beginning.

        Before a load is in the table, the same load may be there several times. What a person approves began when its
        own first part landed.
        """
        load = self._loads.reload
        assert load is not None  # noqa: S101 - asked for a reload only
        if self.state.load_keys or load.is_approved:
            return load.versions
        overwritten = [part for part in self._processed_parts if part.status_reason == SkipReason.OVERWRITTEN]
        versions = versions_of(self._loads, overwritten, self.processed.has_same_content)
        vanished = [part for part in self._vanished_parts if may_precede(part, versions[0])]
        return tuple(sorted([*versions, *vanished], key=lambda part: part.moment))

    @property
    def _vanished_parts(self) -> list[LandedFile]:
        """Parts of a first load that were deleted before it was applied: they tell when it began."""
        if self.state.load_keys:
            return []
        vanished = [part for part in self._processed_parts if part.status_reason == SkipReason.VANISHED]
        others = [part for part in self.pending if part.is_load and not self._is_same_as_processed(part)]
        again = {part.key for part in others}
        # a load that begins with another first part is another one, though it may have fewer parts
        keys = {part.key for part in vanished}
        begun = max((part.moment for part in others if part.part_number == 1 and part.key in keys), default="")
        return [part for part in vanished if part.key not in again and part.moment > begun]

    def _is_same_as_processed(self, part: LandedFile) -> bool:
        return any(is_again(part, other, self.processed.has_same_content) for other in self._processed_parts)

    @property
    def _is_first_load_again(self) -> bool:
        """Whether a first load of one part, which is not applied yet, was certainly written again as it was.

        Of several parts, the last ones may be those of the load before, so a person says whether all of them count.
        """
        loads = self._loads
        if self.state.generation > 0 or loads.reload is None:
            return False
        if loads.reload.is_approved:
            return all(part.approved for part in (*loads.present, *loads.given_up))
        same = self.processed.has_same_content
        part = loads.reload.parts[0]
        others = [version for version in self._versions if version.file_id != part.file_id]
        return self._was_there_before and all(is_certainly_again(part, other, same) for other in others)

    @property
    def _was_there_before(self) -> bool:
        load = self._loads.reload
        return self.state.generation == 0 and load is not None and len(self._versions) > len(load.versions)

    def _reason_after_approval(self) -> str:
        approved = {file.key for file in self._gone if file.approved and file.is_load}
        not_approved = {file.key for file in self._readable[0] if file.is_load and not file.approved}
        again = sorted(approved & not_approved)
        return f"{again[0]} was overwritten after a person approved it" if again else ""

    def _suspicion(self) -> str:
        if self._was_there_before and not self._is_first_load_again:
            return "its parts have the same content as parts that landed before, of a load that may have had more"
        ours = {part.file_id for part in self._versions}
        known = [*self._processed_parts, *(file for file in self.pending if file.is_load)]
        others = [part for part in known if part.file_id not in ours]
        if not self.state.load_keys and self._has_parts_of_other_loads(others):
            return "parts of it have the same content as parts of a load before it"
        if self._has_grown_between_changes:
            return "its first parts are those of a load before it, it has more, and changes landed in between"
        return suspicion(self._loads, self.state, self._versions, others, self.processed.has_same_content)

    @property
    def _has_grown_between_changes(self) -> bool:
        """Whether nobody can tell if changes came before a load or in its midst: a part of it was there before them."""
        load = self._loads.reload
        assert load is not None  # noqa: S101 - asked for a reload only
        versions = self._versions
        if self.state.load_keys:
            versions = versions_of(self._loads, (), self.processed.has_same_content)
        before = {part.key for part in versions if part.moment < load.began}
        has_grown = bool(before) and not before >= {part.key for part in load.parts}
        return has_grown and self._has_changes_between(versions[0].moment, load.began)

    def _has_changes_between(self, first: str, last: str) -> bool:
        pending = (self._late.first_landed(file) for file in self._changes)
        applied = (file.moment for file in self._applied_since(first))
        return not self.is_all or any(first <= moment < last for moment in (*pending, *applied))

    def _has_parts_of_other_loads(self, others: Sequence[LandedFile]) -> bool:
        """Whether a part of a first load has the content that it had in another load, as a copy of that has."""
        load = self._loads.reload
        assert load is not None  # noqa: S101 - asked for a reload only
        return any(is_again(part, other, self.processed.has_same_content) for part in load.parts for other in others)

    def _hold(self, reason: str) -> Refresh:
        """A first load that is not applied yet is held with what was to replace it: nobody knows which counts."""
        loads = self._loads
        assert loads.reload is not None  # noqa: S101 - only a reload is held
        before = [part for part in loads.repeated if may_precede(part, loads.reload.versions[0])]
        others = (*loads.given_up, *(loads.present if self.state.generation == 0 else before))
        parts = tuple(part.held(reason) for part in (*loads.reload.parts, *others))
        held = HeldFiles(loads.reload.load_id, reason, parts)
        return Refresh(RefreshKind.CHANGES, (), (), self.state, held=(held,))

    def _reload(self) -> Refresh:
        """Start a new generation, also with changes that follow the load but were applied before it was whole.

        Changes that landed before the load are in it. A historical table still needs their versions, so it takes them
        first. Parts that came after a load that a person approved wait for the next commit.
        """
        loads = self._loads
        load = loads.reload
        assert load is not None  # noqa: S101 - asked for a reload only
        since = self._versions[0].moment
        before = self._landed_before(since)
        if self.versioning is VersioningType.HISTORICAL and (before or not self.is_all):
            return self._apply(before or self._changes, [file for file in self._gone if not file.is_load])
        since_then = [file for file in self._changes if file not in before]
        copies = self._late.copies(since_then)
        after = [file for file in since_then if file not in copies]
        keys = {file.key for file in (*load.parts, *after)}
        replayed = [file for file in self._applied_since(since) if file.key not in keys]
        if not self._can_be_replayed(replayed, since):
            return self._hold(_DELETED_SINCE)
        files = tuple(part.applied(self.state.generation + 1) for part in sorted([*load.parts, *after], key=order))
        others = [*loads.ended, *loads.given_up, *loads.present, *loads.repeated]
        given_up = [part for part in others if part.moment < since]
        skipped = (
            *(file.skipped(SkipReason.IN_LOAD) for file in before),
            *(file.skipped(SkipReason.COPY) for file in copies),
            *(file.skipped(SkipReason.ABANDONED_LOAD) for file in given_up),
            *self._gone,
        )
        state = _state_after(TableState(began=since), self.state.generation + 1, [*files, *replayed])
        return Refresh(RefreshKind.RELOAD, files, tuple(replayed), state, skipped)

    def _empty(self, emptying: Sequence[LandedFile]) -> Refresh:
        """Replace the table by nothing, and by the changes in it that follow the moment at which its source was empty.

        The parts of the load stay known: DMS names those of the next one the same.
        """
        newest = max(emptying, key=lambda file: file.moment)
        if newest.moment <= self.state.began or self.state.generation == 0:
            skipped = tuple(file.skipped(SkipReason.ABANDONED_LOAD) for file in emptying)
            return Refresh(RefreshKind.CHANGES, (), (), self.state, skipped)
        before = self._landed_before(newest.moment)
        if self.versioning is VersioningType.HISTORICAL and (before or (not self.is_all and self._changes)):
            return self._apply(before or self._changes, [file for file in self._gone if not file.is_load])
        replayed = list(self._applied_since(newest.moment))
        if not self._can_be_replayed(replayed, newest.moment):
            parts = tuple(file.held(_DELETED_SINCE) for file in emptying)
            held = HeldFiles(newest.file_id, _DELETED_SINCE, parts)
            return Refresh(RefreshKind.CHANGES, (), (), self.state, held=(held,))
        generation = self.state.generation + 1
        abandoned = [file for file in self.pending if file.is_load and file.moment < newest.moment]
        skipped = (
            *(file.skipped(SkipReason.IN_LOAD) for file in before),
            *(part.skipped(SkipReason.ABANDONED_LOAD) for part in abandoned),
        )
        empty = TableState(load_keys=self.state.load_keys, began=newest.moment)
        state = _state_after(empty, generation, replayed)
        kind = RefreshKind.RELOAD if replayed else RefreshKind.EMPTY
        return Refresh(kind, (newest.applied(generation),), tuple(replayed), state, skipped)

    def _applied_since(self, since: str) -> Iterator[LandedFile]:
        """The changes that are in the table and not in a load that began at this moment."""
        if not self.state.newest_change_file or self.state.changes_until < since:
            return iter(())
        found = self._processed_since(since)
        pending = (file for file in self.pending if not file.is_load)
        in_load = {file.key for file in (*found, *pending) if file.moment < since}
        return (file for file in newest_versions(found) if file.key not in in_load)

    def _processed_since(self, since: str) -> Sequence[LandedFile]:
        oldest = datetime.fromisoformat(since.partition("/")[0]) - REPLAY_HORIZON - timedelta(days=1)
        return self.processed.changes(f"{oldest:%Y%m%d}", _EVERYTHING)

    def _can_be_replayed(self, files: Sequence[LandedFile], since: str) -> bool:
        return not files or can_be_replayed(files, [*self._processed_since(since), *self.pending], self.processed)

    def _go_on(self) -> Refresh:
        """Apply what belongs to the present load; parts of one that is not whole yet wait."""
        loads = self._loads
        copies, wait, held = self._repeated()
        over = loads.ended if loads.reload else (*loads.ended, *loads.given_up)
        done = [part.skipped(SkipReason.ABANDONED_LOAD) for part in over if part.status is not FileStatus.HELD]
        skipped = [*copies, *done]
        waiting = {part.key for load in loads.earlier for part in load} | {part.key for part in wait}
        waiting |= {part.key for part in loads.reload.versions} if loads.reload else set()
        waiting = set() if loads.reload and loads.reload.is_held else waiting
        skipped += [file for file in self._gone if file.key not in waiting]
        if loads.reload and self.state.generation == 0:
            return Refresh(RefreshKind.INITIAL, (), (), self.state, tuple(skipped), held)
        unapproved = [part for part in loads.present if not part.approved]
        vanished = [part.moment for part in self._vanished_parts if any(may_precede(part, p) for p in unapproved)]
        began = min(filter(None, [self.state.began, loads.present_began, *vanished]), default="")
        present = [part for part in loads.present if part.status is not FileStatus.HELD]
        return self._apply_after(began, present, skipped, held)

    def _repeated(self) -> tuple[list[LandedFile], list[LandedFile], tuple[HeldFiles, ...]]:
        """Divide parts of the present load that were uploaded again: copies, those that may begin a reload, others."""
        parts = [part for part in self._loads.repeated if part.status is not FileStatus.HELD]
        wait = [part for part in parts if not is_settled(part, self.now)]
        settled = [part for part in parts if part not in wait]
        if not settled:
            return [], wait, ()
        processed = [file for file in self._processed_parts if file.status is FileStatus.APPLIED]
        same = self.processed.has_same_content
        copies = [part for part in settled if any(is_certainly_again(part, file, same) for file in processed)]
        reason = "it was uploaded again without a reload, or came long after the load in the table"
        others = tuple(part.held(reason) for part in settled if part not in copies)
        held = (HeldFiles(others[0].file_id, reason, others),) if others else ()
        return [part.skipped(SkipReason.COPY) for part in copies], wait, held

    def _apply_after(
        self,
        began: str,
        parts: Sequence[LandedFile],
        skipped: Sequence[LandedFile],
        held: tuple[HeldFiles, ...] = (),
    ) -> Refresh:
        """Apply parts of the present load and changes; those that landed before the load are in it.

        A historical table needs their versions too, and before those of the load.
        """
        before = self._landed_before(began)
        if self.state.generation == 0 and parts and self.versioning is VersioningType.SNAPSHOT:
            put_there = [file for file in before if was_put_there(file, self._late.first_landed(file))]
            if put_there and not any(part.approved for part in parts):
                return self._hold_first_load(parts, skipped)
            before = [file for file in before if file not in put_there]
        after = [file for file in self._changes if file not in before]
        if self.versioning is VersioningType.HISTORICAL:
            if parts and (before or (not self.is_all and not self.state.load_keys)):
                return self._apply(before or after, [file for file in skipped if not file.is_load], held)
            return self._apply([*parts, *before, *after], skipped, held, began)
        in_load = [file.skipped(SkipReason.IN_LOAD) for file in before]
        return self._apply([*parts, *after], [*skipped, *in_load], held, began)

    def _hold_first_load(self, parts: Sequence[LandedFile], skipped: Sequence[LandedFile]) -> Refresh:
        held = HeldFiles(parts[0].file_id, _PUT_THERE, tuple(part.held(_PUT_THERE) for part in parts))
        return Refresh(RefreshKind.INITIAL, (), (), self.state, tuple(skipped), (held,))

    def _apply(
        self,
        files: Sequence[LandedFile],
        skipped: Sequence[LandedFile],
        held: tuple[HeldFiles, ...] = (),
        began: str = "",
    ) -> Refresh:
        """Apply the oldest files, as many as one commit may read, with the applied ones that they were overtaken by."""
        late = self._late
        copies = late.copies(files)
        ordered = [file for file in sorted(files, key=order) if file not in copies]
        skipped = [*skipped, *(file.skipped(SkipReason.COPY) for file in copies)]
        replayed: list[LandedFile] = []
        if self.versioning is VersioningType.SNAPSHOT:
            replayed, too_late = late.replay(ordered)
            held = (*held, *too_late)
            waiting = {file.file_id for group in too_late for file in group.files}
            ordered = [file for file in ordered if file.file_id not in waiting]
        chosen = list(self._oldest(ordered))
        keys = {file.key for file in chosen}
        replayed = [file for file in replayed if chosen and order(file) > order(chosen[0]) and file.key not in keys]
        generation = max(self.state.generation, 1)
        new = tuple(file.applied(generation) for file in chosen)
        state = _state_after(self.state, generation, new, began) if new else self.state
        return Refresh(self._kind(new), new, tuple(replayed), state, tuple(skipped), held, self._awaits_load)

    @property
    def _awaits_load(self) -> bool:
        return bool(self._held_parts) or any(file.is_load for file in self.pending)

    def _kind(self, new: Sequence[LandedFile]) -> RefreshKind:
        holds_changes = bool(self.state.newest_change_file)
        is_first = self.state.generation == 0 or (not holds_changes and all(file.is_load for file in new))
        return RefreshKind.INITIAL if is_first else RefreshKind.CHANGES

    def _oldest(self, ordered: Sequence[LandedFile]) -> Iterator[LandedFile]:
        total = 0
        for number, file in enumerate(ordered):
            total += file.size
            if number and (number >= self.limits.files or total > self.limits.bytes):
                return
            yield file


def _state_after(state: TableState, generation: int, files: Iterable[LandedFile], began: str = "") -> TableState:
    files = list(files)
    loads = [file for file in files if file.is_load]
    changes = [file for file in files if not file.is_load]
    moments = [*filter(None, [state.began, began if loads else ""]), *(file.moment for file in loads)]
    return TableState(
        generation,
        load_keys=state.load_keys | {file.key for file in loads},
        newest_change_file=max([state.newest_change_file, *(file.name for file in changes)]),
        began=min(moments, default=""),
        changes_until=max([state.changes_until, *(file.moment for file in changes)]),
    )
