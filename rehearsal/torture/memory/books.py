"""The run log in memory: each transaction requires the lease, and succeeds or fails as a whole."""

from collections.abc import Callable, Iterator, Sequence

from odp.records import LandedFile
from odp.refresh import Lease, RefreshOutcome, RunRecord

from rehearsal.torture.memory.leases import MemoryLeases
from rehearsal.torture.memory.ledger import MemoryLedger

FILES_PER_TRANSACTION = 2
"""So few that runs die between two transactions."""

Outcomes = dict[tuple[str, str], RefreshOutcome]
"""odpf_file_processing_tracker_history: an item for each table and run."""


class MemoryRunLog:
    """Writes entries for one run, which may be interrupted before each transaction."""

    def __init__(
        self, ledger: MemoryLedger, leases: MemoryLeases, outcomes: Outcomes, before_transaction: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._leases = leases
        self._outcomes = outcomes
        self._before_transaction = before_transaction

    def append(self, lease: Lease, entry: RunRecord) -> None:
        """Move files from pending to history, a few at a time, and keep the outcome with the last of them."""
        *firsts, last = list(_chunks(entry.files)) or [()]
        for files in firsts:
            self._begin(lease)
            self._move(files)
        self._begin(lease)
        self._move(last)
        self.record(entry.outcome, lease.owner)
        if entry.closes:
            item = self._leases.mine(lease)
            item.status, item.catalog_commit, item.owner = entry.outcome.status, entry.catalog_commit, None
            item.written_with = entry.written_with or item.written_with
            item.refused_registrations = entry.refused_registrations if entry.refused else -1
            item.refused_configuration = entry.refused_configuration if entry.refused else ""

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Keep the outcome of a run."""
        self._outcomes[outcome.qualified_name, run_id] = outcome

    def _begin(self, lease: Lease) -> None:
        self._before_transaction()
        self._leases.mine(lease)

    def _move(self, files: Sequence[LandedFile]) -> None:
        for file in files:
            self._ledger.history[file.file_id] = file
            self._ledger.pending.pop(file.file_id, None)


def _chunks(files: Sequence[LandedFile]) -> Iterator[Sequence[LandedFile]]:
    for start in range(0, len(files), FILES_PER_TRANSACTION):
        yield files[start : start + FILES_PER_TRANSACTION]
