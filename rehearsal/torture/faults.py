"""Faults at the boundaries of one table's refresh: the run is killed, paused past its lease, throttled, overtaken.

Or its execution is stopped, or another one of the cadence starts. Much the same faults strike every other call: plans,
registrations, sweeps and decisions.

A boundary lies before and after every call of a port, so that none can be forgotten when ports are added. Only one is
left out: between the last look at the lease and the begin of the commit, which nothing can make one moment.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from random import Random
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

BOUNDARIES = 34
"""About so many boundaries has a refresh; a fault beyond the last one never comes."""
_CALL_BOUNDARIES = (4, 12, 24)
"""Of calls outside of refreshes, some have few boundaries and some have many."""


class FaultKind(StrEnum):
    """What can happen at a boundary."""

    KILL = "kill"
    PAUSE = "pause past the lease while another run works"
    OVERLAP = "another run comes along"
    THROTTLE = "throttled by DynamoDB"
    CONFLICT = "a transaction of another request is under way"
    NO_ANSWER = "no answer comes"
    OUTAGE = "throttled from here on, until the end"
    ARRIVAL = "files arrive"
    EXECUTION = "another execution of the cadence starts"
    STOP = "its execution is stopped, and the run with it"
    SUCCESSION = "its execution is stopped, the run goes on, and another execution starts"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that happens at one boundary."""

    kind: FaultKind
    boundary: int

    def is_due(self, crossed: int) -> bool:
        """Whether it strikes at this boundary."""
        return crossed == self.boundary or (self.kind is FaultKind.OUTAGE and crossed > self.boundary)

    def __str__(self) -> str:
        return f"{self.kind} at boundary {self.boundary}"


CALL_FAULTS = (
    FaultKind.KILL,
    FaultKind.THROTTLE,
    FaultKind.CONFLICT,
    FaultKind.NO_ANSWER,
    FaultKind.OUTAGE,
    FaultKind.EXECUTION,
    FaultKind.SUCCESSION,
)
"""Faults of calls outside of refreshes."""
TROUBLE = (ClientError, ReadTimeoutError)
"""What a call raises then, after boto3's own retries."""


class Killed(BaseException):
    """The process ends here: nothing catches it, as nothing catches SIGKILL."""


@dataclass(slots=True)
class Process:
    """The process of one run; after its end nothing is done in its name."""

    is_dead: bool = False

    def die(self) -> None:
        """End as by SIGKILL."""
        self.is_dead = True
        raise Killed


class Boundaries:
    """Counts the boundaries that one refresh crosses and lets its fault strike at one of them.

    Calls of several processes may share their `crossings`, so that the fault strikes one of them.
    """

    def __init__(
        self,
        process: Process,
        fault: Fault | None,
        strike: Callable[[], None],
        crossings: Iterator[int] | None = None,
    ) -> None:
        self._process = process
        self._fault = fault
        self._strike = strike
        self._crossings = crossings or count(1)
        self._open_calls: list[str] = []
        self.struck = ""

    def cross(self, name: str) -> None:
        """Go on, if the fault lets us."""
        if self._process.is_dead:
            raise Killed
        if self._open_calls[-1:] == ["apply"] and name == "after renew":
            return
        if self._fault and self._fault.is_due(next(self._crossings)):
            self.struck = name
            self._strike()

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        """The boundaries before and after a call."""
        self.cross(f"before {call}")
        self._open_calls.append(call)
        try:
            yield
        finally:
            self._open_calls.pop()
        self.cross(f"after {call}")


class UnderFire:
    """A port whose every call has a boundary before and after it."""

    def __init__(self, port: object, boundaries: Boundaries) -> None:
        self._port = port
        self._boundaries = boundaries

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any method of any port
            with self._boundaries.around(name):
                return method(*args, **kwargs)

        return call


def any_fault(draw: Random) -> Fault:
    """Any kind at any boundary."""
    return Fault(draw.choice(list(FaultKind)), draw.randint(1, BOUNDARIES))


def any_call_fault(draw: Random) -> Fault:
    """Any fault of calls outside of refreshes, at any boundary."""
    return Fault(draw.choice(CALL_FAULTS), draw.randint(1, draw.choice(_CALL_BOUNDARIES)))


def trouble(kind: FaultKind) -> Exception | None:
    """What a call raises that such a fault strikes; None if the fault is of another kind."""
    of_kind: dict[FaultKind, Callable[[], Exception]] = {
        FaultKind.THROTTLE: throttled,
        FaultKind.OUTAGE: throttled,
        FaultKind.CONFLICT: conflict,
        FaultKind.NO_ANSWER: lambda: ReadTimeoutError(endpoint_url="https://dynamodb.eu-central-1.amazonaws.com"),
    }
    return of_kind[kind]() if kind in of_kind else None


def throttled() -> ClientError:
    """What boto3 raises after its own retries."""
    code, message = "ProvisionedThroughputExceededException", "too many requests"
    return ClientError({"Error": {"Code": code, "Message": message}}, "AnyOperation")


def conflict() -> ClientError:
    """What boto3 raises when another transaction touches the same item; it does not try again."""
    message = "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]"
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": message},
        "CancellationReasons": [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}],
    }
    return ClientError(response, "TransactWriteItems")


# Faults of the calls of a step outside of refreshes: of those who plan, register, sweep and decide.

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
