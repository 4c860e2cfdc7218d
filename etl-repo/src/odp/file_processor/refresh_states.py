"""Judges an execution and the tables of its cadence, for the mails that people get."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lake.errors import RetryableError
from odp.commands import Commands
from odp.errors import RefreshFailedError
from odp.ports import HeldEntries, PendingWorkReader, PlannedLeases
from odp.records import HELD_KINDS, KeptEntry, PendingWork, QuarantineKind, RawTableConfig, TableLease
from odp.refresh import RefreshStatus
from odp.state_changes import NOTHING_TOLD, Aspect, State, Subject, Told, problem_key

# States that no table's record shows: a failed plan, and runs that died or never began.


_BATCH = re.compile(r"^(?:batch \d+|all batches): ")
_RUNS_OF_A_MESSAGE = 5
_CHARACTERS_FOR_CERTAIN = 100
"""The characters of a failure that the state machine keeps for any number of batches."""


def state_of_runs(refresh_cadence: str, execution: str, failed: Sequence[str]) -> State:
    """Judge the runs of an execution by the state machine's errors of failed batches.

    A run that failed because of its tables is left out: the tables have messages of their own.
    """
    others = [text for text in failed if RefreshFailedError.__name__ not in text]
    subject = Subject(Aspect.RUNS, refresh_cadence)
    look = f"Run: aws stepfunctions describe-execution --execution-arn {execution}"
    if not others:
        return State(subject, f"runs of {refresh_cadence} work again", (f"Cadence: {refresh_cadence}", look))
    return State(
        subject,
        f"runs of {refresh_cadence} died or did not begin",
        (
            f"Cadence: {refresh_cadence}",
            f"Problem: {'; '.join(others[:_RUNS_OF_A_MESSAGE])}",
            f"{len(others)} batches failed. The files of their tables wait, and the next cadence tries again.",
            look,
        ),
        frozenset(problem_key(_beginning(text)) for text in others),
    )


def _beginning(text: str) -> str:
    """Return the beginning that every cut of the text has, without a word that may be cut."""
    failure = _BATCH.sub("", text)
    return failure if len(failure) <= _CHARACTERS_FOR_CERTAIN else failure[:_CHARACTERS_FOR_CERTAIN].rpartition(" ")[0]


def state_of_planning(refresh_cadence: str, execution: str, failure: Exception | None) -> State | None:
    """Judge the planning; None if the state machine tries again by itself."""
    if isinstance(failure, RetryableError):
        return None
    subject = Subject(Aspect.PLAN, refresh_cadence)
    look = f"Run: aws stepfunctions describe-execution --execution-arn {execution}"
    if failure is None:
        return State(subject, f"{refresh_cadence} is planned again", (f"Cadence: {refresh_cadence}", look))
    problem = f"{type(failure).__name__}: {failure}"
    lines = (f"Cadence: {refresh_cadence}", f"Problem: {problem}", "Nothing of this cadence is refreshed.", look)
    return State(subject, f"{refresh_cadence} cannot be planned", lines, frozenset({problem_key(problem)}))


# Judges the tables of a cadence: the outcome of their last refresh, and held files.


_ENTRIES_OF_A_MESSAGE = 5
_DIGITS = 12
_NOT_KEPT = "odpf_file_processing_tracker_history has the reason; an earlier release kept it nowhere else"


@dataclass(frozen=True, slots=True)
class RefreshStates:
    """Judges tables; reads only leases of tables with pending files or a known problem."""

    files: PendingWorkReader
    leases: PlannedLeases
    entries: HeldEntries
    commands: Commands

    def refreshes(self, tables: Sequence[RawTableConfig], told: Mapping[str, Told]) -> Iterator[State]:
        """Return the state of each table's last refresh, where it may be news."""
        pending = self.files.pending_work()
        looked_at = [each for each in tables if each.source_table_name in pending or _had_problem(each, told)]
        leases = self.leases.leases(table.qualified_name for table in looked_at)
        for table in looked_at:
            lease = leases.get(table.qualified_name, TableLease())
            if not lease.is_leased:
                yield from self._refresh(table, lease, pending.get(table.source_table_name))

    def _refresh(self, table: RawTableConfig, lease: TableLease, work: PendingWork | None) -> Iterator[State]:
        """Judge the last refresh; one that was cut off or left to Spark gives no state: another one follows."""
        subject = Subject(Aspect.REFRESH, table.qualified_name)
        if lease.is_left_to_spark and work is not None:
            return
        if lease.refresh_status == RefreshStatus.COMPLETED:
            lines = (_table_line(table), _waiting(work), f"Run: {self.commands.status(table.source_table_name)}")
            yield State(subject, f"{table.qualified_name} is refreshed again", lines, since=lease.ended_at)
        elif work is None:
            # a person skipped the failing file, and without pending files no refresh starts
            yield State(subject, table.qualified_name, (), is_end_told=False)
        elif lease.refresh_status == RefreshStatus.ERROR:
            title = f"{table.qualified_name} is refused" if lease.is_refused else f"{table.qualified_name} failed"
            yield State(
                subject,
                title,
                (_table_line(table), f"Problem: {lease.error or _NOT_KEPT}", _waiting(work), *self._next(table, lease)),
                frozenset({problem_key(lease.error)}),
                lease.ended_at,
            )

    def _next(self, table: RawTableConfig, lease: TableLease) -> Iterator[str]:
        if lease.is_refused:
            yield "Next: nothing is tried until a file lands, the manifest changes, or you decide."
            yield f"Run: {self.commands.show(table.qualified_name)}"
        else:
            yield "Next: the next cadence tries again."
            yield f"Run: {self.commands.status(table.source_table_name)}"

    def held(self, tables: Sequence[RawTableConfig], told: Mapping[str, Told]) -> Iterator[State]:
        """Return the state of each table that has held files, or had some."""
        held = _open_entries(self.entries)
        for table in tables:
            subject = Subject(Aspect.HELD, table.qualified_name)
            entries = held.get(table.source_table_name, [])
            if entries or told.get(subject.key, NOTHING_TOLD).is_open:
                yield self._held_state(subject, table, entries)

    def _held_state(
        self, subject: Subject, table: RawTableConfig, entries: Sequence[tuple[QuarantineKind, KeptEntry]]
    ) -> State:
        lines = [_table_line(table)]
        for kind, entry in entries[:_ENTRIES_OF_A_MESSAGE]:
            approve, dismiss = self._verdicts(kind, entry)
            lines += [
                f"Held since {entry.since} ({kind.value}): {entry.reason}",
                f"Run: {self.commands.show(entry.entry_id)}",
                f"Then: {approve}",
                f"Or: {dismiss}",
            ]
        if len(entries) > _ENTRIES_OF_A_MESSAGE:
            lines.append(f"And {len(entries) - _ENTRIES_OF_A_MESSAGE} more: odp quarantine list")
        return State(
            subject,
            f"{table.qualified_name} holds files that wait for a person",
            tuple(lines),
            frozenset(_digest(entry.entry_id) for _, entry in entries),
            min((entry.since for _, entry in entries), default=""),
            is_end_told=False,
        )

    def _verdicts(self, kind: QuarantineKind, entry: KeptEntry) -> tuple[str, str]:
        if kind is QuarantineKind.HELD_LOAD:
            name = entry.source_table_name
            return self.commands.reload(name, "approve"), self.commands.reload(name, "dismiss")
        return self.commands.release(entry.entry_id), self.commands.dismiss(entry.entry_id)


def _had_problem(table: RawTableConfig, told: Mapping[str, Told]) -> bool:
    return told.get(Subject(Aspect.REFRESH, table.qualified_name).key, NOTHING_TOLD).is_open


def _open_entries(entries: HeldEntries) -> dict[str, list[tuple[QuarantineKind, KeptEntry]]]:
    found: dict[str, list[tuple[QuarantineKind, KeptEntry]]] = {}
    for kind in HELD_KINDS:
        for entry in entries.of_tables(kind):
            if not entry.is_dismissed:
                found.setdefault(entry.source_table_name, []).append((kind, entry))
    return found


def _table_line(table: RawTableConfig) -> str:
    return f"Table: {table.source_table_name} to {table.qualified_name}, cadence {table.refresh_cadence}"


def _waiting(work: PendingWork | None) -> str:
    return f"Waiting: {work.files} files, {work.bytes:,} bytes" if work else "Waiting: no files"


def _digest(entry_id: str) -> str:
    return hashlib.sha256(entry_id.encode()).hexdigest()[:_DIGITS]
