"""Refreshes the tables of one batch, each under its lease, and reports failure when any table failed."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lake.errors import BeyondEngineError, StaleRegionError
from lake.log_keys import threads_with_keys
from odp.errors import RefreshFailedError, UnrecordedFailureError
from odp.file_processor.refresh_ports import RefreshPorts
from odp.file_processor.refresh_run import RefreshRun, now_text
from odp.file_processor.run_ending import named
from odp.records import RawTableConfig, engine_of_run
from odp.refresh import RefreshOutcome, RefreshStatus

# One job run: each table under its own lease; a failing table does not stop the others.


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableRefresher(RefreshPorts):
    """Refreshes tables for one job run; a failure of a table does not leave this class."""

    def refresh(self, config: RawTableConfig) -> RefreshOutcome | None:
        """Apply all pending files of one table; None while another run refreshes it."""
        started_at = now_text()
        try:
            lease = self.leases.acquire(config.qualified_name, self.run_id)
        except StaleRegionError as stale:
            return self._not_begun(config, started_at, stale)
        if lease is None:
            logger.info("%s is being refreshed by another run", config.qualified_name)
            return None
        work = RefreshRun(self, config, lease, started_at)
        try:
            work.run()
        except BeyondEngineError as beyond:
            logger.warning("%s is left to Spark, which refreshes it next: %s", config.qualified_name, beyond)
            return work.close(beyond)
        except StaleRegionError as stale:
            logger.warning("%s is not refreshed any further: %s", config.qualified_name, stale)
            return work.close(stale)
        except Exception as failure:  # the other tables of the batch continue; the job run reports the failure
            logger.exception("%s was not refreshed", config.qualified_name)
            return work.close(failure, traceback.format_exc())
        return work.close()

    def _not_begun(self, config: RawTableConfig, started_at: str, stale: StaleRegionError) -> RefreshOutcome:
        """Record why a run took no lease."""
        logger.warning("%s is not refreshed: %s", config.qualified_name, stale)
        outcome = RefreshOutcome(
            qualified_name=config.qualified_name,
            source_table_name=config.source_table_name,
            status=RefreshStatus.STOPPED,
            started_at=started_at,
            ended_at=now_text(),
            error=named(stale),
            engine=engine_of_run(self.run_id),
        )
        self.run_log.record(outcome, self.run_id)
        return outcome


# Refreshes the tables of one batch, several at a time.


RefreshOne = Callable[[str], RefreshOutcome | None]
"""Refreshes one source table; None if another run has its lease."""


def refresh_batch(source_tables: Sequence[str], refresh_one: RefreshOne, *, at_a_time: int) -> list[RefreshOutcome]:
    """Refresh every table of a batch; a failing table does not stop the others.

    Raises:
        RefreshFailedError: after all tables were tried, naming those that failed and why.
        UnrecordedFailureError: the same, if a failure could not be recorded, so nobody else reports it.
    """
    with threads_with_keys(max(1, min(at_a_time, len(source_tables)))) as threads:
        futures = {name: threads.submit(refresh_one, name) for name in source_tables}
    outcomes: list[RefreshOutcome] = []
    recorded: dict[str, str] = {}
    unrecorded: dict[str, str] = {}
    for name, future in futures.items():
        if (error := future.exception()) is not None:
            logger.error("%s failed and left nothing in the run log", name, exc_info=error)
            unrecorded[name] = f"{type(error).__name__}: {error}"
        elif (outcome := future.result()) is not None:
            outcomes.append(outcome)
            if outcome.status is RefreshStatus.ERROR:
                recorded[name] = outcome.error
    if unrecorded:
        raise UnrecordedFailureError(_message(len(source_tables), unrecorded, recorded))
    if recorded:
        raise RefreshFailedError(_message(len(source_tables), unrecorded, recorded))
    return outcomes


def _message(tables: int, unrecorded: Mapping[str, str], recorded: Mapping[str, str]) -> str:
    """Name all tables first, so a shortened message keeps the names."""
    kinds = (("tables failed and left nothing in the run log", unrecorded), ("tables failed", recorded))
    counts = "; ".join(f"{len(found)} of {tables} {kind} ({', '.join(found)})" for kind, found in kinds if found)
    reasons = "; ".join(f"{name}: {reason}" for name, reason in {**unrecorded, **recorded}.items())
    return f"{counts}: {reasons}"
