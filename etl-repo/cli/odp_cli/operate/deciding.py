"""Carries out decisions file by file; an interrupted command that is run again does the rest."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from odp.commands import approval_of, whole_approvals
from odp.records import HELD_KINDS
from odp.refresh import RefreshStatus

from odp_cli.errors import CommandError
from odp_cli.operate.decision_log import Decision, DecisionLog
from odp_cli.operate.entries import Entry
from odp_cli.operate.held_files import HeldEntries
from odp_cli.operate.ledger import OperatedLedger

if TYPE_CHECKING:
    from odp.records import LandedFile


class Verdict(StrEnum):
    """A person's verdict about held files."""

    APPROVE = "approve"
    DISMISS = "dismiss"


_SHOWN = 5
_AFTER = {Verdict.APPROVE: "pending, approved", Verdict.DISMISS: "skipped"}


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome of a decision about files."""

    files: tuple[LandedFile, ...] = ()
    too_late: tuple[LandedFile, ...] = ()
    closed: tuple[Entry, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "decided": [file.file_id for file in self.files],
            "too_late": [file.file_id for file in self.too_late],
            "closed_entries": [entry.number for entry in self.closed],
        }


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decides in the name of one person."""

    ledger: OperatedLedger
    decided_by: str

    @property
    def log(self) -> DecisionLog:
        """The log of decisions."""
        return DecisionLog(self.ledger, self.decided_by)

    def about_held(self, command: str, verdict: Verdict, files: Sequence[LandedFile], reason: str = "") -> Decided:
        """Approve or dismiss held files of one table, then close entries without held files."""
        table = files[0].source_table_name
        if verdict is Verdict.DISMISS:  # somebody may have begun to approve before this person answered
            refuse_to_dismiss_the_rest(self.ledger, files)
        decision = Decision(command, table, reason, "held", _AFTER[verdict], _keys(files))
        entries = _held_entries(self.ledger, table)
        decide, approval = self.ledger.decisions.dismiss, None
        if verdict is Verdict.APPROVE:
            decide = self.ledger.decisions.release
            approval = approval_of(self.ledger.held_files(table), _ids(files), new=uuid.uuid4().hex)
        decided = self._each(decision, files, lambda file: decide(table, file.file_id), approval)
        about = _waiting(entries, files)
        return Decided(decided.files, decided.too_late, self._close(table, about))

    def skip(self, command: str, files: Sequence[LandedFile], reason: str, *, qualified_name: str) -> Decided:
        """Move pending files of one table to the history; no run may be writing the table meanwhile."""
        table = files[0].source_table_name
        decision = Decision(command, table, reason, "pending", "skipped", _keys(files))
        skip = self.ledger.decisions.skip
        return self._each(
            decision, files, lambda file: skip(table, file.file_id, reason, qualified_name=qualified_name)
        )

    def try_again(self, command: str, entry: Entry, reason: str) -> None:
        """Have a refused table planned again."""
        noted = self.log.begin(Decision(command, entry.table, reason, "refused", "planned again", [entry.entry_id]))
        self.ledger.try_again(entry.table)
        self.log.end(noted, changed=1)

    def acknowledge(self, command: str, entry: Entry, reason: str) -> bool:
        """Mark an entry as needing nobody any more; the sweep would add it again if it were removed."""
        noted = self.log.begin(Decision(command, entry.table, reason, "waits", "dismissed", [entry.entry_id]))
        is_new = self.ledger.mark_dismissed(entry, at=self.log.now(), by=self.decided_by, reason=reason)
        self.log.end(noted, changed=int(is_new))
        return is_new

    def take_out(self, command: str, entries: Sequence[Entry], reason: str) -> Decided:
        """Remove entries of one table whose cause is gone, without touching the table's files."""
        if not entries:
            return Decided()
        subjects = [entry.entry_id for entry in entries]
        noted = self.log.begin(Decision(command, entries[0].table, reason, "waits", "taken out", subjects))
        for entry in entries:
            self.ledger.remove(entry)
        self.log.end(noted, changed=len(entries))
        return Decided(closed=tuple(entries))

    def closed(self, decided: Decided, entry: Entry) -> Decided:
        """Remove an entry whose files are all decided."""
        self.ledger.remove(entry)
        return Decided(decided.files, decided.too_late, (*decided.closed, entry))

    def _close(self, table: str, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """Remove the entries without held files."""
        done = tuple(entry for entry in _without_files(self.ledger, table) if entry in entries) if entries else ()
        for entry in done:
            self.ledger.remove(entry)
        return done

    def _each(
        self,
        decision: Decision,
        files: Sequence[LandedFile],
        decide: Callable[[LandedFile], bool],
        approval: str | None = None,
    ) -> Decided:
        noted = self.log.begin(decision)
        for file in files:
            if approval is not None and file.approval != approval:
                self.ledger.decisions.choose(decision.table, file.file_id, approval)
        outcomes = [(file, decide(file)) for file in files]
        done = tuple(file for file, is_decided in outcomes if is_decided)
        self.log.end(noted, changed=len(done))
        return Decided(done, tuple(file for file, is_decided in outcomes if not is_decided))


def refuse_to_dismiss_the_rest(ledger: OperatedLedger, files: Sequence[LandedFile]) -> None:
    """Refuse to dismiss all other held files of an approval that was interrupted or is under way.

    Raises:
        CommandError: the approved parts would be applied without these.
    """
    if not files:
        return
    table = files[0].source_table_name
    decided = whole_approvals(ledger.held_files(table), _ids(files))
    alone = [file for file in ledger.tracker.pending_loads(table) if file.approved and file.approval in decided]
    if alone:
        raise CommandError(
            f"{', '.join(file.name for file in alone[:_SHOWN])} would be applied without them: somebody has begun to "
            "approve the load",
            mend=f"approve the rest by odp reload {table} --approve, or first take back what was approved by odp skip "
            f"{alone[0].key}",
        )


def left_over(ledger: OperatedLedger, table: str) -> list[Entry]:
    """List the entries without held files, which a dead command left.

    A run writes its entry before it holds the files, so entries of a table that is being written stay.
    """
    config = ledger.configuration().tables.get(table)
    lease = ledger.leases([config.qualified_name]).get(config.qualified_name) if config else None
    if lease and lease.refresh_status == RefreshStatus.UPDATING:
        return []
    return _without_files(ledger, table)


def refuse_to_close(ledger: OperatedLedger, entry: Entry) -> None:
    """Refuse to close an entry that has held files, or may have some soon.

    Raises:
        CommandError: a run may be about to hold its files, or has held some meanwhile.
    """
    if entry.kind in HELD_KINDS and entry not in left_over(ledger, entry.table):
        raise CommandError(
            f"a run is writing {entry.table}, and may be about to hold the files of entry {entry.number}",
            mend="run this again once a refresh of the table has ended",
        )


def _without_files(ledger: OperatedLedger, table: str) -> list[Entry]:
    entries = _held_entries(ledger, table)
    waiting = _waiting(entries, ledger.held_files(table)) if entries else []
    return [entry for entry in entries if entry not in waiting]


def _held_entries(ledger: OperatedLedger, table: str) -> list[Entry]:
    return [entry for entry in ledger.entries(HELD_KINDS) if entry.table == table]


def _waiting(entries: Sequence[Entry], files: Sequence[LandedFile]) -> list[Entry]:
    """Return the entries that some files belong to, or may belong to."""
    of_entries = HeldEntries(entries, files)
    return [entry for entry in entries if of_entries.files_of(entry) or of_entries.unclear_of(entry)]


def _ids(files: Sequence[LandedFile]) -> set[str]:
    return {file.file_id for file in files}


def _keys(files: Sequence[LandedFile]) -> list[str]:
    return [f"{file.key} ({file.version_id})" if file.version_id else file.key for file in files]
