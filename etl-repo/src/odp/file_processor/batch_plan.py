"""Plans one execution: which tables of a cadence have work, in which batches.

The plan lies in S3 and the state machine carries its key and the batch numbers only, so that neither the number of
tables nor the length of their names can meet Step Functions' 256 KiB limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from odp.file_processor.batches import balanced_batches
from odp.ports import CadenceClaims, Cadences, PendingWorkReader, PlannedLeases, PlanStorage
from odp.records import BatchConfig, BatchPlan, PendingWork, RawTableConfig, TableLease

ALREADY_RUNNING = "another execution of this cadence is running"
NOTHING_TO_DO = "nothing to do"
PLANNED = "planned"
BYTES_PER_MINUTE = 20_000_000
"""What a run of the fewest workers applies at least; a run may take the time that its pending bytes need so."""
MOST_MINUTES = 2880
"""Two days; a load that needs longer needs more workers."""


@dataclass(frozen=True, slots=True)
class BatchManager:
    """Makes the plans; what it costs grows with the tables of the lake, never with the files."""

    files: PendingWorkReader
    leases: PlannedLeases
    cadences: Cadences
    plans: PlanStorage
    claims: CadenceClaims
    job_timeout_minutes: int

    def plan(self, refresh_cadence: str, execution: str) -> dict[str, Any]:
        """Plan for the one execution of a cadence that may run; gives what the state machine carries.

        The execution keeps the cadence as long as it has batches; `release` gives it back.
        """
        owner = self.claims.claim(refresh_cadence, execution)
        if owner != execution:
            return {"outcome": ALREADY_RUNNING, "running": owner, "batches": []}
        try:
            batch_config, plan, minutes = self._plan(refresh_cadence, execution)
        except BaseException:
            self.claims.release(refresh_cadence, execution)
            raise
        if not plan.batches:
            self.claims.release(refresh_cadence, execution)
        return state_of(batch_config, plan, minutes)

    def release(self, refresh_cadence: str, execution: str) -> dict[str, Any]:
        """Give the cadence back at the end of its execution."""
        self.claims.release(refresh_cadence, execution)
        return {}

    def _plan(self, refresh_cadence: str, execution: str) -> tuple[BatchConfig, BatchPlan, int]:
        batch_config, active_tables = self.cadences.cadence(refresh_cadence)
        work = self._work(active_tables)
        batches = balanced_batches(work, batch_config.refresh_tables_batch_size)
        name = execution.rsplit(":", 1)[-1]
        plan = BatchPlan(refresh_cadence, name, tuple(tuple(batch) for batch in batches))
        if plan.batches:
            self.plans.write(plan)
        bytes_of = {table.source_table_name: table.bytes for table in work}
        largest = max((sum(bytes_of[table] for table in batch) for batch in batches), default=0)
        return batch_config, plan, self._minutes(largest, was_cut_off=any(lease.was_cut_off for lease in work.values()))

    def _minutes(self, pending_bytes: int, *, was_cut_off: bool) -> int:
        """How long a run may take: a load that replaces its table at once must not begin again and again.

        What is read again is not in the pending bytes. So after a run that did not come to its end, the next one gets
        all the time that there is.
        """
        needed = MOST_MINUTES if was_cut_off else min(-(-pending_bytes // BYTES_PER_MINUTE), MOST_MINUTES)
        return max(self.job_timeout_minutes, needed)

    def _work(self, active_tables: Iterable[RawTableConfig]) -> dict[PendingWork, TableLease]:
        pending = self.files.pending_work()
        tables = [table for table in active_tables if table.source_table_name in pending]
        leases = self.leases.leases(table.qualified_name for table in tables)
        found = ((table, pending[table.source_table_name], leases.get(table.qualified_name)) for table in tables)
        known = ((table, work, lease or TableLease()) for table, work, lease in found)
        return {work: lease for table, work, lease in known if may_start(table, work, lease)}


def may_start(table: RawTableConfig, work: PendingWork, lease: TableLease) -> bool:
    """Leave out a table that a run is writing, and one that was refused and of which nothing has changed since."""
    is_refused = lease.refused_registrations == work.registrations and lease.refused_configuration == table.digest
    return not lease.is_held and not is_refused


def state_of(batch_config: BatchConfig, plan: BatchPlan, minutes: int) -> dict[str, Any]:
    """Give what the state machine carries: references and the job's size and time, never configurations."""
    return {
        "outcome": PLANNED if plan.batches else NOTHING_TO_DO,
        "refresh_cadence": plan.refresh_cadence,
        "plan_key": plan.key,
        "glue_job_name": batch_config.glue_job_name,
        "glue_job_worker_type": batch_config.glue_job_worker_type,
        "glue_job_max_workers": batch_config.glue_job_max_workers,
        "glue_job_timeout_minutes": minutes,
        "batches": list(range(len(plan.batches))),
    }
