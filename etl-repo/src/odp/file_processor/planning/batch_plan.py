"""Plans one execution: which tables of a cadence have work, in which batches.

The plan is an object in S3. The state machine carries only its key and the batch numbers, so neither the number of
tables nor their names can exceed Step Functions' 256 KiB limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odp.file_processor.planning.batches import MOST_BATCHES, packed_batches
from odp.file_processor.planning.workers import bytes_of_a_worker, execution_class, workers_for
from odp.ports import CadenceClaims, Cadences, PendingWorkReader, PlannedLeases, PlanStorage
from odp.records import BatchConfig, BatchPlan, PendingWork, RawTableConfig, TableLease

ALREADY_RUNNING = "another execution of this cadence is running"
NOTHING_TO_DO = "nothing to do"
PLANNED = "planned"
BYTES_PER_MINUTE = 20_000_000
"""The least throughput of a run with the fewest workers; it sets the timeout of a run."""
MOST_MINUTES = 2880
"""Two days; a load that needs longer needs more workers."""


@dataclass(frozen=True, slots=True)
class RunSize:
    """The size of a plan's runs: the workers of each batch, and the settings that all share."""

    workers: tuple[int, ...]
    execution_class: str
    minutes: int


@dataclass(frozen=True, slots=True)
class BatchManager:
    """Plans executions; its cost grows with the number of tables, never with files."""

    files: PendingWorkReader
    leases: PlannedLeases
    cadences: Cadences
    plans: PlanStorage
    claims: CadenceClaims
    job_timeout_minutes: int

    def plan(self, refresh_cadence: str, execution: str) -> dict[str, Any]:
        """Plan an execution if no other one of the cadence runs; returns the state for the state machine.

        The execution keeps the cadence while it has batches; `release` ends that.
        """
        owner = self.claims.claim(refresh_cadence, execution)
        if owner != execution:
            return {"outcome": ALREADY_RUNNING, "running": owner, "batches": []}
        try:
            batch_config, plan, size = self._plan(refresh_cadence, execution)
        except BaseException:
            self.claims.release(refresh_cadence, execution)
            raise
        if not plan.batches:
            self.claims.release(refresh_cadence, execution)
        return state_of(batch_config, plan, size)

    def release(self, refresh_cadence: str, execution: str) -> dict[str, Any]:
        """Release the cadence at the end of its execution."""
        self.claims.release(refresh_cadence, execution)
        return {}

    def _plan(self, refresh_cadence: str, execution: str) -> tuple[BatchConfig, BatchPlan, RunSize]:
        batch_config, active_tables = self.cadences.cadence(refresh_cadence)
        work = longest_left_alone(self._work(active_tables), MOST_BATCHES * batch_config.refresh_tables_batch_size)
        # so tables share a run only if the fewest workers are enough for all of them
        most_bytes = bytes_of_a_worker(batch_config.glue_job_worker_type)
        batches = packed_batches(work, batch_config.refresh_tables_batch_size, most_bytes)
        name = execution.rsplit(":", 1)[-1]
        plan = BatchPlan(refresh_cadence, name, tuple(tuple(batch) for batch in batches))
        if plan.batches:
            self.plans.write(plan)
        return batch_config, plan, self._size(batch_config, batches, work)

    def _size(
        self, config: BatchConfig, batches: Sequence[Sequence[str]], work: Mapping[PendingWork, TableLease]
    ) -> RunSize:
        """Size the runs by pending bytes; a table whose run was cut off gets the most workers and time."""
        bytes_of = {table.source_table_name: table.bytes for table in work}
        cut_off = {table.source_table_name for table, lease in work.items() if lease.was_cut_off}
        loads = [sum(bytes_of[table] for table in batch) for batch in batches]
        minutes = self._minutes(max(loads, default=0), was_cut_off=bool(cut_off))
        class_, minutes = execution_class(config.refresh_cadence, config.glue_job_worker_type, minutes)
        most = config.glue_job_max_workers
        workers = tuple(
            workers_for(load, config.glue_job_worker_type, most) if cut_off.isdisjoint(batch) else most
            for batch, load in zip(batches, loads, strict=True)
        )
        return RunSize(workers, class_, minutes)

    def _minutes(self, pending_bytes: int, *, was_cut_off: bool) -> int:
        """The timeout of a run: a load that replaces its table in one commit must not time out again and again.

        Files that are read again are not in the pending bytes. So after a run that was cut off, the next one gets the
        longest timeout.
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


def longest_left_alone(work: Mapping[PendingWork, TableLease], most: int) -> dict[PendingWork, TableLease]:
    """Take as many tables as one execution's history allows: those that no run has touched for the longest time.

    The others come first in the next execution, so no table starves.
    """
    oldest_first = sorted(work.items(), key=lambda each: (each[1].touched_at, each[0].source_table_name))
    return dict(oldest_first[:most])


def may_start(table: RawTableConfig, work: PendingWork, lease: TableLease) -> bool:
    """Leave out tables that a run is writing, and refused tables without a change."""
    return not lease.is_leased and not lease.waits_for_change(table, work)


def state_of(batch_config: BatchConfig, plan: BatchPlan, size: RunSize) -> dict[str, Any]:
    """Give the state for the state machine: references, sizes and timeouts of the runs, never configurations."""
    return {
        "outcome": PLANNED if plan.batches else NOTHING_TO_DO,
        "refresh_cadence": plan.refresh_cadence,
        "plan_key": plan.key,
        "glue_job_name": batch_config.glue_job_name,
        "glue_job_worker_type": batch_config.glue_job_worker_type,
        "glue_job_execution_class": size.execution_class,
        "glue_job_timeout_minutes": size.minutes,
        "glue_job_workers": list(size.workers),
        "batches": list(range(len(plan.batches))),
    }
