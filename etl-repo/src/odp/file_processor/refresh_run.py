"""One refresh of one table: what the table holds, what is pending, commits of bounded size, the catalog, the run log.

The commit comes first and carries its file ids; catalog and run log follow. If a run dies in between, its files are
pending although the table has them. The next run finds them in the commit, and only finishes catalog and run log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeGuard

from lake.errors import LeaseLostError, RejectedInputError
from lake.tables.capabilities import Engine
from odp.file_processor.added_columns import advice_on
from odp.file_processor.lease_heartbeat import LeaseHeartbeat
from odp.file_processor.refresh_ports import RefreshPorts
from odp.file_processor.run_ending import ending_of, named, refuse_other_identity
from odp.file_processor.selection.file_selection import Selection
from odp.file_processor.selection.loads import is_settled
from odp.file_processor.selection.readability import ProcessedFiles, Readability, as_committed, entries_of
from odp.file_processor.table_files import TableFiles
from odp.records import LandedFile, Quarantined, QuarantineKind, RawTableConfig, SkipReason, engine_of_run
from odp.refresh import (
    LastCommit,
    Lease,
    RefreshOutcome,
    RefreshPlan,
    RefreshStatus,
    RowCounts,
    RunRecord,
    TableState,
)

logger = logging.getLogger(__name__)


_WITHOUT_ROW = (
    "%s: %d updates were of keys that the table did not have, and were inserted. Either primary keys were changed at "
    "the source, and the rows of the former keys are still in the table; or changes of before are lost or come late. "
    "Let the DMS task write before-images (add-before-image-columns), and load the table again in DMS"
)


class RefreshRun:
    """One refresh under way; `_done` has finished files that are not recorded yet."""

    def __init__(self, ports: RefreshPorts, config: RawTableConfig, lease: Lease, started_at: str) -> None:
        self._with = ports
        self._config = config
        self._lease = lease
        self._started_at = started_at
        self._catalog_commit = lease.catalog_commit
        self._newest: LastCommit | None = None
        self._is_writing = False
        self._done: tuple[LandedFile, ...] = ()
        self._files = 0
        self._landed = TableFiles(ports, config.source_table_name)
        self._counts = RowCounts()
        self._recorded = (0, RowCounts())
        self._left = 0
        self._awaits_load = False
        self._given_up: set[str] = set()
        self._engine = engine_of_run(lease.owner)
        self._beyond_engine = lease.beyond_engine if self._engine is Engine.SPARK else ""

    def run(self) -> None:
        """Do everything except the closing record."""
        refuse_other_identity(self._config, self._lease.written_with)
        with LeaseHeartbeat(self._lease, self._with.leases, seconds=self._with.heartbeat_seconds) as heartbeat:
            last = self._with.writer.last_refresh(self._config)
            if last is not None:
                self._newest = last
                self._finish_earlier_run(last)
            state = last.state if last else TableState()
            readability = Readability(self._with.staged_files, self._landed.register_missing(self._pending(), state))
            while self._has_more(step := self._step(state, readability, heartbeat.check)) and self._has_time():
                state = step.state
                self._record_done()

    def close(self, failure: Exception | None = None, stack_trace: str = "") -> RefreshOutcome:
        """Write the closing record and return the lease; a run that lost its lease records only that."""
        ending = ending_of(self._engine, failure, stack_trace, self._has_applied_all)
        self._beyond_engine = ending.beyond_engine or self._beyond_engine
        entry = RunRecord(
            outcome=replace(self._outcome(ending.status), error=ending.error, stack_trace=ending.stack_trace),
            files=self._done,
            closes=True,
            catalog_commit=self._catalog_commit,
            written_with=self._config.identity if self._holds_data() else None,
            refused=ending.is_refused,
            # a table that waits for the rest of a reload is planned again when the load is whole, despite the refusal
            refused_registrations=-1 if self._awaits_load else self._landed.registrations,
            refused_configuration=self._config.digest,
            size=self._newest.size if self._newest else None,
            comes_again=ending.comes_again,
        )
        try:
            self._with.run_log.append(self._lease, entry)
        except LeaseLostError as lost:
            files, counts = self._recorded
            status = ending.status if ending.is_stopped else RefreshStatus.ERROR
            outcome = replace(self._outcome(status), files=files, counts=counts)
            outcome = replace(outcome, error=ending.error or named(lost), stack_trace=ending.stack_trace)
            self._with.run_log.record(outcome, self._with.run_id)
            return outcome
        self._landed.take_out_entries(self._given_up)
        return entry.outcome

    def _has_applied_all(self) -> bool:
        try:
            self._landed.read_again()
            return not self._pending()
        except Exception:  # nobody knows, so it counts as failed
            logger.exception("%s does not say what is pending", self._config.qualified_name)
            return False

    def _outcome(self, status: RefreshStatus) -> RefreshOutcome:
        return RefreshOutcome(
            qualified_name=self._config.qualified_name,
            source_table_name=self._config.source_table_name,
            status=status,
            started_at=self._started_at,
            ended_at=now_text(),
            counts=self._counts,
            files=self._files,
            engine=self._engine,
            beyond_engine=self._beyond_engine,
            advice=advice_on(self._config.source_table_name, self._newest.added_columns if self._newest else ()),
        )

    def _holds_data(self) -> bool:
        """Whether the table certainly has data; a failed write may have committed, so the table itself is read."""
        if self._is_writing and self._newest is None:
            try:
                self._newest = self._with.writer.last_refresh(self._config)
            except Exception:  # the next refresh will know
                logger.exception("%s does not say whether it holds data", self._config.qualified_name)
        return self._newest is not None

    def _finish_earlier_run(self, last: LastCommit) -> None:
        """Record the files of a run that did not record its commit, also if they were skipped or held meanwhile.

        The commit of a run that heard nothing may land late: by then, a later run may have held its files.
        """
        files = [file for file in self._landed.unrecorded(last) if file.status_reason != SkipReason.OVERWRITTEN_AMID]
        if files:
            logger.info(
                "%s: an earlier run committed %d files and did not record them", self._config.qualified_name, len(files)
            )
            self._publish(last, [file.applied(last.state.generation) for file in files])
            self._warn_of_added_columns(last, ())
            # otherwise they are recorded together with the end of this run
            if self._pending() or not self._landed.is_all:
                self._record_done()

    def _pending(self) -> Sequence[LandedFile]:
        return self._landed.pending(self._done)

    def _step(self, state: TableState, readability: Readability, check_lease: Callable[[], None]) -> RefreshPlan | None:
        """Apply as much as one commit may read; None if nothing is pending."""
        if self._done and self._pending():
            self._record_done()
        pending = self._pending()
        if not pending:
            return None
        unsettled = (file for file in pending if file.is_load and not is_settled(file, self._with.clock()))
        self._awaits_load = state.generation > 0 and any(unsettled)
        source, parts = self._config.source_table_name, self._landed.processed_parts()
        selection = Selection(
            pending=pending,
            state=state,
            versioning=self._config.history,
            processed=ProcessedFiles(self._with.files, self._with.contents, readability, source, parts),
            now=self._with.clock(),
            unreadable=readability.unreadable(pending),
            limits=self._with.limits,
            is_all=self._landed.is_all,
            lost_on_the_way=self._with.lost_on_the_way,
        )
        refresh = replace(selection.select(), follows=self._newest.file_ids if self._newest else frozenset())
        if refresh.files:
            self._is_writing = True
            committed = self._apply(refresh, check_lease)
            known, self._newest = self._newest, committed
            self._publish(committed, refresh.files)
            self._warn_of_added_columns(committed, known.added_columns if known else ())
        self._set_aside(refresh)
        self._left = len(pending) - len(self._done)
        if not self._done:
            logger.info("%s: %d files wait for the rest of a full load", source, len(pending))
        return refresh

    def _apply(self, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Write the refresh. Files to hold are held even if the others are refused: that may correct the table."""
        try:
            leased = replace(refresh, fence=self._lease.fencing_token, epoch=self._lease.epoch)
            return self._with.writer.apply(self._config, leased, check_lease)
        except RejectedInputError:
            self._set_aside(replace(refresh, files=(), skipped=()))
            raise

    def _set_aside(self, refresh: RefreshPlan) -> None:
        for entry in entries_of(self._config, refresh):
            self._keep(entry)
        # applied files come last, because the last of them are recorded together with the commit's counts
        self._done = (*refresh.set_aside, *self._done)
        self._files += len(refresh.set_aside)
        self._given_up |= {file.held_id for file in refresh.skipped if file.is_load and file.held_id}

    def _keep(self, entry: Quarantined) -> None:
        """Keep an entry; an entry of a dead run may name fewer files than are held now."""
        if entry.kind is QuarantineKind.SKIPPED_FILE:  # a person may have dismissed it
            self._with.quarantine.keep(entry)
        else:
            self._with.quarantine.replace(entry)

    def _has_more(self, step: RefreshPlan | None) -> TypeGuard[RefreshPlan]:
        """Whether the step did something and left something."""
        return step is not None and bool(self._done) and (self._left > 0 or not self._landed.is_all)

    def _has_time(self) -> bool:
        """Whether there is time for one more commit; without it the run completes, and the other files wait."""
        if self._with.has_time():
            return True
        logger.info("%s: the other files wait, this run has too little time left", self._config.qualified_name)
        return False

    def _publish(self, committed: LastCommit, files: Sequence[LandedFile]) -> None:
        """Publish a commit in the catalog; only then do its files count as applied."""
        self._catalog_commit = self._with.writer.publish(self._config, self._catalog_commit)
        self._done = tuple(as_committed(files, self._with.staged_files))
        self._files += len(files)
        self._counts += committed.counts
        if committed.counts.updates_without_row:
            logger.warning(_WITHOUT_ROW, self._config.qualified_name, committed.counts.updates_without_row)

    def _warn_of_added_columns(self, committed: LastCommit, known: Collection[str]) -> None:
        if {*committed.added_columns} - {*known}:
            advice = advice_on(self._config.source_table_name, committed.added_columns)
            logger.warning("%s: %s", self._config.qualified_name, advice)

    def _record_done(self) -> None:
        """Record the files of earlier commits before a new commit, because a commit names only its own files."""
        if self._done:
            entry = RunRecord(self._outcome(RefreshStatus.UPDATING), self._done)
            self._with.run_log.append(self._lease, entry)
            self._done, self._recorded = (), (self._files, self._counts)
            self._landed.read_again()


def now_text() -> str:
    """The time of now, as the run log keeps times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
