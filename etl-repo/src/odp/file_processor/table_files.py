"""A table's landed files as a run needs them, and the entries of those that were held."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from lake.landing.listings import TableListing
from odp.file_processor.refresh_ports import RefreshPorts
from odp.file_processor.selection.readability import entry_of_held
from odp.records import FileStatus, LandedFile, QuarantineKind
from odp.refresh import TableState

logger = logging.getLogger(__name__)


class TableFiles:
    """The files of one source table; the last read of the pending ones says whether it was all of them."""

    def __init__(self, ports: RefreshPorts, source_table: str) -> None:
        self._with = ports
        self._source = source_table
        self.registrations = 0
        self.is_all = True

    def pending(self, done: Collection[LandedFile]) -> Sequence[LandedFile]:
        """Read the pending files without those that the table already has."""
        found = self._with.files.pending_files(self._source, self._with.limits.files)
        self.registrations, self.is_all = found.registrations, found.is_all
        ids = {file.file_id for file in done}
        return [file for file in found.files if file.file_id not in ids]

    def as_approved(self, pending: Sequence[LandedFile]) -> tuple[Sequence[LandedFile], Sequence[LandedFile]]:
        """Read the pending files and the history's parts of loads so that no moving part is missed.

        An approval moves the parts of a load one by one. A part that moves between the two reads would be in neither,
        and the others would look like the whole load.
        """
        processed = self._with.files.processed_loads(self._source)
        parts = self._with.files.pending_loads(self._source)
        moved = {part.file_id for part in parts}
        changes = (file for file in pending if not file.is_load)
        return [*parts, *changes], [part for part in processed if part.file_id not in moved]

    def register_missing(self, pending: Sequence[LandedFile], state: TableState) -> TableListing:
        """Register files whose events are lost, if any file is pending."""
        if not pending:
            return TableListing()
        listing = self._with.staged_files.register_missing(pending, state.newest_change_file)
        if listing.missed:
            logger.warning("%s: %d files had no event", self._source, listing.missed)
        return listing

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
