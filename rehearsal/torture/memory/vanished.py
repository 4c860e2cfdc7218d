"""A person has a table emptied whose load vanished from staging, as `odp reload TABLE --empty` does."""

from odp.file_manager.vanished_loads import VanishedLoad, VanishedLoads

from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.ledger import MemoryLedger, MemoryQuarantine
from rehearsal.torture.memory.staging import StagingBucket

_LANDED_FILE_DAYS = 60


def vanished_load_of(table: str, ledger: MemoryLedger, staging: StagingBucket, clock: Clock) -> VanishedLoad | None:
    """Ask the framework, as the command does, whether the load of a table vanished."""
    return VanishedLoads(ledger, staging, MemoryQuarantine(), _LANDED_FILE_DAYS, clock.datetime).of(table)
