"""odpf_file_tracker and odpf_file_tracker_history: a file is in neither, or in exactly one of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from odp.records import LandedFile, PendingWork, Quarantined


class MemoryLedger:
    """The ledger of landed files."""

    def __init__(self) -> None:
        self.pending: dict[str, LandedFile] = {}
        self.history: dict[str, LandedFile] = {}

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history."""
        if file.file_id in self.pending or file.file_id in self.history:
            return False
        self.pending[file.file_id] = file
        return True

    def pending_files(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending files of one source table."""
        return [file for file in self.pending.values() if file.source_table_name == source_table_name]

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """Name those of the given files that are neither pending nor in the history."""
        return [file for file in files if file.file_id not in self.pending and file.file_id not in self.history]

    def processed_changes(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the change files of a table that were applied or superseded."""
        return [
            file for file in self.history.values() if file.source_table_name == source_table_name and not file.is_load
        ]

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Sum the pending files of every source table."""
        files: dict[str, list[int]] = defaultdict(list)
        for file in self.pending.values():
            files[file.source_table_name].append(file.size)
        return {name: PendingWork(name, len(sizes), sum(sizes)) for name, sizes in files.items()}


class MemoryQuarantine:
    """odpf_quarantine."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Quarantined] = {}

    def keep(self, entry: Quarantined) -> bool:
        """Keep an entry; False when it is there already."""
        is_new = (entry.kind, entry.entry_id) not in self.entries
        self.entries[entry.kind, entry.entry_id] = entry
        return is_new
