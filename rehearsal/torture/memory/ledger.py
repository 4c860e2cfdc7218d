"""odpf_file_tracker and odpf_file_tracker_history: a file is in neither, or in exactly one of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from odp.records import (
    FileStatus,
    KeptEntry,
    LandedFile,
    PendingFiles,
    PendingWork,
    Quarantined,
    QuarantineKind,
    SkipReason,
)


class MemoryLedger:
    """The ledger of landed files."""

    def __init__(self) -> None:
        self.pending: dict[str, LandedFile] = {}
        self.history: dict[str, LandedFile] = {}
        self.registrations: dict[str, int] = defaultdict(int)
        self.mark: Callable[[LandedFile], None] = lambda _: None
        """Told of each new file in the transaction that registers it."""

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history."""
        if file.file_id in self.pending or file.file_id in self.history:
            return False
        self.mark(file)
        self.pending[file.file_id] = file
        self.registrations[file.source_table_name] += 1
        return True

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        """List all pending parts of loads and the oldest pending changes of one source table."""
        files = _by_id(file for file in self.pending.values() if file.source_table_name == source_table_name)
        loads, changes = [file for file in files if file.is_load], [file for file in files if not file.is_load]
        oldest = changes[:most_changes]
        last = oldest[-1].name if oldest else ""
        oldest += [file for file in changes[most_changes:] if file.name == last]
        is_all = len(oldest) == len(changes)
        return PendingFiles((*loads, *oldest), is_all, self.registrations[source_table_name])

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending parts of full loads of one source table."""
        return [file for file in self.pending_files(source_table_name, 0).files if file.is_load]

    def unrecorded_files(
        self, source_table_name: str, file_ids: Collection[str], pending: PendingFiles
    ) -> Sequence[LandedFile]:
        """List the given files that do not count as applied; those that were pending do not, whatever came since."""
        known = {name: file for name, file in self.history.items() if file.status is not FileStatus.APPLIED}
        known |= ({} if pending.is_all else self.pending) | {file.file_id: file for file in pending.files}
        found = (known[file_id] for file_id in file_ids if file_id in known)
        return _by_id(file for file in found if file.source_table_name == source_table_name)

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """List the given files that are neither pending nor in the history."""
        return [file for file in self.unprocessed(files) if file.file_id not in self.pending]

    def unprocessed(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """List the given files that the history lacks."""
        return [file for file in files if file.file_id not in self.history]

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the parts of full loads in the history."""
        return [file for file in self._processed(source_table_name) if file.is_load]

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        """List change files of the history from a name on."""
        files = self._processed(source_table_name)
        return [file for file in files if not file.is_load and file.name >= from_name][:most]

    def _processed(self, source_table_name: str) -> Sequence[LandedFile]:
        return _by_id(file for file in self.history.values() if file.source_table_name == source_table_name)

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Sum the pending files of every source table."""
        files: dict[str, list[int]] = defaultdict(list)
        for file in self.pending.values():
            files[file.source_table_name].append(file.size)
        return {
            name: PendingWork(name, len(sizes), sum(sizes), self.registrations[name]) for name, sizes in files.items()
        }

    def held(self, source_table_name: str) -> Sequence[LandedFile]:
        """List what waits for a person."""
        return [file for file in self._processed(source_table_name) if file.status is FileStatus.HELD]

    def _is_held(self, file: LandedFile) -> bool:
        return file.file_id in self.history and self.history[file.file_id].status is FileStatus.HELD

    def choose(self, file: LandedFile, approval: str) -> None:
        """Note which approval a held file is to be part of; one that is no longer held stays unchanged."""
        if self._is_held(file):
            self.history[file.file_id] = replace(self.history[file.file_id], approval=approval)

    def approve(self, file: LandedFile) -> None:
        """Let a held file be applied; one that is no longer held stays unchanged."""
        if not self._is_held(file):
            return
        held = self.history.pop(file.file_id)
        self.register(replace(held, status=FileStatus.PENDING, status_reason="", approved=True))

    def skip(self, file: LandedFile, reason: str, fence: Callable[[], bool]) -> bool:
        """Decide that a pending file is never applied, unless a run may be applying it: `fence` says so."""
        if file.file_id not in self.pending or not fence():
            return False
        del self.pending[file.file_id]
        self.history[file.file_id] = replace(file, status=FileStatus.SKIPPED, status_reason=reason)
        self.registrations[file.source_table_name] += 1
        return True

    def dismiss(self, file: LandedFile) -> None:
        """Decide that a held file is never applied; one that is no longer held stays unchanged."""
        if not self._is_held(file):
            return
        self.history[file.file_id] = file.skipped(SkipReason.DISMISSED)
        self.registrations[file.source_table_name] += 1


class MemoryQuarantine:
    """odpf_quarantine; nobody dismisses an entry."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Quarantined] = {}

    def keep(self, entry: Quarantined) -> bool:
        """Keep an entry; False when it is there already."""
        is_new = (entry.kind, entry.entry_id) not in self.entries
        self.entries[entry.kind, entry.entry_id] = entry
        return is_new

    def of_tables(self, kind: QuarantineKind) -> Sequence[KeptEntry]:
        """List the entries of a kind, each with its table."""
        found = (entry for (of_kind, _), entry in self.entries.items() if of_kind == kind)
        return [KeptEntry(entry.entry_id, str(entry.details["source_table_name"]), since="") for entry in found]

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Remove an entry."""
        self.entries.pop((kind, entry_id), None)

    def replace(self, entry: Quarantined) -> None:
        """Keep the present entry."""
        self.keep(entry)

    def unknown(self, entries: Sequence[Quarantined]) -> Sequence[Quarantined]:
        """List the given entries that are not kept yet."""
        return [entry for entry in entries if (entry.kind, entry.entry_id) not in self.entries]


def _by_id(files: Iterable[LandedFile]) -> list[LandedFile]:
    """DynamoDB's sort key is the id, which begins with the kind of file and its name."""
    return sorted(files, key=lambda file: (not file.is_load, file.name, file.file_id))
