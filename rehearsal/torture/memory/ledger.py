"""odpf_file_tracker and odpf_file_tracker_history: a file is in neither, or in exactly one of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from odp.records import FileType, LandedFile, PendingWork, RejectedFile

FILES_PER_TRANSACTION = 2
"""So few that runs die between two transactions."""


class MemoryLedger:
    """The ledger of landed files."""

    def __init__(self) -> None:
        self.pending: dict[str, LandedFile] = {}
        self.history: dict[str, LandedFile] = {}
        self.rejected: dict[str, RejectedFile] = {}
        self._between_transactions: Callable[[], None] = lambda: None

    def interrupted(self, between_transactions: Callable[[], None]) -> "MemoryLedger":
        """The same ledger for a run that something may happen to between two transactions."""
        ledger = MemoryLedger()
        ledger.pending, ledger.history, ledger.rejected = self.pending, self.history, self.rejected
        ledger._between_transactions = between_transactions
        return ledger

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history."""
        if file.file_id in self.pending or file.file_id in self.history:
            return False
        self.pending[file.file_id] = file
        return True

    def record_rejected(self, file: RejectedFile) -> None:
        """Keep a rejected object with its reason."""
        self.rejected[file.file_id] = file

    def pending_files(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending files of one source table."""
        return [file for file in self.pending.values() if file.source_table_name == source_table_name]

    def unknown(self, files: Sequence[LandedFile | RejectedFile]) -> Sequence[LandedFile | RejectedFile]:
        """Name those of the given files that are in no book."""
        known = (self.pending, self.history, self.rejected)
        return [file for file in files if not any(file.file_id in book for book in known)]

    def processed_changes(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the change files of a table that were applied or superseded."""
        return [
            file
            for file in self.history.values()
            if file.source_table_name == source_table_name and file.file_type is FileType.CHANGES
        ]

    def mark_processed(self, files: Iterable[LandedFile], run_id: str, generation: int) -> None:  # noqa: ARG002
        """Move files from pending to history, a few in each transaction."""
        moved = list(files)
        for start in range(0, len(moved), FILES_PER_TRANSACTION):
            self._between_transactions()
            for file in moved[start : start + FILES_PER_TRANSACTION]:
                self.history[file.file_id] = replace(file, generation=generation)
                self.pending.pop(file.file_id, None)

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Sum the pending files of every source table."""
        files: dict[str, list[int]] = defaultdict(list)
        for file in self.pending.values():
            files[file.source_table_name].append(file.size)
        return {name: PendingWork(name, len(sizes), sum(sizes)) for name, sizes in files.items()}
