"""The flow as it runs: a queue, Landing's invocations, executions of the state machine, and what kills them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from taxi.bundles.bundling import Bundling, ClaimResult
from taxi.bundles.closing import Closing
from taxi.datasets.dataset import load_datasets
from taxi.landing.registration import Landing, landed_object
from taxi.records import FileOutcome, LoadStatus

from lake.errors import LeaseLostError
from tests.unit.taxi.bundles.interleaving import Killed, Parties, Party
from tests.unit.taxi.landing.batches import take_in
from tests.unit.taxi.memory import MemoryAudit, MemoryBundles
from tests.unit.taxi.samples import loaded, message, object_created

if TYPE_CHECKING:
    from taxi.records import Bundle, LandedFile

T = TypeVar("T")

LEASE_SECONDS = 1_000
"""More than the pauses of an execution and the schedule together, as deployed."""
FILES_PER_RUN = 2
PASSING_FAILURES = 2


class LambdaDied(BaseException):
    """An invocation that ended without an answer: the state machine invokes the step again."""


class World:
    """Files of yellow that land, duplicates included, and whoever works on them."""

    def __init__(self, keys: list[str]) -> None:
        self.parties = Parties()
        self.audit = MemoryAudit(self.parties.step, lease_seconds=LEASE_SECONDS)
        self.bundles = MemoryBundles(self.parties.step)
        self.queue = deque(message(object_created(f"nyc-taxi/yellow/{key}.csv"), f"m{n}") for n, key in enumerate(keys))
        self.landed = {_file_id(delivered) for delivered in self.queue}
        self.in_flight: list[dict[str, Any]] = []
        self.working: dict[str, frozenset[str]] = {}
        self.names: set[str] = set()
        self.dead_executions: list[str] = []
        self._landing = Landing(self.audit, self, load_datasets())
        clock = self._clock
        self._bundling = Bundling(
            self.audit, self.audit, self.bundles, self, max_files_per_run=FILES_PER_RUN, clock=clock
        )
        self._closing = Closing(self.audit, self.audit, self.bundles, clock=clock)

    def _clock(self) -> float:
        return self.audit.now

    def start(self, dataset: str, name: str) -> None:
        """Start an execution, as Landing asks for it."""
        self.parties.step()
        self.begin_execution(dataset, name)

    def begin_execution(self, dataset: str, name: str) -> None:
        """Start an execution; a name that was used starts nothing."""
        if name not in self.names:
            self.names.add(name)
            self.parties.start(name, lambda: self._execute(dataset, name))

    def has_ended(self, execution_arn: str) -> bool:
        """Tell whether an execution has ended, as Step Functions does."""
        self.parties.step()
        return any(party.name == execution_arn and party.is_done for party in self.parties.all)

    def deliver(self, count: int) -> Party:
        """Hand the next messages to an invocation of Landing."""
        batch = [self.queue.popleft() for _ in range(min(count, len(self.queue)))]
        self.in_flight += batch
        return self.parties.start(f"landing-{len(self.parties.all)}", lambda: self._land(batch))

    def kill(self, party: Party) -> None:
        """End an invocation of Landing, or an execution for good."""
        party.strike(Killed())
        if party.name in self.names:
            self.dead_executions.append(party.name)
            self.working.pop(party.name, None)

    def end_invocation(self, execution: Party) -> Party:
        """End the Lambda invocation or the job run that an execution waits for; it runs the step again."""
        execution.strike(LambdaDied())
        return execution

    @property
    def executions(self) -> list[Party]:
        """Those that still run."""
        return [party for party in self.parties.alive if party.name in self.names]

    @property
    def announced(self) -> set[str]:
        """The files whose messages are still to be handled."""
        return {_file_id(delivered) for delivered in (*self.queue, *self.in_flight)}

    @property
    def holder_lives(self) -> bool:
        """Whether the lease's owner still runs."""
        owners = {lease.owner for lease, _ in self.audit.held.values()}
        return any(party.name in owners for party in self.executions)

    def _land(self, batch: list[dict[str, Any]]) -> None:
        failed: Any = [delivered["messageId"] for delivered in batch]
        try:
            self.parties.step()
            failed = take_in(self._landing, batch).failed_message_ids
        finally:
            for delivered in batch:
                self.in_flight.remove(delivered)
                if delivered["messageId"] in failed:
                    self.queue.append(_delivered_again(delivered))

    def _execute(self, dataset: str, name: str) -> None:
        try:
            while claimed := self._claim(dataset, name):
                self.working[name] = frozenset(file.file_id for file in claimed.files)
                self._load(claimed)
                self._close(claimed)
                del self.working[name]
        except LeaseLostError:
            self.working.pop(name, None)
            self.dead_executions.append(name)
            raise

    def _claim(self, dataset: str, name: str) -> Bundle | None:
        claim = _again_until_done(lambda: self._bundling.claim(dataset, name, name))
        return claim.bundle if claim.result is ClaimResult.CLAIMED else None

    def _load(self, bundle: Bundle) -> None:
        outcomes = [_outcome(file) for file in bundle.files]
        _again_until_done(lambda: self.bundles.write_outcome(bundle.key, outcomes))

    def _close(self, bundle: Bundle) -> None:
        """Close, and pause as the state machine does: this takes time, but holds up nobody else's steps."""
        closed = _again_until_done(lambda: self._closing.close(bundle.key, ""))
        self.audit.now += closed.pause_seconds


def _again_until_done(step: Callable[[], T]) -> T:
    while True:
        try:
            return step()
        except LambdaDied:
            continue


def _outcome(file: LandedFile) -> FileOutcome:
    """The key d meets two failures that pass before it is loaded."""
    is_throttled = file.key.endswith("d.csv") and file.tries < PASSING_FAILURES
    return FileOutcome(file.file_id, LoadStatus.PENDING, error="slow") if is_throttled else loaded(file.file_id)


def _file_id(delivered: dict[str, Any]) -> str:
    return landed_object(json.loads(delivered["body"]), load_datasets()).file_id


def _delivered_again(delivered: dict[str, Any]) -> dict[str, Any]:
    deliveries = int(delivered["attributes"]["ApproximateReceiveCount"]) + 1
    return {**delivered, "attributes": {"ApproximateReceiveCount": str(deliveries)}}
