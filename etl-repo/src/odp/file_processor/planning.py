"""Plans a cadence: which tables start, in batches that one run refreshes, with workers that fit their size."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lake.tables.capabilities import Engine
from odp.config_manager.cadence import minutes_of
from odp.file_processor.batches import MOST_BATCHES, EngineBatches, batches_of_engines
from odp.file_processor.engines import MEBIBYTE, PlannedTable
from odp.file_processor.region_turn import RegionTurn, Turn
from odp.ports import CadenceClaims, Cadences, PendingWorkReader, PlannedLeases, PlanStorage
from odp.records import BatchConfig, BatchPlan, PendingWork, RawTableConfig, TableLease

logger = logging.getLogger(__name__)

# Sizes a Glue run by its pending bytes: number of workers and execution class.


BYTES_OF_A_CORE = 256 * MEBIBYTE
"""Pending bytes for each core: Spark reads 128 MB in a task, and two tasks in a row outlast their scheduling."""
CORES = {"G.1X": 4, "G.2X": 8, "G.4X": 16, "G.8X": 32, "G.12X": 48, "G.16X": 64}
CORES |= {"R.1X": 4, "R.2X": 8, "R.4X": 16, "R.8X": 32}
"""https://docs.aws.amazon.com/glue/latest/dg/worker-types.html"""
FEWEST_WORKERS = 2
"""The driver and one executor; Glue refuses fewer."""
FLEX, STANDARD = "FLEX", "STANDARD"
FLEX_WORKERS = ("G.1X", "G.2X")
"""Glue refuses the flexible class for other workers."""
FLEX_FROM_MINUTES = 60
"""Flex costs a third less and starts when AWS has spare machines, some minutes late: too late for shorter cadences."""
FLEX_UP_TO_MINUTES = 720
"""The longest run on Flex, because AWS may take Flex's machines back during a run."""
FLEX_TAKES = 2
"""A Flex run may take so many times longer, because it may continue with fewer machines."""


def bytes_of_a_worker(worker_type: str) -> int:
    """Return the pending bytes for one executor."""
    return CORES[worker_type] * BYTES_OF_A_CORE


