"""Decides what one commit of a refresh applies: which files, in which order, and whether they replace the table.

DMS names its files in the order of their changes, and the parts of a load come before all of them, so the name alone
orders the files of a load and its changes. Changes that landed before the first part of a load are in that load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lake.errors import RejectedInputError
from odp.file_processor.selection.commits import commit_after, commit_of, first_load_held, state_after
from odp.file_processor.selection.late_files import hold_namesakes, order
from odp.file_processor.selection.load_in_table import is_a_first_part, is_certainly_again, may_precede, second_of
from odp.file_processor.selection.loads import is_settled
from odp.file_processor.selection.pending_table import PendingTable
from odp.file_processor.selection.reload_doubts import (
    is_first_load_again,
    why_first_load_is_held,
    why_held,
)
from odp.records import FileStatus, LandedFile, SkipReason
from odp.refresh import HeldFiles, RefreshKind, RefreshPlan, TableState

_DELETED_SINCE = (
    "changes that follow it were applied already, and were deleted from the staging bucket or overwritten there since, "
    "so they cannot be applied to it; dismiss this load and load the table again in DMS, or upload them again and "
    "approve it"
)
_NEVER = "~"
_UPLOADED_AGAIN = "it was uploaded again without a reload, or came long after the load in the table"
_OF_A_LOST_LOAD = (
    "it landed after the first part of another load, which was deleted or overwritten before it was applied, so nobody "
    "knows whether it belongs to the table's load"
)


@dataclass(frozen=True)
class Selection(PendingTable):
    """Selects files of the next commit from the pending files of one table."""

    def select(self) -> RefreshPlan:
        """Plan the next commit, and the files to skip or hold; with an empty plan, the pending files wait.

        Raises:
            RejectedInputError: the table's first load is held, so nobody knows yet what its changes follow.
        """
        held = hold_namesakes(self.changes, self.late.versions) if self.is_historical else ()
        return (
            RefreshPlan(RefreshKind.CHANGES, (), (), self.state, held=held) if held else self._of_names_of_their_own()
        )

    def _of_names_of_their_own(self) -> RefreshPlan:
        emptying = [file for file in self.pending if file.is_emptying]
        if emptying:
            return self._empty(emptying)
        loads = self.loads
        if self.held_parts and self.is_new:
            others = [file for file in self.readable if file.is_load and file.file_id not in self.half_approved]
            return self._hold_more(others)
        if loads.reload and any(part.status is FileStatus.HELD for part in loads.reload.parts):
            beside = (*loads.reload.parts, *loads.given_up, *(loads.present if self.is_new else ()))
            more = [part for part in beside if part.status is not FileStatus.HELD]
            return self._hold_more(more) if all(is_settled(part, self.now) for part in more) and more else self._go_on()
        if not loads.reload or not loads.reload.is_settled(self.now):
            return self._go_on()
        reason = why_held(self)
        if is_first_load_again(self) and not reason:
            ours = {part.file_id for part in self.versions} | {part.file_id for part in loads.reload.parts}
            others = [part for part in (*loads.present, *loads.given_up) if not part.approved]
            given_up = [part.skipped(SkipReason.ABANDONED_LOAD) for part in others if part.file_id not in ours]
            readable = (*loads.present, *loads.given_up, *loads.reload.parts)
            parts = [part for part in readable if part.approved or part.file_id in ours]
            return commit_after(self, self.versions[0].landing_order, parts, [*self.gone, *given_up])
        return self._hold(reason) if reason else self._reload()

    def _hold_more(self, parts: Sequence[LandedFile]) -> RefreshPlan:
        """Also hold the parts that came later; without a load in the table, the changes wait, too."""
        reason = self.held_parts[0].status_reason
        settled = [part.held(reason) for part in parts if is_settled(part, self.now)]
        gone = tuple(file for file in self.gone if file.is_load)
        if settled or gone:
            more = (HeldFiles(settled[0].file_id, reason, tuple(settled)),) if settled else ()
            return RefreshPlan(RefreshKind.CHANGES, (), (), self.state, gone, more)
        if parts:
            return RefreshPlan(RefreshKind.CHANGES, (), (), self.state)
        message = (
            f"{self.held_parts[0].source_table_name}: its first full load is held ({reason}), and its changes wait; "
            "approve or dismiss it with odp reload"
        )
        raise RejectedInputError(message)

    def _hold(self, reason: str) -> RefreshPlan:
        """Hold an unapplied first load together with its replacement, because nobody knows which one counts."""
        loads = self.loads
        assert loads.reload is not None  # noqa: S101 - only a reload is held
        before = [part for part in loads.repeated if may_precede(part, loads.reload.versions[0])]
        others = (*loads.given_up, *(loads.present if self.is_new else before))
        parts = tuple(part.held(reason) for part in (*loads.reload.parts, *others))
        held = HeldFiles(loads.reload.load_id, reason, parts)
        return RefreshPlan(RefreshKind.CHANGES, (), (), self.state, held=(held,))

    def _reload(self) -> RefreshPlan:
        """Start a new generation, also with changes that follow the load but were applied before it was whole.

        Changes that landed before the load are in it. A historical table still needs their versions, so it takes them
        first. Parts that came after a load that a person approved wait for the next commit.
        """
        loads = self.loads
        load = self.reload
        since = self.versions[0].landing_order
        before = self.landed_before(since)
        if self.is_historical and (before or not self.is_all):
            return commit_of(self, before or self.changes, [file for file in self.gone if not file.is_load])
        since_then = [file for file in self.changes if file not in before]
        copies = self.late.copies(since_then)
        after = [file for file in since_then if file not in copies]
        keys = {file.key for file in (*load.parts, *after)}
        applied_since = self.applied_since(since)
        replayed = [file for file in applied_since if file.key not in keys]
        if not self.can_be_replayed(replayed, since):
            return self._hold(_DELETED_SINCE)
        files = tuple(part.applied(self.state.generation + 1) for part in sorted([*load.parts, *after], key=order))
        others = [*loads.ended, *loads.given_up, *loads.present, *loads.repeated]
        given_up = {part.file_id: part for part in others if part.landing_order < since}
        given_up |= {part.file_id: part for part in self.overtaken_in_hold(since)}
        skipped = (
            *(file.skipped(SkipReason.IN_LOAD) for file in before),
            *(file.skipped(SkipReason.COPY) for file in copies),
            *(file.skipped(SkipReason.ABANDONED_LOAD) for file in given_up.values()),
            *self.gone,
        )
        state = state_after(TableState(load_landing_order=since), self.state.generation + 1, [*files, *replayed])
        return RefreshPlan(
            RefreshKind.RELOAD, files, tuple(replayed), state, skipped, is_late_reload=bool(applied_since)
        )

    def _empty(self, emptying: Sequence[LandedFile]) -> RefreshPlan:
        """Empty the table, except for changes that came after its source was emptied.

        The parts of the load stay known: DMS names those of the next one the same.
        """
        newest = max(emptying, key=lambda file: file.landing_order)
        if newest.landing_order <= self.state.load_landing_order or self.is_new:
            skipped = tuple(file.skipped(SkipReason.ABANDONED_LOAD) for file in emptying)
            return RefreshPlan(RefreshKind.CHANGES, (), (), self.state, skipped)
        before = self.landed_before(newest.landing_order)
        if self.is_historical and (before or (not self.is_all and self.changes)):
            return commit_of(self, before or self.changes, [file for file in self.gone if not file.is_load])
        replayed = self.applied_since(newest.landing_order)
        if not self.can_be_replayed(replayed, newest.landing_order):
            parts = tuple(file.held(_DELETED_SINCE) for file in emptying)
            held = HeldFiles(newest.file_id, _DELETED_SINCE, parts)
            return RefreshPlan(RefreshKind.CHANGES, (), (), self.state, held=(held,))
        generation = self.state.generation + 1
        abandoned = [file for file in self.pending if file.is_load and file.landing_order < newest.landing_order]
        skipped = (
            *(file.skipped(SkipReason.IN_LOAD) for file in before),
            *(part.skipped(SkipReason.ABANDONED_LOAD) for part in abandoned),
        )
        empty = TableState(load_keys=self.state.load_keys, load_landing_order=newest.landing_order)
        state = state_after(empty, generation, replayed)
        kind = RefreshKind.RELOAD if replayed else RefreshKind.EMPTY
        is_late = bool(replayed)
        return RefreshPlan(kind, (newest.applied(generation),), tuple(replayed), state, skipped, is_late_reload=is_late)

    def _go_on(self) -> RefreshPlan:
        """Apply files of the present load; parts of an incomplete one wait."""
        loads = self.loads
        copies, wait, held = self._repeated()
        over = loads.ended if loads.reload else (*loads.ended, *loads.given_up)
        done = [part.skipped(SkipReason.ABANDONED_LOAD) for part in over if part.status is not FileStatus.HELD]
        done += [part.skipped(SkipReason.ABANDONED_LOAD) for part in self.ended_in_hold]
        skipped = [*copies, *done]
        waiting = {part.key for load in loads.earlier for part in load} | {part.key for part in wait}
        waiting |= {part.key for part in loads.reload.versions} if loads.reload else set()
        waiting = set() if loads.reload and loads.reload.is_held else waiting
        skipped += [file for file in self.gone if file.key not in waiting]
        if loads.reload and self.is_new:
            return RefreshPlan(RefreshKind.INITIAL, (), (), self.state, tuple(skipped), held)
        if doubt := why_first_load_is_held(self):
            if all(is_settled(part, self.now) for part in loads.present):
                return first_load_held(self, loads.present, skipped, doubt)
            return RefreshPlan(RefreshKind.INITIAL, (), (), self.state, tuple(skipped))
        unapproved = {part.key for part in loads.present if not part.approved}
        versions = [part for part in self.pending if part.key in unapproved]
        vanished = [part.landing_order for part in self.vanished_parts if any(may_precede(part, v) for v in versions)]
        landing_order = min(
            filter(None, [self.state.load_landing_order, loads.present_landing_order, *vanished]), default=""
        )
        present = self._without_undecided(loads.present)
        return commit_after(self, landing_order, present, skipped, held)

    def _without_undecided(self, parts: Sequence[LandedFile]) -> list[LandedFile]:
        """Leave out held files, and files after a lost first part that came again: it may begin a reload."""
        again = (part for part in parts if self.in_table.lacks(part) and is_a_first_part(part) and not part.approved)
        undecided = min((second_of(part) for part in again if not is_settled(part, self.now)), default=_NEVER)
        return [part for part in parts if part.status is not FileStatus.HELD and second_of(part) < undecided]

    def _repeated(self) -> tuple[list[LandedFile], list[LandedFile], tuple[HeldFiles, ...]]:
        """Divide repeated parts of the present load: copies, possible beginnings of a reload, others."""
        parts = [part for part in self.loads.repeated if part.status is not FileStatus.HELD]
        wait = [part for part in parts if not is_settled(part, self.now)]
        settled = [part for part in parts if part not in wait]
        if not settled:
            return [], wait, ()
        processed = [file for file in self.processed_parts if file.status is FileStatus.APPLIED]
        same = self.processed.has_same_content
        copies = [part for part in settled if any(is_certainly_again(part, file, same) for file in processed)]
        others = [part for part in settled if part not in copies]
        after_another = [part for part in others if self.in_table.has_lost_a_load_before(part)]
        alone = [part for part in others if part not in after_another]
        held = tuple(
            HeldFiles(parts[0].file_id, reason, tuple(part.held(reason) for part in parts))
            for reason, parts in ((_OF_A_LOST_LOAD, after_another), (_UPLOADED_AGAIN, alone))
            if parts
        )
        return [part.skipped(SkipReason.COPY) for part in copies], wait, held
