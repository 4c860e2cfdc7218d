"""What the refreshes of one job run are given by its entry point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from odp.file_processor.selection.landing_window import LandingWindow
from odp.file_processor.selection.late_files import Limits
from odp.ports import FileTracker, ObjectContents, RefreshEntries, RunLog, StagedFiles, TableLeases, TableWriter


def _utc_now() -> datetime:
    return datetime.now(UTC)


def always() -> bool:
    """Say that a run has time, as one of Glue does until its timeout."""
    return True


@dataclass(frozen=True, slots=True)
class RefreshPorts:
    """What the refreshes of one job run share: adapters, limits, the clock and the time left."""

    files: FileTracker
    staged_files: StagedFiles
    leases: TableLeases
    writer: TableWriter
    run_log: RunLog
    quarantine: RefreshEntries
    contents: ObjectContents
    run_id: str
    limits: Limits = field(default_factory=Limits)
    heartbeat_seconds: float = 60
    clock: Callable[[], datetime] = _utc_now
    has_time: Callable[[], bool] = always
    """Whether the run has time for one more commit; the files that it leaves wait for the next execution."""
    lost_on_the_way: LandingWindow | None = None
    """After a failover that was not planned: when files landed of which others may not have been replicated."""
