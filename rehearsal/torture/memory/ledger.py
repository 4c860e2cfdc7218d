"""odpf_file_tracker and odpf_file_tracker_history: a file is in neither, or in exactly one of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from odp.records import LandedFile, PendingFiles, PendingWork, Quarantined


class MemoryLedger:
    """The ledger of landed files."""

    def __init__(self) -> None:
        self.pending: dict[str, LandedFile] = {}
        self.history: dict[str, LandedFile] = {}
        self.registrations: dict[str, int] = defaultdict(int)

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history."""
        if file.file_id in self.pending or file.file_id in self.history:
            return False
        self.pending[file.file_id] = file
        self.registrations[file.source_table_name] += 1
        return True

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        """Give all pending parts of loads and the oldest changes by name."""
        files = _of(self.pending, source_table_name)
        loads = [file for file in files if file.is_load]
        changes = [file for file in files if not file.is_load]
        is_all = len(changes) <= most_changes
        return PendingFiles((*loads, *changes[:most_changes]), is_all, self.registrations[source_table_name])

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """Name those of the given files that are neither pending nor in the history."""
        return [file for file in files if file.file_id not in self.pending and file.file_id not in self.history]

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the parts of full loads that the history has."""
        return [file for file in _of(self.history, source_table_name) if file.is_load]

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        """List the change files that the history has, by name from a name on."""
        changes = (file for file in _of(self.history, source_table_name) if not file.is_load)
        return [file for file in changes if file.name >= from_name][:most]

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Sum the pending files of every source table."""
        files: dict[str, list[int]] = defaultdict(list)
        for file in self.pending.values():
            files[file.source_table_name].append(file.size)
        return {
            name: PendingWork(name, len(sizes), sum(sizes), self.registrations[name]) for name, sizes in files.items()
        }


def _of(files: Mapping[str, LandedFile], source_table_name: str) -> list[LandedFile]:
    """Give a table's files in the order of their ids, which is that of landing."""
    return [files[file_id] for file_id in sorted(files) if files[file_id].source_table_name == source_table_name]


class MemoryQuarantine:
    """odpf_quarantine."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Quarantined] = {}

    def keep(self, entry: Quarantined) -> bool:
        """Keep an entry; False when it is there already."""
        is_new = (entry.kind, entry.entry_id) not in self.entries
        self.entries[entry.kind, entry.entry_id] = entry
        return is_new

    def unknown(self, entries: Sequence[Quarantined]) -> Sequence[Quarantined]:
        """Name those of the given entries that are not kept yet."""
        return [entry for entry in entries if (entry.kind, entry.entry_id) not in self.entries]
