"""Empties a table whose load vanished from staging, when a person wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odp.file_manager.vanished_loads import KIND, VanishedLoad, VanishedLoads

from odp_cli.errors import CommandError
from odp_cli.operate.decision_log import Decision, DecisionLog

if TYPE_CHECKING:
    from odp_cli.operate.books import OperatedBooks


@dataclass(frozen=True, slots=True)
class Emptying:
    """Empties tables of a lake."""

    books: OperatedBooks
    loads: VanishedLoads

    def load_to_empty(self, table: str) -> VanishedLoad:
        """Give the vanished load of a table that may be emptied.

        Raises:
            CommandError: there is none.
        """
        load = self.loads.of(table)
        if load is None:
            raise CommandError(
                f"{table} is not emptied: objects of its load are in the staging bucket, a load waits already, or the "
                "table has only changes",
                mend="odp status --check shows the tables whose load vanished; load a table with only changes in DMS",
            )
        return load

    def empty(self, load: VanishedLoad, log: DecisionLog, reason: str) -> bool:
        """Have the next refresh empty the table; False if that was asked for before."""
        part = load.emptying_part()
        table = part.source_table_name
        noted = log.begin(Decision("odp reload --empty", table, reason, "rows kept", "emptied", [part.key]))
        is_new = self.books.register(part)
        for entry in self.books.entries([KIND]):
            if entry.table == table:
                self.books.remove(entry)
        log.end(noted, changed=int(is_new))
        return is_new
