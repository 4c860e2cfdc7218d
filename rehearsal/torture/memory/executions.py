"""Executions of the File Processor's state machine in memory: each plans its batches and runs them, with faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from odp.file_processor.batch_refresh import TableRefresher, refresh_batch
from odp.file_processor.planning import BatchManager
from odp.records import NATIVE_RUN, BatchConfig, BatchPlan, RawTableConfig

from lake.errors import LakeError, RetryableError
from lake.ledger.connection import trouble_of_aws
from lake.tables.capabilities import Engine
from rehearsal.torture.check import Finding, Kind
from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Fire, Killed, Process, UnderFire, trouble
from rehearsal.torture.memory.leases import LEASE_SECONDS, MemoryRunLog

if TYPE_CHECKING:
    from odp.refresh import RefreshOutcome

    from rehearsal.torture.memory.lake import MemoryLake

BATCH_SIZE = 2
_ATTEMPTS = 3
"""How often the state machine asks the Batch Manager, which it asks again after trouble that may pass."""
_PAUSE = 2.0
_HAS_TIME = 0.7
"""How often a native run has time for one more commit of a table."""
CADENCE = "10_min_refresh"
Answer = dict[str, Any]


class Executions:
    """The executions of the lake's one cadence, which any of their runs' boundaries may have more of."""

    def __init__(self, lake: MemoryLake) -> None:
        self._lake = lake
        self._begun = 0
        self._plans: dict[str, BatchPlan] = {}
        self._working: set[str] = set()
        """The executions that have batches left."""

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run an execution to its end, or until it is stopped: then it starts no more batches and releases nothing."""

        def refresh(batch: Sequence[str], run: Run) -> None:
            with suppress(LakeError, Killed):  # this job run failed: a later execution has to make it good
                refresh_batch(batch, run.refresh, at_a_time=1)

        self._run(faults, arrive, refresh)

    def run_during_another(self, arrive: Callable[[], None]) -> None:
        """Run an execution while another one's run waits; its own runs have no faults.

        All happens in that run's thread, which may hold the lock of a cached property.
        """

        def refresh(batch: Sequence[str], run: Run) -> None:
            for table in batch:
                run.refresh(table)

        self._run({}, arrive, refresh)

    def _run(
        self, faults: Mapping[str, Fault], arrive: Callable[[], None], refresh: Callable[[Sequence[str], Run], None]
    ) -> None:
        self._begun += 1
        execution = f"execution-{self._begun}"
        running = self._lake.leases.running
        running.add(execution)
        around = Surroundings(
            faults,
            arrive,
            lambda: running.discard(execution),
            lambda: self.run_during_another(arrive),
            self._lake.region.epoch,
        )
        plan = self._plan(execution)
        for number, (batch, engine) in enumerate(zip(plan.batches, plan.engines, strict=True)):
            if execution not in running:
                return
            refresh(batch, Run(self._lake, f"{execution}.{number}", around, Engine(engine)))
        self._working.discard(execution)
        if execution in running:
            self._ask(lambda manager: manager.release(CADENCE, execution), execution)
        running.discard(execution)

    def _plan(self, execution: str) -> BatchPlan:
        answer = self._ask(lambda manager: manager.plan(CADENCE, execution), execution)
        running = self._lake.leases.running
        if answer is None or not answer["batches"] or execution not in running:
            return BatchPlan(CADENCE, execution, ())
        if others := self._working & running:
            self._lake.violations.append(Finding(Kind.CADENCE, ", ".join(sorted({execution, *others}))))
        self._working.add(execution)
        return self._plans[answer["plan_key"]]

    def _ask(self, step: Callable[[BatchManager], Answer], execution: str) -> Answer | None:
        """Ask the Batch Manager, again if it may help; None if it was asked in vain, which fails the execution."""
        stop = partial(self._lake.leases.running.discard, execution)
        for _ in range(_ATTEMPTS):
            with suppress(RetryableError, Killed), trouble_of_aws():
                return step(self._manager(self._lake.troubles.process(stop)))
            self._lake.wait(_PAUSE)
        return None

    def _manager(self, fire: Fire) -> BatchManager:
        leases, cadences = fire(self._lake.leases), fire(self)
        return BatchManager(fire(self._lake.ledger), leases, cadences, cadences, leases, job_timeout_minutes=60)

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """Return the configuration of the one cadence."""
        tables = [self._with_engine(config) for config in self._lake.configs.values()]
        return BatchConfig(refresh_cadence, "hudi", "job", "G.1X", 2, BATCH_SIZE), tables

    def _with_engine(self, config: RawTableConfig) -> RawTableConfig:
        """Somebody may configure another engine at any time."""
        return replace(config, engine=self._lake.iceberg.engine(config.source_table_name, str(self._begun)))

    def write(self, plan: BatchPlan) -> None:
        """Keep a plan."""
        self._plans[plan.key] = plan

    def read(self, key: str) -> BatchPlan:
        """Return a plan."""
        return self._plans[key]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around a run: faults by source table, files that arrive, its execution and another one."""

    faults: Mapping[str, Fault]
    arrive: Callable[[], None]
    stop_execution: Callable[[], None]
    start_another: Callable[[], None]
    epoch: int = 0


class Run:
    """One run of an engine with faults."""

    def __init__(self, lake: MemoryLake, name: str, around: Surroundings, engine: Engine) -> None:
        self._lake = lake
        self._name = name
        self._engine = engine
        self._run_id = f"{NATIVE_RUN if engine is Engine.NATIVE else ''}{name}"
        self._around = around
        self._process = Process()
        self._others = count(1)

    def refresh(self, source_table_name: str) -> RefreshOutcome | None:
        """Refresh one table."""
        config = self._lake.configs[source_table_name]
        fault = self._around.faults.get(source_table_name)
        boundaries = Boundaries(self._process, fault, lambda: self._strike(fault, config))
        return self._refresher(config, boundaries).refresh(config)

    def _strike(self, fault: Fault | None, config: RawTableConfig) -> None:
        match fault.kind if fault else None:
            case FaultKind.KILL:
                self._process.die()
            case FaultKind() as kind if error := trouble(kind):
                raise error
            case FaultKind.ARRIVAL:
                self._around.arrive()
            case FaultKind.PAUSE:
                self._lake.wait(LEASE_SECONDS + 1)
                self._overlap(config)
            case FaultKind.OVERLAP:
                self._overlap(config)
            case FaultKind.EXECUTION | FaultKind.STOP | FaultKind.SUCCESSION as kind:
                self._strike_execution(kind)

    def _strike_execution(self, kind: FaultKind) -> None:
        if kind is not FaultKind.EXECUTION:
            self._around.stop_execution()
        if kind is FaultKind.STOP:
            self._process.die()
        self._around.start_another()

    def _overlap(self, config: RawTableConfig) -> None:
        name = f"{self._name}-other{next(self._others)}"
        engine = Engine(self._lake.iceberg.engine(config.source_table_name, name))
        other = Run(self._lake, name, replace(self._around, faults={}), engine)
        other.refresh(config.source_table_name)

    def _refresher(self, config: RawTableConfig, boundaries: Boundaries) -> TableRefresher:
        lake = self._lake
        inject_fault = (lambda kind: self._strike(Fault(kind, 0), config)) if self._around.faults else None
        writer = lake.writer(config, self._run_id, boundaries.cross, inject_fault)
        run_log = MemoryRunLog(
            lake.ledger, lake.leases, lake.outcomes, lambda: boundaries.cross("before a transaction")
        )
        listing, files = UnderFire(lake.staging, boundaries), UnderFire(lake.ledger, boundaries)
        quarantine = UnderFire(lake.quarantine, boundaries)
        ports: dict[str, Any] = {
            "files": files,
            "staged_files": lake.reconciliation(listing, files, quarantine),
            "contents": listing,
            "quarantine": quarantine,
            "leases": lake.region.leases(UnderFire(lake.leases, boundaries), self._around.epoch),
            "writer": UnderFire(writer, boundaries),
            "run_log": UnderFire(run_log, boundaries),
        }
        ports |= {"clock": lake.clock.datetime, "has_time": self._time_of(config)}
        return lake.region.refresher(TableRefresher(**ports, run_id=self._run_id, limits=lake.limits))

    def _time_of(self, config: RawTableConfig) -> Callable[[], bool]:
        """Draw before each further commit whether a native run has time for it, if the execution has faults."""
        draw = Random(  # noqa: S311 - draws must repeat, not be secret
            f"{self._lake.iceberg.seed}/{self._run_id}/{config.source_table_name}/time"
        )
        may_end = self._engine is Engine.NATIVE and bool(self._around.faults)
        return lambda: not may_end or draw.random() < _HAS_TIME
