"""Refreshes of the deployed lake with faults at their ports' boundaries, whatever engine makes them.

A table's own kill ends its refresh as a crash would, with nothing cleaned up, while the other tables go on; that of a
whole run is a SIGKILL of the process, a moment after the boundary, so that it strikes anywhere, also during a commit.
"""
# ruff: noqa: S311 - draws must repeat, not be secret

import copy
import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from odp.file_processor import planned_batch
from odp.file_processor.batch_refresh import TableRefresher
from odp.file_processor.refresh_ports import always
from odp.file_processor.selection.late_files import Limits
from odp.records import RawTableConfig
from odp.refresh import RefreshOutcome
from pydantic import TypeAdapter

from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Process, UnderFire, trouble

_LONGER_THAN_A_LEASE = 1000.0
_LATER = timedelta(hours=1)
_LONG_ENOUGH_FOR_EVENTS = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class RunFaults:
    """The faults of one run's tables; the whole process is killed `killed_after` seconds after a table's own kill.

    For the tables of `later` an hour has passed since the last file landed.
    """

    tables: dict[str, Fault]
    later: list[str]
    killed_after: float | None = None


RUN_FAULTS = TypeAdapter(RunFaults)
"""How they come into the run, as JSON."""


class RefresherUnderFire:
    """Refreshes tables as the engine's refresher does, until a fault strikes it."""

    def __init__(
        self,
        faults: RunFaults,
        run_id: str,
        has_time: Callable[[], bool] = always,
        **ports: Any,  # noqa: ANN401 - whatever ports there are
    ) -> None:
        self._faults = faults
        self._run_id = run_id
        self._has_time = has_time
        self._ports = ports

    def refresh(self, config: RawTableConfig) -> RefreshOutcome | None:
        """Refresh one table."""
        process, fault = Process(), self._faults.tables.get(config.source_table_name)
        boundaries = Boundaries(process, fault, lambda: self._strike(fault, config, process))
        ports: dict[str, Any] = {name: UnderFire(port, boundaries) for name, port in self._ports.items()}
        return self._refresher(config, self._run_id, ports).refresh(config)

    def _refresher(self, config: RawTableConfig, run_id: str, ports: dict[str, Any]) -> TableRefresher:
        later = _LATER if config.source_table_name in self._faults.later else timedelta()
        return TableRefresher(
            **ports,
            run_id=run_id,
            limits=limits_of(config),
            clock=lambda: datetime.now(UTC) + later,
            has_time=self._has_time,
        )

    def _strike(self, fault: Fault | None, config: RawTableConfig, process: Process) -> None:
        match fault.kind if fault else None:
            case FaultKind.KILL if self._faults.killed_after is not None:
                threading.Timer(self._faults.killed_after, os.kill, (os.getpid(), signal.SIGKILL)).start()
            case FaultKind.KILL | FaultKind.STOP:
                process.die()
            case FaultKind() as kind if error := trouble(kind):
                raise error
            case FaultKind.ARRIVAL:
                time.sleep(_LONG_ENOUGH_FOR_EVENTS)
            case FaultKind.PAUSE:
                self._overlap(config, later=_LONGER_THAN_A_LEASE)
            case FaultKind.OVERLAP | FaultKind.EXECUTION | FaultKind.SUCCESSION:
                self._overlap(config, later=0.0)

    def _overlap(self, config: RawTableConfig, *, later: float) -> None:
        """Another run wants the table, so much later that this run's lease has expired, or at once."""
        leases = copy.copy(self._ports["leases"])
        leases._clock = lambda: time.time() + later  # noqa: SLF001 - nobody waits for five minutes
        ports = {**self._ports, "leases": leases}
        self._refresher(config, f"{self._run_id}-other", ports).refresh(config)


def limits_of(config: RawTableConfig) -> Limits:
    """Some tables are refreshed in small steps, the same ones in every run."""
    draw = Random(config.source_table_name)
    return Limits(files=draw.choice((3, 1000, 1000)), replayed_files=draw.choice((2, 6, 1000)))


def inject_faults(faults: str) -> None:
    """Let the refreshes of this process have these faults from now on."""
    known = RUN_FAULTS.validate_json(faults)

    def refresher(run_id: str, limits: Limits, **ports: Any) -> RefresherUnderFire:  # noqa: ANN401
        del limits
        return RefresherUnderFire(known, run_id, **ports)

    planned_batch.__dict__[TableRefresher.__name__] = refresher
