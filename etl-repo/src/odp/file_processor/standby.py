"""What a refresh in a standby Region sees: files that landed long enough ago that all before them have come, too.

S3 replicates in no order, and a refresh decides by the files that it sees, their landing times and the clock. A standby
that hides the newest files, and whose clock is that much behind, decides as the active Region decided at that time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from lake.ledger.epochs import Epoch
from odp.file_processor.refresh_ports import RefreshPorts
from odp.file_processor.selection.landing_window import LandingWindow
from odp.ports import FileTracker
from odp.records import LandedFile, PendingFiles


@dataclass(frozen=True, slots=True)
class FilesUntil:
    """The ledger of landed files without the pending ones that landed after a time."""

    files: FileTracker
    until: Callable[[], datetime]
    _whole: dict[str, PendingFiles] = field(default_factory=dict)
    """What was read of each table, with what is hidden."""

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        """List the pending files that landed in time.

        Hidden ones do not count as registered, so a refused table is planned again once they are seen.
        """
        found = self._whole[source_table_name] = self.files.pending_files(source_table_name, most_changes)
        seen = tuple(self._seen(found.files))
        hidden = len(found.files) - len(seen)
        return replace(found, files=seen, registrations=found.registrations - hidden)

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending parts of full loads that landed in time."""
        return self._seen(self.files.pending_loads(source_table_name))

    def unrecorded_files(
        self, source_table_name: str, file_ids: Collection[str], pending: PendingFiles
    ) -> Sequence[LandedFile]:
        """List the given files of a commit that do not count as applied; what is committed is seen.

        The Region may have been active a moment ago, and then it has committed files that it hides now.
        """
        whole = self._whole.get(source_table_name, pending)
        return self.files.unrecorded_files(source_table_name, file_ids, whole)

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the parts of full loads in the history, applied or not."""
        return self.files.processed_loads(source_table_name)

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        """List change files in the history, in the order of names, from a name on, up to a limit."""
        return self.files.processed_changes(source_table_name, from_name, most)

    def _seen(self, files: Sequence[LandedFile]) -> list[LandedFile]:
        until = self.until()
        return [file for file in files if datetime.fromisoformat(file.landed_at) <= until]


Ports = TypeVar("Ports", bound=RefreshPorts)


def as_standby(ports: Ports, lag: timedelta) -> Ports:
    """Return what refreshes of a standby Region are given: a clock that is behind, and the files until then."""

    def clock() -> datetime:
        return ports.clock() - lag

    return replace(ports, files=FilesUntil(ports.files, clock), clock=clock)


def lost_on_the_way(epoch: Epoch, lag: timedelta) -> LandingWindow | None:
    """Return when files landed that may lack others; None if the active Region was not lost but switched on purpose.

    A failover that could not tell what it had seen last may have lost it right before.
    """
    if epoch.planned:
        return None
    last_seen, until = epoch.last_seen or epoch.at, datetime.fromisoformat(epoch.at)
    return LandingWindow(datetime.fromisoformat(last_seen) - lag, until)
