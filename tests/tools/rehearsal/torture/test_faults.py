"""Faults strike at the boundary that they name, and a killed process does nothing more."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest
from botocore.exceptions import ClientError

from rehearsal.torture.faults import (
    BOUNDARIES,
    CALL_FAULTS,
    TROUBLE,
    Boundaries,
    Fault,
    FaultKind,
    Killed,
    Process,
    Troubles,
    UnderFire,
    any_call_fault,
    any_fault,
    conflict,
    throttled,
    trouble,
)


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


def test_every_kind_of_fault_is_drawn_at_every_boundary() -> None:
    drawn = [any_fault(Random(seed)) for seed in range(3000)]
    assert {fault.kind for fault in drawn} == set(FaultKind)
    assert {fault.boundary for fault in drawn} == set(range(1, BOUNDARIES + 1))


def test_outage_strikes_from_its_boundary_on() -> None:
    strikes: list[str] = []
    boundaries = Boundaries(Process(), Fault(FaultKind.OUTAGE, 3), lambda: strikes.append("throttled"))
    port = UnderFire(Port(), boundaries)
    assert [(port.call(number), len(strikes)) for number in range(3)] == [(0, 0), (1, 2), (2, 4)]


def test_fault_strikes_one_of_the_processes_that_share_their_crossings_and_a_killed_one_can_be_begun_again() -> None:
    again: list[Port] = []
    troubles = Troubles(lambda: None)
    troubles.expect(Fault(FaultKind.KILL, 4))
    for _ in range(3):
        port = Port()
        fired = troubles.process()(port)
        with suppress(Killed):
            fired.call(1)
            again.append(port)
    assert [port.calls for port in again] == [[1], [1]]
    assert troubles.struck == {(FaultKind.KILL, "after call"): 1}


def test_another_execution_starts_during_a_call_and_the_one_of_the_call_is_stopped_if_the_fault_says_so() -> None:
    happened: list[str] = []
    for kind in (FaultKind.EXECUTION, FaultKind.SUCCESSION):
        troubles = Troubles(lambda: happened.append("another"))
        troubles.expect(Fault(kind, 1))
        troubles.process(lambda: happened.append("stopped"))(Port()).call(1)
    assert happened == ["another", "stopped", "another"]


def test_every_kind_of_fault_of_a_call_is_drawn_and_raises_what_boto3_raises_or_happens() -> None:
    drawn = {any_call_fault(Random(seed)).kind for seed in range(300)}
    assert drawn == set(CALL_FAULTS)
    raised = {kind for kind in FaultKind if isinstance(trouble(kind), TROUBLE)}
    assert raised == {FaultKind.THROTTLE, FaultKind.OUTAGE, FaultKind.CONFLICT, FaultKind.NO_ANSWER}
    assert all(trouble(kind) is None for kind in set(FaultKind) - raised)


def test_last_look_at_the_lease_and_the_begin_of_the_commit_are_one_moment() -> None:
    crossed: list[str] = []

    class Writer:
        def apply(self) -> None:
            leases.renew()

    class Leases:
        def renew(self) -> None:
            crossed.append("renewed")

    boundaries = Boundaries(Process(), Fault(FaultKind.KILL, 3), lambda: crossed.append("struck"))
    leases, writer = UnderFire(Leases(), boundaries), UnderFire(Writer(), boundaries)
    writer.apply()
    assert (crossed, boundaries.struck) == (["renewed", "struck"], "after apply")


@pytest.mark.parametrize(("error", "code"), [(throttled(), "Throughput"), (conflict(), "TransactionCanceled")])
def test_faults_of_dynamodb_are_what_boto3_raises(error: ClientError, code: str) -> None:
    assert code in error.response["Error"]["Code"]


def test_conflict_names_its_reason() -> None:
    assert [reason["Code"] for reason in conflict().response["CancellationReasons"]] == ["TransactionConflict"]
