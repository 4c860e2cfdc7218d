"""Plans one execution: which tables of a cadence have work, in which batches.

The plan lies in S3 and the state machine carries its key and the batch numbers only, so that neither the number of
tables nor the length of their names can meet Step Functions' 256 KiB limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from odp.file_processor.batches import balanced_batches
from odp.ports import Cadences, HeldLeases, PendingWorkReader, PlanStorage
from odp.records import BatchConfig, BatchPlan


@dataclass(frozen=True, slots=True)
class BatchManager:
    """Makes the plans; what it costs grows with the pending files, not with the tables."""

    files: PendingWorkReader
    leases: HeldLeases
    cadences: Cadences
    plans: PlanStorage

    def plan(self, refresh_cadence: str, execution_name: str) -> tuple[BatchConfig, BatchPlan]:
        """Plan the active tables of a cadence that have pending files and that no run is refreshing."""
        batch_config, active_tables = self.cadences.cadence(refresh_cadence)
        pending = self.files.pending_work()
        tables = [table for table in active_tables if table.source_table_name in pending]
        held = self.leases.held(table.qualified_name for table in tables)
        work = [pending[table.source_table_name] for table in tables if table.qualified_name not in held]
        batches = balanced_batches(work, batch_config.refresh_tables_batch_size)
        plan = BatchPlan(refresh_cadence, execution_name, tuple(tuple(batch) for batch in batches))
        if plan.batches:
            self.plans.write(plan)
        return batch_config, plan


def state_of(batch_config: BatchConfig, plan: BatchPlan) -> dict[str, Any]:
    """Give what the state machine carries: references and the job's size, never configurations."""
    return {
        "refresh_cadence": plan.refresh_cadence,
        "plan_key": plan.key,
        "glue_job_name": batch_config.glue_job_name,
        "glue_job_worker_type": batch_config.glue_job_worker_type,
        "glue_job_max_workers": batch_config.glue_job_max_workers,
        "batches": list(range(len(plan.batches))),
    }