def workers_for(pending_bytes: int, worker_type: str, most: int) -> int:
    """Count a driver and an executor for each share of the pending bytes, up to the limit."""
    executors = -(-pending_bytes // bytes_of_a_worker(worker_type))
    return min(max(1 + executors, FEWEST_WORKERS), most)


def execution_class(refresh_cadence: str, worker_type: str, minutes: int) -> tuple[str, int]:
    """Choose Flex where a late start does no harm, and give the timeout of a run of that class."""
    has_time = minutes_of(refresh_cadence) >= FLEX_FROM_MINUTES and minutes <= FLEX_UP_TO_MINUTES
    if has_time and worker_type in FLEX_WORKERS:
        return FLEX, minutes * FLEX_TAKES
    return STANDARD, minutes


# Plans one execution: which tables of a cadence have work, in which batches.
#
# The plan is an object in S3. The state machine carries only its key and the batch numbers, so neither the number of
# tables nor their names can exceed Step Functions' 256 KiB limit.


ALREADY_RUNNING = "another execution of this cadence is running"
STANDBY = "this Region is the standby"
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
    turn: RegionTurn | None = None
    """Asked before each plan where there is a secondary Region."""

    def plan(self, refresh_cadence: str, execution: str) -> dict[str, Any]:
        """Plan an execution if no other one of the cadence runs; returns the state for the state machine.

        The execution keeps the cadence while it has batches; `release` ends that.
        """
        turn = self.turn.of(refresh_cadence) if self.turn else Turn()
        if turn.reason:
            logger.info("%s is not planned: %s", refresh_cadence, turn.reason)
            return {"outcome": STANDBY, "reason": turn.reason, "batches": []}
        owner = self.claims.claim(refresh_cadence, execution)
        if owner != execution:
            return {"outcome": ALREADY_RUNNING, "running": owner, "batches": []}
        try:
            batch_config, plan, size = self._plan(refresh_cadence, execution, turn)
            if self.turn:
                self.turn.planned(refresh_cadence, turn)
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

    def _plan(self, refresh_cadence: str, execution: str, turn: Turn) -> tuple[BatchConfig, BatchPlan, RunSize]:
        config, active_tables = self.cadences.cadence(refresh_cadence)
        most_tables = config.refresh_tables_batch_size
        tables = longest_left_alone(self._tables(active_tables), MOST_BATCHES * most_tables)
        # so tables share a run only if the fewest workers are enough for all of them
        batches = batches_of_engines(tables, most_tables, bytes_of_a_worker(config.glue_job_worker_type))
        name = execution.rsplit(":", 1)[-1]
        source_tables = tuple(tuple(batch) for batch in (*batches.spark, *batches.native))
        plan = BatchPlan(refresh_cadence, name, source_tables, batches.engines, turn.epoch, turn.is_standby)
        if plan.batches:
            self.plans.write(plan)
        return config, plan, self._size(config, batches, tables)

    def _size(self, config: BatchConfig, batches: EngineBatches, tables: Iterable[PlannedTable]) -> RunSize:
        """Size the runs by pending bytes; a table whose Glue run was cut off gets the most workers and time.

        A native batch has a size, too: a state machine of an earlier release starts a Glue run for it.
        """
        bytes_of = {table.work.source_table_name: table.work.bytes for table in tables}
        cut_off = {table.work.source_table_name for table in tables if _is_worn_out(table)}
        loads = [sum(bytes_of[table] for table in batch) for batch in batches.spark]
        minutes = self._minutes(max(loads, default=0), was_cut_off=any(cut_off.intersection(b) for b in batches.spark))
        class_, minutes = execution_class(config.refresh_cadence, config.glue_job_worker_type, minutes)
        most = config.glue_job_max_workers
        workers = [
            workers_for(load, config.glue_job_worker_type, most) if cut_off.isdisjoint(batch) else most
            for batch, load in zip(batches.spark, loads, strict=True)
        ]
        return RunSize((*workers, *[FEWEST_WORKERS] * len(batches.native)), class_, minutes)

    def _minutes(self, pending_bytes: int, *, was_cut_off: bool) -> int:
        """The timeout of a run: a load that replaces its table in one commit must not time out again and again.

        Files that are read again are not in the pending bytes. So after a run that was cut off, the next one gets the
        longest timeout.
        """
        needed = MOST_MINUTES if was_cut_off else min(-(-pending_bytes // BYTES_PER_MINUTE), MOST_MINUTES)
        return max(self.job_timeout_minutes, needed)

    def _tables(self, active_tables: Iterable[RawTableConfig]) -> list[PlannedTable]:
        pending = self.files.pending_work()
        tables = [table for table in active_tables if table.source_table_name in pending]
        leases = self.leases.leases(table.qualified_name for table in tables)
        found = (
            PlannedTable(table, pending[table.source_table_name], leases.get(table.qualified_name, TableLease()))
            for table in tables
        )
        return [table for table in found if may_start(table.config, table.work, table.lease)]


def longest_left_alone(tables: Iterable[PlannedTable], most: int) -> list[PlannedTable]:
    """Take as many tables as one execution's history allows: those that no run has touched for the longest time.

    The others come first in the next execution, so no table starves.
    """
    return sorted(tables, key=lambda each: (each.lease.touched_at, each.work.source_table_name))[:most]


def _is_worn_out(table: PlannedTable) -> bool:
    """Whether the table's last run was one of Glue and ended before its time."""
    return table.lease.was_cut_off and table.lease.engine is Engine.SPARK


def may_start(table: RawTableConfig, work: PendingWork, lease: TableLease) -> bool:
    """Leave out tables that a run is writing, and refused tables without a change."""
    return not lease.is_leased and not lease.waits_for_change(table, work)


def state_of(batch_config: BatchConfig, plan: BatchPlan, size: RunSize) -> dict[str, Any]:
    """Return the state for the state machine: references, sizes and timeouts of the runs, never configurations.

    The Map starts batches in this order, a few at a time. A native batch ends within a quarter of an hour and a Glue
    run may take hours, so native batches do not wait for Glue runs.
    """
    native = range(plan.spark_batches, len(plan.batches))
    return {
        "outcome": PLANNED if plan.batches else NOTHING_TO_DO,
        "refresh_cadence": plan.refresh_cadence,
        "plan_key": plan.key,
        "glue_job_name": batch_config.glue_job_name,
        "glue_job_worker_type": batch_config.glue_job_worker_type,
        "glue_job_execution_class": size.execution_class,
        "glue_job_timeout_minutes": size.minutes,
        "glue_job_workers": list(size.workers),
        "spark_batches": plan.spark_batches,
        "batches": [*native, *range(plan.spark_batches)],
    }
