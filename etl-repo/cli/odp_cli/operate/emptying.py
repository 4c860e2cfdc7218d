"""Empties a table whose load vanished from staging, on a person's request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odp.file_manager.vanished_loads import KIND, VanishedLoad, VanishedLoads
from odp.records import FileStatus, LandedFile

from odp_cli.errors import CommandError
from odp_cli.operate.decision_log import Decision, DecisionLog

if TYPE_CHECKING:
    from odp_cli.operate.ledger import OperatedLedger


@dataclass(frozen=True, slots=True)
class Emptying:
    """Empties tables of a lake."""

    ledger: OperatedLedger
    loads: VanishedLoads

    def load_to_empty(self, table: str) -> VanishedLoad:
        """Return the vanished load of a table that may be emptied.

        Raises:
            CommandError: there is none.
        """
        load = self.loads.of(table)
        if load is None:
            self._refuse_while_held(table)
            raise CommandError(
                f"{table} is not emptied: files from before are in the staging bucket, or all of them may have "
                "expired, or a load waits already",
                mend="odp status --check shows the tables that may be emptied, and those of which nobody can tell; if "
                "the source was emptied, load the table again in DMS",
            )
        self._refuse_unless_new(load.emptying_part())
        return load

    def empty(self, load: VanishedLoad, log: DecisionLog, reason: str) -> bool:
        """Register the request to empty the table; False if an earlier request is pending or done.

        Raises:
            CommandError: the request was held or skipped meanwhile; the entry stays.
        """
        part = load.emptying_part()
        table = part.source_table_name
        noted = log.begin(Decision("odp reload --empty", table, reason, "rows kept", "emptied", [part.key]))
        is_new = self.ledger.register(part)
        if not is_new:
            log.end(noted, changed=0)
            self._refuse_unless_new(part)
        for entry in self.ledger.entries([KIND]):
            if entry.table == table:
                self.ledger.remove(entry)
        if is_new:
            log.end(noted, changed=1)
        return is_new

    def _refuse_while_held(self, table: str) -> None:
        held = [file for file in self.ledger.held_files(table) if file.is_load]
        if held:
            raise CommandError(
                f"{table} is not emptied: a load of it is held, because {held[-1].status_reason}",
                mend=f"odp reload {table} --approve or --dismiss; then odp status --check looks again",
            )

    def _refuse_unless_new(self, part: LandedFile) -> None:
        processed = self.ledger.tracker.processed_loads(part.source_table_name)
        known = next((file for file in processed if file.file_id == part.file_id), None)
        if known is None or known.status is FileStatus.APPLIED:
            return
        if known.status is FileStatus.HELD:
            self._refuse_while_held(part.source_table_name)
        raise CommandError(
            f"{part.source_table_name} is not emptied: the request was skipped, because {known.status_reason}",
            mend="load the table again in DMS, or keep its rows: odp quarantine dismiss ENTRY --reason …",
        )
