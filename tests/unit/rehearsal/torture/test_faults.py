"""Faults strike at the boundary that they name, and a killed process does nothing more."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from rehearsal.torture.faults import Boundaries, Fault, FaultKind, Killed, Process, UnderFire


class Port:
    def __init__(self) -> None:
        self.calls: list[int] = []

    def call(self, number: int) -> int:
        self.calls.append(number)
        return number


def under_fire(boundary: int, strike: Callable[[Process], None]) -> tuple[Port, UnderFire, Boundaries]:
    port, process = Port(), Process()
    boundaries = Boundaries(process, Fault(FaultKind.KILL, boundary), lambda: strike(process))
    return port, UnderFire(port, boundaries), boundaries


@pytest.mark.parametrize(("boundary", "done"), [(1, []), (2, [1]), (3, [1]), (4, [1, 2])])
def test_kill_strikes_before_or_after_a_call_and_ends_all_that_the_process_would_do(
    boundary: int, done: list[int]
) -> None:
    port, fired, boundaries = under_fire(boundary, Process.die)
    for number in (1, 2, 3):
        with suppress(Killed):
            fired.call(number)
    with pytest.raises(Killed):
        fired.call(4)
    assert port.calls == done
    assert boundaries.struck == ("before call" if boundary % 2 else "after call")


def test_fault_strikes_once_and_lets_the_run_go_on() -> None:
    strikes: list[Process] = []
    port, fired, _ = under_fire(2, strikes.append)
    assert [fired.call(number) for number in range(5)] == port.calls
    assert len(strikes) == 1


def test_fault_beyond_the_last_boundary_never_comes() -> None:
    strikes: list[Process] = []
    under_fire(100, strikes.append)[1].call(1)
    assert strikes == []
