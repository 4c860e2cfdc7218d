"""The facts for planning the next commit of one table: its pending files, its state and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from odp.file_processor.selection.landing_window import LandingWindow
from odp.file_processor.selection.late_files import (
    REPLAY_HORIZON,
    LateFiles,
    Limits,
    ProcessedFiles,
    can_be_replayed,
    earlier_versions,
    newest_versions,
    order,
)
from odp.file_processor.selection.load_in_table import LoadInTable, is_again, is_certainly_again, may_precede
from odp.file_processor.selection.loads import Load, PendingLoads, divide_loads, has_ended
from odp.file_processor.selection.suspicion import versions_of
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import TableState

_EVERYTHING = 1_000_000


@dataclass(frozen=True)
class PendingTable:
    """The pending files of one table, sorted by kind.

    `unreadable` has the pending versions that were overwritten or deleted after landing.
    """

    pending: Sequence[LandedFile]
    state: TableState
    versioning: RowHistory
    processed: ProcessedFiles
    now: datetime
    unreadable: Mapping[str, SkipReason] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    is_all: bool = True
    """Whether the given changes are all pending changes."""
    lost_on_the_way: LandingWindow | None = None
    """When files landed that may lack others, which were not replicated before their Region was lost."""

    @property
    def is_historical(self) -> bool:
        """Whether the table keeps every version of its rows."""
        return self.versioning is RowHistory.ALL

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever applied to the table."""
        return self.state.generation == 0

    @property
    def readable(self) -> list[LandedFile]:
        """The readable version of each key."""
        return self._readable[0]

    @property
    def gone(self) -> list[LandedFile]:
        """The unreadable versions, each with its reason; versions of an approval under way are left out."""
        return [file for file in self._readable[1] if file.file_id not in self.half_approved]

    @cached_property
    def half_approved(self) -> frozenset[str]:
        """The ids of approved parts whose approval has other parts that are still held.

        An approval works file by file: the command is under way, or was interrupted.
        """
        undecided = {part.approval for part in self.processed_parts if part.status is FileStatus.HELD and part.approval}
        approved = (file for files in self._readable for file in files if file.approved and file.is_load)
        return frozenset(file.file_id for file in approved if file.approval in undecided)

    @cached_property
    def _readable(self) -> tuple[list[LandedFile], list[LandedFile]]:
        """The readable version of each key, and the other versions, each with its reason."""
        newest: dict[str, LandedFile] = {}
        gone: list[LandedFile] = []
        for file in sorted(self.pending, key=lambda file: (file.landing_order, file.file_id)):
            if file.file_id in self.unreadable:
                gone.append(file.skipped(self.unreadable[file.file_id]))
                continue
            if file.key in newest:
                gone.append(newest[file.key].skipped(SkipReason.OVERWRITTEN))
            newest[file.key] = file
        newest |= {newer.key: newer for newer in self._still_approved(newest, gone)}
        return sorted(newest.values(), key=order), gone

    def _still_approved(self, newest: Mapping[str, LandedFile], gone: Sequence[LandedFile]) -> list[LandedFile]:
        """The versions with the content of an approved one, unless they belong to a later load."""
        same = self.processed.has_same_content
        overwritten = [(newest[file.key], file) for file in gone if file.approved and file.key in newest]
        again = [
            replace(newer, approved=True, approval=file.approval)
            for newer, file in overwritten
            if is_certainly_again(newer, file, same)
        ]
        if not again:
            return []
        keys = {newer.key for newer in again}
        others = [file for file in newest.values() if file.is_load and not file.approved and file.key not in keys]
        return [newer for newer in again if not newer.is_load or not any(_land_together(newer, o) for o in others)]

    @cached_property
    def loads(self) -> PendingLoads:
        """The pending parts, by load."""
        readable = {file.file_id: file for file in self.readable}
        pending = (file for file in self.pending if file.is_load and file.file_id not in self.half_approved)
        parts = [readable.get(file.file_id, file) for file in pending]
        newest = {part.key: part.landing_order for part in parts}
        overwritten = {part.file_id for part in self.held_parts if newest.get(part.key, "") > part.landing_order}
        unreadable = {file.file_id for file in self.gone} | overwritten
        return divide_loads([*self.held_parts, *parts], unreadable, self.in_table)

    @cached_property
    def in_table(self) -> LoadInTable:
        """The load in the table."""
        return LoadInTable(self.state, self.processed_parts, self.processed.has_same_content)

    @property
    def reload(self) -> Load:
        """The load that will replace the table; only valid if one is pending."""
        load = self.loads.reload
        assert load is not None  # noqa: S101 - see above
        return load

    @cached_property
    def changes(self) -> list[LandedFile]:
        """The readable changes."""
        return [file for file in self.readable if not file.is_load]

    @cached_property
    def late(self) -> LateFiles:
        """The late files among the changes."""
        versions = earlier_versions(self.changes, self.processed, self.limits)
        pending = [file for file in self.pending if not file.is_load]
        return LateFiles(self.state, self.processed, self.limits, versions, pending)

    @cached_property
    def held_parts(self) -> list[LandedFile]:
        """The parts that wait for a person's approval, or for the rest of one."""
        approved = [file for file in self.readable if file.approved and file.is_load]
        half = [file for file in approved if file.file_id in self.half_approved]
        if len(half) < len(approved):
            return []
        held = (part for part in self.processed_parts if part.status is FileStatus.HELD)
        return [*held, *(replace(file, status=FileStatus.HELD, approved=False) for file in half)]

    @cached_property
    def processed_parts(self) -> Sequence[LandedFile]:
        """The parts of loads in the history, applied or not."""
        return self.processed.loads()

    @cached_property
    def versions(self) -> tuple[LandedFile, ...]:
        """All versions of the reload's parts, the first one at the beginning.

        Before a load is in the table, the same load may be there several times. What a person approves began when its
        own first part landed.
        """
        load = self.reload
        if self.in_table.keys or load.is_approved:
            return load.versions
        # a dismissed part, and what it overwrote, are decided: a load after it began by itself
        dismissed = max(
            (part.landing_order for part in self.processed_parts if part.status_reason == SkipReason.DISMISSED),
            default="",
        )
        since = [part for part in self.in_table.landed_since if part.landing_order > dismissed]
        overwritten = [part for part in since if part.status_reason == SkipReason.OVERWRITTEN]
        versions = versions_of(self.loads, overwritten, self.processed.has_same_content)
        vanished = [p for p in self.vanished_parts if p.landing_order > dismissed and may_precede(p, versions[0])]
        return tuple(sorted([*versions, *vanished], key=lambda part: part.landing_order))

    @property
    def was_there_before(self) -> bool:
        """Whether the load is an unapplied first load that was written before."""
        return self.is_new and self.loads.reload is not None and len(self.versions) > len(self.reload.versions)

    @property
    def vanished_parts(self) -> list[LandedFile]:
        """Parts of a first load that were deleted before it was applied; they show its beginning."""
        if self.in_table.keys:
            return []
        vanished = [part for part in self.in_table.landed_since if part.status_reason == SkipReason.VANISHED]
        others = [part for part in self.pending if part.is_load and not self._is_same_as_processed(part)]
        again = {part.key for part in others}
        # a load that begins with another first part is another one, though it may have fewer parts
        keys = {part.key for part in vanished}
        begun = max((part.landing_order for part in others if part.part_number == 1 and part.key in keys), default="")
        return [part for part in vanished if part.key not in again and part.landing_order > begun]

    @property
    def ended_in_hold(self) -> list[LandedFile]:
        """Held parts of loads before the one in the table: no approval would apply them."""
        return [part for part in self._undecided_in_hold if has_ended(part, self.state)]

    def overtaken_in_hold(self, since: str) -> list[LandedFile]:
        """Held parts that landed before a load which replaces the table."""
        return [] if self.is_new else [part for part in self._undecided_in_hold if part.landing_order < since]

    @property
    def _undecided_in_hold(self) -> list[LandedFile]:
        """The held parts that no command is deciding about."""
        return [part for part in self.processed_parts if part.status is FileStatus.HELD and not part.approval]

    def landed_before(self, moment: str) -> list[LandedFile]:
        """The changes with a version that landed before a moment; DMS writes no change file twice."""
        return [file for file in self.changes if self.late.first_landed(file) < moment]

    def applied_since(self, since: str) -> list[LandedFile]:
        """The applied changes that a load with this beginning does not contain."""
        if not self.state.newest_change_file or self.state.last_change_landing_order < since:
            return []
        found = self._processed_since(since)
        pending = (file for file in self.pending if not file.is_load)
        in_load = {file.key for file in (*found, *pending) if file.landing_order < since}
        return [file for file in newest_versions(found) if file.key not in in_load]

    def can_be_replayed(self, files: Sequence[LandedFile], since: str) -> bool:
        """Whether reading these applied changes again gives the content that was decided on."""
        return not files or can_be_replayed(files, [*self._processed_since(since), *self.pending], self.processed)

    @property
    def awaits_load(self) -> bool:
        """Whether a part of a load waits for its rest or for a person."""
        return bool(self.held_parts) or any(file.is_load for file in self.pending)

    def _processed_since(self, since: str) -> Sequence[LandedFile]:
        oldest = datetime.fromisoformat(since.partition("/")[0]) - REPLAY_HORIZON - timedelta(days=1)
        name = f"{oldest:%Y%m%d}"
        if name not in self._processed_from:
            self._processed_from[name] = self.processed.changes(name, _EVERYTHING)
        return self._processed_from[name]

    @cached_property
    def _processed_from(self) -> dict[str, Sequence[LandedFile]]:
        """The processed changes from a name on, read once for all callers."""
        return {}

    def _is_same_as_processed(self, part: LandedFile) -> bool:
        return any(is_again(part, other, self.processed.has_same_content) for other in self.processed_parts)


def _land_together(one: LandedFile, other: LandedFile) -> bool:
    return may_precede(one, other) or may_precede(other, one)
