"""Plans one execution: which tables of a cadence have work, in which batches.

The plan lies in S3 and the state machine carries its key and the batch numbers only, so that neither the number of
tables nor the length of their names can meet Step Functions' 256 KiB limit.
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
"""What a run of the fewest workers applies at least; a run may take the time that its pending bytes need so."""
MOST_MINUTES = 2880
"""Two days; a load that needs longer needs more workers."""


@dataclass(frozen=True, slots=True)
class RunSize:
    """How large the runs of a plan are: the workers of each batch, and what all of them share."""

    workers: tuple[int, ...]
    execution_class: str
    minutes: int


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
            batch_config, plan, size = self._plan(refresh_cadence, execution)
        except BaseException:
            self.claims.release(refresh_cadence, execution)
            raise
        if not plan.batches:
            self.claims.release(refresh_cadence, execution)
        return state_of(batch_config, plan, size)

    def release(self, refresh_cadence: str, execution: str) -> dict[str, Any]:
        """Give the cadence back at the end of its execution."""
        self.claims.release(refresh_cadence, execution)
        return {}

    def _plan(self, refresh_cadence: str, execution: str) -> tuple[BatchConfig, BatchPlan, RunSize]:
        batch_config, active_tables = self.cadences.cadence(refresh_cadence)
        work = longest_left_alone(self._work(active_tables), MOST_BATCHES * batch_config.refresh_tables_batch_size)
        # so tables share a run only as far as the fewest workers do for all of them
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
        """Size the runs by what is pending; one that was cut off may need more than that, so it gets all there is."""
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


def longest_left_alone(work: Mapping[PendingWork, TableLease], most: int) -> dict[PendingWork, TableLease]:
    """Take as many tables as the history of one execution holds: those that no run has touched for the longest time.

    The others wait for the next execution. By then they are the ones that were left alone longest, so none starves.
    """
    oldest_first = sorted(work.items(), key=lambda each: (each[1].touched_at, each[0].source_table_name))
    return dict(oldest_first[:most])


def may_start(table: RawTableConfig, work: PendingWork, lease: TableLease) -> bool:
    """Leave out a table that a run is writing, and one that was refused and of which nothing has changed since."""
    return not lease.is_leased and not lease.waits_for_change(table, work)


def state_of(batch_config: BatchConfig, plan: BatchPlan, size: RunSize) -> dict[str, Any]:
    """Give what the state machine carries: references and the size and time of the runs, never configurations."""
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
