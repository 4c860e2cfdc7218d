"""A table's landed files as a run needs them, and the entries of those that were held."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from lake.landing.listings import TableListing
from odp.file_processor.refresh_ports import RefreshPorts
from odp.file_processor.selection.readability import entry_of_held
from odp.records import FileStatus, LandedFile, PendingFiles, QuarantineKind
from odp.refresh import LastCommit, TableState

logger = logging.getLogger(__name__)


class TableFiles:
    """The files of one source table as the ledger had them when it was last read."""

    def __init__(self, ports: RefreshPorts, source_table: str) -> None:
        self._with = ports
        self._source = source_table
        self._is_read = False
        self._pending = PendingFiles((), is_all=True, registrations=0)
        self._processed_loads: Sequence[LandedFile] = ()

    @property
    def registrations(self) -> int:
        """The number of registrations before the last read."""
        return self._pending.registrations

    @property
    def is_all(self) -> bool:
        """Whether the last read found all pending files."""
        return self._pending.is_all

    def read_again(self) -> None:
        """Have the next one who asks read the ledger."""
        self._is_read = False

    def pending(self, done: Collection[LandedFile]) -> Sequence[LandedFile]:
        """Return the pending files without those that the table already has."""
        ids = {file.file_id for file in done}
        return [file for file in self._read().files if file.file_id not in ids]

    def processed_parts(self) -> Sequence[LandedFile]:
        """Return the history's parts of loads that were not pending at the same time."""
        pending = {file.file_id for file in self._read().files}
        return [part for part in self._processed_loads if part.file_id not in pending]

    def unrecorded(self, last: LastCommit) -> Sequence[LandedFile]:
        """List the files of the last commit that do not count as applied."""
        return self._with.files.unrecorded_files(self._source, last.file_ids, self._read())

    def register_missing(self, pending: Sequence[LandedFile], state: TableState) -> TableListing:
        """Register files whose events are lost, if any file is pending; after a find, the ledger is read again.

        A file that was registered between the last read and the listing is in the listing, and is such a find. If
        nothing was found, the last read has every file that the listing shows, so no newer file comes before an older.
        """
        if not pending:
            return TableListing()
        listing = self._with.staged_files.register_missing(pending, state.newest_change_file, self._processed_loads)
        if listing.shows_more:
            self.read_again()
        if listing.missed:
            logger.warning("%s: %d files had no event", self._source, listing.missed)
        return listing

    def _read(self) -> PendingFiles:
        """Read the history's parts of loads before the pending files, so that no moving part is missed.

        An approval moves the parts of a load one by one. A part that moves between the two reads would be in neither,
        and the others would look like the whole load.
        """
        if not self._is_read:
            self._processed_loads = self._with.files.processed_loads(self._source)
            self._pending = self._with.files.pending_files(self._source, self._with.limits.files)
            self._is_read = True
        return self._pending

    def take_out_entries(self, held_ids: Collection[str]) -> None:
        """Take out the entries of held loads that were given up; a failure here leaves them to `odp reload`."""
        if not held_ids:
            return
        try:
            loads = self._with.files.processed_loads(self._source)
            held = {part.held_id for part in loads if part.status is FileStatus.HELD}
            for held_id in sorted({*held_ids} - held):
                entry_id = entry_of_held(self._source, held_id)
                self._with.quarantine.remove(QuarantineKind.HELD_LOAD, entry_id)
        except Exception:
            logger.exception("%s: entries of loads that were given up stay in quarantine", self._source)
