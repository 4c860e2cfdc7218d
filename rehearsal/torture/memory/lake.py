"""A whole lake in memory: the framework's own code between a bucket, books and tables that tests can look into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from odp.errors import OdpError
from odp.file_manager.registration import register_batch
from odp.file_processor.batch_plan import BatchManager
from odp.file_processor.batch_refresh import refresh_batch
from odp.file_processor.table_refresh import TableRefresher
from odp.records import BatchConfig, BatchPlan, RawTableConfig, RefreshOutcome

from rehearsal.torture.delivery import Message
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Killed, Process, UnderFire, throttled
from rehearsal.torture.memory.clock import Clock
from rehearsal.torture.memory.leases import LEASE_SECONDS, MemoryLeases
from rehearsal.torture.memory.ledger import MemoryLedger
from rehearsal.torture.memory.staging import StagingBucket
from rehearsal.torture.memory.writer import Commit, MemoryWriter, StoredTable

BATCH_SIZE = 2


class MemoryLake:
    """Receives files and events, runs executions, and notes what no execution may ever do."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.staging = StagingBucket(self.clock)
        self.ledger = MemoryLedger()
        self.leases = MemoryLeases(self.clock)
        self.tables: dict[str, StoredTable] = {}
        self.configs: dict[str, RawTableConfig] = {}
        self.violations: list[str] = []
        self.arrive: Callable[[], None] = lambda: None
        self._runs = 0

    def put(self, file: DmsFile) -> dict[str, object]:
        """Store a file; gives the event that S3 tells of it."""
        return self.staging.put(file).event

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; gives those that failed."""
        return register_batch(messages, self.ledger).failed_message_ids

    def run(self, faults: Mapping[str, Fault]) -> None:
        """Run one execution; each batch is a Glue run of its own."""
        self._runs += 1
        _, plan = BatchManager(self.ledger, self.leases, self, self).plan("torture", f"execution-{self._runs}")
        for number, batch in enumerate(plan.batches):
            self._run_batch(batch, f"run-{self._runs}.{number}", faults)

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """The configuration of the one cadence."""
        return BatchConfig(refresh_cadence, "hudi", "job", "G.1X", 2, BATCH_SIZE), list(self.configs.values())

    def write(self, plan: BatchPlan) -> None:
        """Plans are handed on directly."""

    def read(self, key: str) -> BatchPlan:
        """Nobody asks for one."""
        raise KeyError(key)

    def _run_batch(self, batch: Sequence[str], run_id: str, faults: Mapping[str, Fault]) -> None:
        process = Process()

        def refresh_one(source_table_name: str) -> RefreshOutcome | None:
            config = self.configs[source_table_name]

            def strike(fault: Fault, boundary: str) -> None:  # noqa: ARG001
                self._strike(fault.kind, config, process, run_id)

            boundaries = Boundaries(process, faults.get(source_table_name), strike)
            return self._refresher(boundaries, run_id).refresh(config)

        try:
            refresh_batch(batch, refresh_one, at_a_time=1)
        except (OdpError, Killed):
            return  # the job run failed: the next execution has to make it good

    def _strike(self, kind: FaultKind, config: RawTableConfig, process: Process, run_id: str) -> None:
        if kind is FaultKind.KILL:
            process.die()
        if kind is FaultKind.THROTTLE:
            raise throttled()
        if kind is FaultKind.ARRIVAL:
            self.arrive()
            return
        if kind is FaultKind.PAUSE:
            self.clock.seconds += LEASE_SECONDS + 1
        other = Boundaries(Process(), None, lambda *_: None)
        self._refresher(other, f"{run_id}-other").refresh(config)

    def _refresher(self, boundaries: Boundaries, run_id: str) -> TableRefresher:
        def on_commit(config: RawTableConfig, commit: Commit) -> None:  # noqa: ARG001
            if self.leases.items[config.qualified_name].owner != run_id:
                self.violations.append(f"{config.qualified_name}: {run_id} committed after it had lost its lease")

        writer = MemoryWriter(self.tables, self.staging, lambda: boundaries.cross("before the commit"), on_commit)
        ledger = self.ledger.interrupted(lambda: boundaries.cross("between two transactions"))
        ports = {"files": ledger, "leases": self.leases, "writer": writer}
        under_fire = {name: UnderFire(port, boundaries) for name, port in ports.items()}
        return TableRefresher(**under_fire, run_id=run_id)  # type: ignore[arg-type]
