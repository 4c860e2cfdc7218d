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
from odp.ports import FileTracker, Reconciler, RefreshBooks, TableLeases, TableWriter
from odp.records import LandedFile, RawTableConfig
from odp.refreshes import BookEntry, CommittedRefresh, Lease, RefreshOutcome, RefreshStatus, RowCounts, TableState

logger = logging.getLogger(__name__)
_MOST = 1_000_000
"""Until a refresh is capped by files and bytes."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TableRefresher:
    """Refreshes tables for one job run; tables are islands, so no failure leaves this class."""

    files: FileTracker
    reconciler: Reconciler
    leases: TableLeases
    writer: TableWriter
    books: RefreshBooks
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
        work = _Refresh(self, config, lease, started_at)
        try:
            work.run()
        except Exception as failure:  # the other tables of the batch go on; the job run reports the failure
            logger.exception("%s was not refreshed", config.qualified_name)
            return work.close(failure, traceback.format_exc())
        return work.close()


class _Refresh:
    """One refresh under way; `_applied` has the files that are in the table while the books do not know it yet."""

    def __init__(self, refresher: TableRefresher, config: RawTableConfig, lease: Lease, started_at: str) -> None:
        self._with = refresher
        self._config = config
        self._lease = lease
        self._started_at = started_at
        self._catalog_commit = lease.catalog_commit
        self._has_commit = False
        self._is_writing = False
        self._applied: tuple[LandedFile, ...] = ()
        self._generation = 0
        self._files = 0
        self._counts = RowCounts()
        self._in_books = (0, RowCounts())

    def run(self) -> None:
        """Do everything but closing the books."""
        refuse_other_identity(self._config, self._lease.written_with)
        with LeaseHeartbeat(self._lease, self._with.leases, seconds=self._with.heartbeat_seconds) as heartbeat:
            committed = self._with.writer.last_refresh(self._config)
            pending = self._pending()
            if committed is not None:
                self._has_commit = True
                pending = self._finish_earlier_run(committed, pending)
            if pending:
                self._enter_applied()
                self._apply(pending, committed.state if committed else TableState(), heartbeat.check)

    def close(self, failure: Exception | None = None, stack_trace: str = "") -> RefreshOutcome:
        """Close the books and return the lease; of a run that lost it, only that is kept."""
        status = RefreshStatus.ERROR if failure else RefreshStatus.COMPLETED
        error = _one_line(failure) if failure else ""
        entry = BookEntry(
            outcome=replace(self._outcome(status), error=error, stack_trace=stack_trace),
            files=self._applied,
            generation=self._generation,
            closes=True,
            catalog_commit=self._catalog_commit,
            written_with=self._config.identity if self._holds_data() else None,
            refused=isinstance(failure, RejectedInputError),
        )
        try:
            self._with.books.enter(self._lease, entry)
        except LeaseLostError as lost:
            files, counts = self._in_books
            outcome = replace(self._outcome(RefreshStatus.ERROR), files=files, counts=counts)
            outcome = replace(outcome, error=error or _one_line(lost), stack_trace=stack_trace)
            self._with.books.record(outcome, self._with.run_id)
            return outcome
        return entry.outcome

    def _outcome(self, status: RefreshStatus) -> RefreshOutcome:
        return RefreshOutcome(
            qualified_name=self._config.qualified_name,
            source_table_name=self._config.source_table_name,
            status=status,
            started_at=self._started_at,
            ended_at=_now(),
            counts=self._counts,
            files=self._files,
        )

    def _holds_data(self) -> bool:
        """Whether the table holds data for certain; a write that failed may have committed, so the table is asked."""
        if self._is_writing and not self._has_commit:
            try:
                self._has_commit = self._with.writer.last_refresh(self._config) is not None
            except Exception:  # the next refresh will know
                logger.exception("%s does not say whether it holds data", self._config.qualified_name)
        return self._has_commit

    def _finish_earlier_run(self, committed: CommittedRefresh, pending: list[LandedFile]) -> list[LandedFile]:
        in_table = [file for file in pending if file.file_id in committed.file_ids]
        if in_table:
            logger.info("%s: an earlier run committed %d files and died", self._config.qualified_name, len(in_table))
            self._publish(committed, in_table)
        return [file for file in pending if file.file_id not in committed.file_ids]

    def _apply(self, pending: list[LandedFile], state: TableState, check_lease: Callable[[], None]) -> None:
        source, files = self._config.source_table_name, self._with.files
        if missed := self._with.reconciler.of_table(pending, state.newest_change_file).missed:
            logger.warning("%s: %d files had landed that no event told of", source, missed)
        # also when nothing was found: a late event may have been faster than the listing
        pending = self._pending()
        versioning = self._config.table_data_versioning_type
        processed = partial(files.processed_changes, source, "", _MOST)
        refresh = select_files(pending, state, versioning, processed, self._with.clock())
        if refresh.files:
            self._is_writing = True
            committed = self._with.writer.apply(self._config, refresh, check_lease)
            self._has_commit = True
            self._publish(committed, [*refresh.files, *refresh.superseded])
        elif refresh.superseded:
            self._applied, self._generation = refresh.superseded, state.generation
            self._files += len(refresh.superseded)
        else:
            logger.info("%s: a reload is not complete yet, %d files wait", source, len(pending))

    def _pending(self) -> list[LandedFile]:
        return list(self._with.files.pending_files(self._config.source_table_name, _MOST).files)

    def _publish(self, committed: CommittedRefresh, files: Sequence[LandedFile]) -> None:
        """Bring the catalog up to a commit; only then do its files count as applied."""
        self._catalog_commit = self._with.writer.publish(self._config, self._catalog_commit)
        self._applied, self._generation = tuple(files), committed.state.generation
        self._files += len(files)
        self._counts += committed.counts

    def _enter_applied(self) -> None:
        """Leave no earlier commit's files open beside those of a new one: a commit tells of its own files only."""
        if self._applied:
            entry = BookEntry(self._outcome(RefreshStatus.UPDATING), self._applied, self._generation)
            self._with.books.enter(self._lease, entry)
            self._applied, self._in_books = (), (self._files, self._counts)


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
