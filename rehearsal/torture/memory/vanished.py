"""A person has a table emptied whose load vanished from staging, as `odp reload TABLE --empty` does."""

from typing import Any

from odp.file_manager.vanished_loads import VanishedLoad, VanishedLoads

from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.ledger import MemoryQuarantine

_LANDED_FILE_DAYS = 60


def vanished_load_of(table: str, ledger: Any, staging: Any, clock: Clock) -> VanishedLoad | None:  # noqa: ANN401 - ports under fire
    """Ask the framework, as the command does, whether the load of a table vanished."""
    return VanishedLoads(ledger, staging, MemoryQuarantine(), _LANDED_FILE_DAYS, clock.datetime).of(table)
