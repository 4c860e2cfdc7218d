"""Finds the tables whose load vanished from staging, and empties one when a person wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odp.file_manager.vanished_loads import VanishedLoad, load_in_table, vanished_load
from odp.records import QuarantineKind

from odp_cli.errors import CommandError
from odp_cli.operate.decision_log import Decision, DecisionLog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odp_cli.operate.books import OperatedBooks
    from odp_cli.operate.entries import Entry
    from odp_cli.operate.staged_objects import StagedObjects

_KIND = QuarantineKind.VANISHED_LOAD


@dataclass(frozen=True, slots=True)
class VanishedLoads:
    """Compares the books of a lake with its staging bucket."""

    books: OperatedBooks
    staged: StagedObjects
    landed_file_days: int

    def check(self, tables: Iterable[str]) -> list[VanishedLoad]:
        """Bring the entries of these tables up to date; gives what has vanished."""
        names = set(tables)
        found = [load for name in sorted(names) if (load := self.of(name))]
        for load in found:
            self.books.keep(load.entry())
        still = {load.entry_id for load in found}
        for entry in self._entries():
            if entry.table in names and entry.entry_id not in still:
                self.books.remove(entry)
        return found

    def of(self, table: str) -> VanishedLoad | None:
        """Tell whether the load of a table vanished and no other one has begun to come."""
        if self.books.has_pending_load(table):
            return None
        parts = load_in_table(self.books.processed_loads(table))
        days = self.landed_file_days
        return vanished_load(parts, self.staged.gone_since, now=self.books.now(), landed_file_days=days)

    def to_empty(self, table: str) -> VanishedLoad:
        """Give the vanished load of a table that may be emptied.

        Raises:
            CommandError: there is none.
        """
        load = self.of(table)
        if load is None:
            raise CommandError(
                f"{table} is not emptied: objects of its load are in the staging bucket, or a load waits already",
                mend="odp status --check shows the tables whose load vanished",
            )
        return load

    def empty(self, load: VanishedLoad, log: DecisionLog, reason: str) -> bool:
        """Have the next refresh empty the table; False if that was asked for before."""
        part = load.emptying_part()
        table = part.source_table_name
        noted = log.begin(Decision("odp reload --empty", table, reason, "rows kept", "emptied", [part.key]))
        is_new = self.books.register(part)
        for entry in self._entries():
            if entry.table == table:
                self.books.remove(entry)
        log.end(noted, changed=int(is_new))
        return is_new

    def _entries(self) -> list[Entry]:
        return self.books.entries([_KIND])
