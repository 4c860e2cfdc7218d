"""A person has a table emptied whose load vanished from staging, as `odp reload TABLE --empty` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odp.file_manager.vanished_loads import VanishedLoad
from odp.records import LandedFile
from odp_cli.operate.vanished import VanishedLoads

from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.ledger import MemoryLedger
from rehearsal.torture.memory.staging import StagingBucket

_LANDED_FILE_DAYS = 60


@dataclass(frozen=True, slots=True)
class MemoryOperatedBooks:
    """What the command reads of the books."""

    ledger: MemoryLedger
    clock: Clock

    def has_pending_load(self, table: str) -> bool:
        """Tell whether a part of a full load waits."""
        return self.ledger.has_pending_load(table)

    def processed_loads(self, table: str) -> Sequence[LandedFile]:
        """List the parts of full loads in the history."""
        return self.ledger.processed_loads(table)

    def now(self) -> datetime:
        """Give the time."""
        return self.clock.datetime()


def vanished_load_of(table: str, ledger: MemoryLedger, staging: StagingBucket, clock: Clock) -> VanishedLoad | None:
    """Ask the command itself whether the load of a table vanished."""
    books: Any = MemoryOperatedBooks(ledger, clock)
    staged: Any = staging
    return VanishedLoads(books, staged, _LANDED_FILE_DAYS).of(table)
