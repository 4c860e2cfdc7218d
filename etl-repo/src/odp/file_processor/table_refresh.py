"""Refreshes one table: lease, what the table holds, what is pending, one commit, the catalog, the books.

The commit comes first and carries its file ids; catalog and books follow. A run that dies in between leaves files
pending that the table already holds: the next run sees them in the commit and only finishes catalog and books.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from odp.errors import LeaseLostError, RejectedInputError
from odp.file_processor.file_selection import select_files
from odp.file_processor.lease_heartbeat import LeaseHeartbeat
from odp.ports import FileTracker, Reconciler, TableLeases, TableWriter
from odp.records import (
    CommittedRefresh,
    LandedFile,
    Lease,
    RawTableConfig,
    RefreshOutcome,
    RefreshStatus,
    RowCounts,
    TableState,
)

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TableRefresher:
    """Refreshes tables for one job run; tables are islands, so no failure leaves this class."""

    files: FileTracker
    reconciler: Reconciler
    leases: TableLeases
    writer: TableWriter
    run_id: str
    heartbeat_seconds: float = 60
    clock: Callable[[], datetime] = _utc_now

    def refresh(self, config: RawTableConfig) -> RefreshOutcome | None:
        """Apply all pending files of one table; None while another run refreshes it."""
        started_at = _now()
        lease = self.leases.acquire(config.qualified_name, self.run_id)
        if lease is None:
            logger.info("%s is being refreshed by another run", config.qualified_name)
            return None
        work = _Refresh(self, config, lease)
        try:
            work.run()
            status, error, trace = RefreshStatus.COMPLETED, "", ""
        except Exception as failure:  # the other tables of the batch go on; the job run reports the failure
            logger.exception("%s was not refreshed", config.qualified_name)
            status, error, trace = RefreshStatus.ERROR, _one_line(failure), traceback.format_exc()
        outcome = RefreshOutcome(
            qualified_name=config.qualified_name,
            source_table_name=config.source_table_name,
            status=status,
            started_at=started_at,
            ended_at=_now(),
            counts=work.counts,
            files=work.finished_files,
            error=error,
            stack_trace=trace,
        )
        return self._close(work, outcome)

    def _close(self, work: _Refresh, outcome: RefreshOutcome) -> RefreshOutcome:
        self.leases.record(outcome, self.run_id)
        written_with = work.config.identity if work.holds_data() else None
        try:
            self.leases.release(work.lease, outcome.status, work.catalog_commit, written_with)
        except LeaseLostError as lost:
            return replace(outcome, status=RefreshStatus.ERROR, error=outcome.error or _one_line(lost))
        return outcome


class _Refresh:
    """One refresh under way: what it finished so far stays known when it fails."""

    def __init__(self, refresher: TableRefresher, config: RawTableConfig, lease: Lease) -> None:
        self._with = refresher
        self.config = config
        self.lease = lease
        self.catalog_commit = lease.catalog_commit
        self._has_commit = False
        self._is_writing = False
        self.counts = RowCounts()
        self.finished_files = 0

    def run(self) -> None:
        refuse_other_identity(self.config, self.lease.written_with)
        with LeaseHeartbeat(self.lease, self._with.leases, seconds=self._with.heartbeat_seconds) as heartbeat:
            committed = self._with.writer.last_refresh(self.config)
            pending = list(self._with.files.pending_files(self.config.source_table_name))
            if committed is not None:
                self._has_commit = True
                pending = self._finish_earlier_run(committed, pending, heartbeat.check)
            if pending:
                self._apply(pending, committed.state if committed else TableState(), heartbeat.check)

    def holds_data(self) -> bool:
        """Whether the table holds data for certain; a write that failed may have committed, so the table is asked."""
        if self._is_writing and not self._has_commit:
            try:
                self._has_commit = self._with.writer.last_refresh(self.config) is not None
            except Exception:  # the next refresh will know
                logger.exception("%s does not say whether it holds data", self.config.qualified_name)
        return self._has_commit

    def _finish_earlier_run(
        self, committed: CommittedRefresh, pending: list[LandedFile], check_lease: Callable[[], None]
    ) -> list[LandedFile]:
        in_table = [file for file in pending if file.file_id in committed.file_ids]
        if in_table:
            logger.info("%s: an earlier run committed %d files and died", self.config.qualified_name, len(in_table))
            self._finish(committed, in_table, check_lease)
        return [file for file in pending if file.file_id not in committed.file_ids]

    def _apply(self, pending: list[LandedFile], state: TableState, check_lease: Callable[[], None]) -> None:
        source, files = self.config.source_table_name, self._with.files
        if found := self._with.reconciler.of_table(pending, state.newest_change_file):
            logger.warning("%s: %d files had landed that no event told of", source, found)
            pending = list(files.pending_files(source))
        versioning = self.config.table_data_versioning_type
        refresh = select_files(pending, state, versioning, partial(files.processed_changes, source), self._with.clock())
        if refresh.files:
            self._is_writing = True
            committed = self._with.writer.apply(self.config, refresh, check_lease)
            self._has_commit = True
            self._finish(committed, [*refresh.files, *refresh.superseded], check_lease)
        elif refresh.superseded:
            self._close_books(refresh.superseded, state.generation, check_lease)
        else:
            logger.info("%s: a reload is not complete yet, %d files wait", source, len(pending))

    def _finish(
        self, committed: CommittedRefresh, files: Sequence[LandedFile], check_lease: Callable[[], None]
    ) -> None:
        self.catalog_commit = self._with.writer.publish(self.config, self.catalog_commit)
        self._close_books(files, committed.state.generation, check_lease)
        self.counts += committed.counts

    def _close_books(self, files: Sequence[LandedFile], generation: int, check_lease: Callable[[], None]) -> None:
        check_lease()
        self._with.files.mark_processed(files, self._with.run_id, generation)
        self.finished_files += len(files)


def refuse_other_identity(config: RawTableConfig, written_with: Mapping[str, str] | None) -> None:
    """Never write a table with other keys than it was filled with, even if its configuration slipped past a check.

    Raises:
        RejectedInputError: naming the fields.
    """
    known = written_with or {}
    changed = [f"{name} {known[name]!r}" for name, value in config.identity.items() if known.get(name, value) != value]
    if changed:
        message = (
            f"{config.qualified_name} holds data written with {', '.join(changed)}, but is configured otherwise now; "
            "configure it as it was"
        )
        raise RejectedInputError(message)


def _one_line(error: BaseException) -> str:
    """The first line and, of an error of the JVM, the cause at its root, which alone says what is wrong."""
    first, *others = str(error).strip().splitlines() or [""]
    causes = [line.removeprefix(": ") for line in others if line.startswith((": ", "Caused by: "))]
    return f"{type(error).__name__}: {' '.join([first, *causes[-1:]])}"[:1000]


def _now() -> str:
    return _utc_now().isoformat(timespec="milliseconds")
