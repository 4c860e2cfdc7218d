"""Refreshes tables for one job run, each under its lease; a table that fails holds up no other."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass

from odp.file_processor.refresh_ports import RefreshPorts
from odp.file_processor.refresh_run import RefreshRun, now_text
from odp.records import RawTableConfig
from odp.refresh import RefreshOutcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableRefresher(RefreshPorts):
    """Refreshes tables for one job run; a failure of a table does not leave this class."""

    def refresh(self, config: RawTableConfig) -> RefreshOutcome | None:
        """Apply all pending files of one table; None while another run refreshes it."""
        started_at = now_text()
        lease = self.leases.acquire(config.qualified_name, self.run_id)
        if lease is None:
            logger.info("%s is being refreshed by another run", config.qualified_name)
            return None
        work = RefreshRun(self, config, lease, started_at)
        try:
            work.run()
        except Exception as failure:  # the other tables of the batch continue; the job run reports the failure
            logger.exception("%s was not refreshed", config.qualified_name)
            return work.close(failure, traceback.format_exc())
        return work.close()
