"""What befalls the calls of a step outside of refreshes: of those who plan, register, sweep and decide."""

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Process, UnderFire, trouble

Fire = Callable[[object], Any]
"""Gives a port whose calls may be struck."""


class Troubles:
    """At most one fault for each step, wherever the step's calls cross its boundary.

    Each call is a process of its own, so that a killed one can be made again.
    """

    def __init__(self, start_another: Callable[[], None]) -> None:
        self._start_another = start_another
        self._fault: Fault | None = None
        self._crossings = count(1)
        self.struck: Counter[tuple[FaultKind, str]] = Counter()
        """How often each kind struck at each boundary."""

    def expect(self, fault: Fault | None) -> None:
        """Let this fault strike from now on."""
        self._fault, self._crossings = fault, count(1)

    def process(self, stop: Callable[[], None] = lambda: None) -> Fire:
        """Begin a process; `stop` ends the execution that it works for."""
        process, fault = Process(), self._fault
        boundaries = Boundaries(process, fault, lambda: self._strike(fault, process, boundaries, stop), self._crossings)
        return lambda port: UnderFire(port, boundaries)

    def _strike(self, fault: Fault | None, process: Process, boundaries: Boundaries, stop: Callable[[], None]) -> None:
        assert fault is not None  # noqa: S101 - without a fault nothing strikes
        self.struck[fault.kind, boundaries.struck] += 1
        if error := trouble(fault.kind):
            raise error
        if fault.kind is FaultKind.KILL:
            process.die()
        if fault.kind is FaultKind.SUCCESSION:
            stop()
        self._start_another()
