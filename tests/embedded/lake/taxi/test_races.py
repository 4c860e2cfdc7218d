"""Many landings and executions at once on a database that serves them all: each file is loaded by one, none is left."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import pytest
from boto3.dynamodb.conditions import Key
from taxi.bundles.bundling import Bundling, Claim, ClaimResult
from taxi.bundles.closing import Closing
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.dynamodb.leases import DynamoDbDatasetLeases
from taxi.ports import EarlierState
from taxi.records import Bundle, FileOutcome, LandedFile, LoadStatus
from taxi.s3 import S3Bundles

from deployment_account.names import Shared, Taxi
from lake.errors import LeaseLostError, RetryableError
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.conftest import Race

FILES_PER_RUN, ROUNDS = 3, 15
LEASE_SECONDS = 60
T = TypeVar("T")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Loaded:
    """Which files were loaded how often, by runs that must not overlap."""

    times: Counter[str] = field(default_factory=Counter)
    working: set[str] = field(default_factory=set)
    overlaps: list[set[str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def begin(self, execution: str) -> None:
        with self.lock:
            self.working.add(execution)
            if len(self.working) > 1:
                self.overlaps.append(set(self.working))

    def end(self, execution: str, bundle: Bundle) -> None:
        with self.lock:
            self.working.remove(execution)
            self.times.update(file.file_id for file in bundle.files)


class Participant:
    """The landing function and the executions of one thread, on a connection of its own."""

    def __init__(self, dynamodb: Any, audit_table: str, bundles: S3Bundles, clock: Callable[[], float]) -> None:
        self.audit = DynamoDbAudit(dynamodb, audit_table)
        leases = DynamoDbDatasetLeases(dynamodb, audit_table, seconds=LEASE_SECONDS, clock=clock)
        self._bundles = bundles
        self._bundling = Bundling(self.audit, leases, bundles, self, max_files_per_run=FILES_PER_RUN)
        self._closing = Closing(self.audit, leases, bundles)

    def has_ended(self, execution_arn: str) -> bool:
        """Nobody knows of these executions: their leases must expire."""
        del execution_arn
        return False

    def claim(self, dataset: str, execution: str) -> Claim:
        return _retried(partial(self._bundling.claim, dataset, execution))

    def load(self, bundle: Bundle) -> None:
        outcomes = [FileOutcome(file.file_id, LoadStatus.LOADED, rows_read=1, rows_loaded=1) for file in bundle.files]
        self._bundles.write_outcome(bundle.key, outcomes)

    def close(self, bundle: Bundle) -> bool:
        """Tell whether it was still this execution's to close."""
        try:
            _retried(partial(self._closing.close, bundle.key, ""))
        except LeaseLostError:
            return False
        return True

    def land(self, files: list[LandedFile], name: str, loaded: Loaded) -> set[ClaimResult]:
        """Register each file and do what the execution does that is started for it."""
        return {
            self.execute(file.dataset, f"{name}-{file.file_id}", loaded)
            for file in files
            if self.audit.register(file) is not EarlierState.ENDED
        }

    def execute(self, dataset: str, execution: str, loaded: Loaded) -> ClaimResult:
        while bundle := (claim := self.claim(dataset, execution)).bundle:
            loaded.begin(execution)
            self.load(bundle)
            loaded.end(execution, bundle)
            assert self.close(bundle)
        return claim.result


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def participants(
    deployed_lake: DeployedLake, connections: list[Any], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> list[Participant]:
    for name, value in deployed_lake.shell_environment().items():
        monkeypatch.setenv(name, value)
    bundles = S3Bundles(deployed_lake.published(Shared.CONFIG_BUCKET))
    return [Participant(each, deployed_lake.published(Taxi.AUDIT_TABLE), bundles, clock) for each in connections]


def test_every_file_is_loaded_once_when_landings_and_executions_come_all_at_once(
    participants: list[Participant], race: Race, deployed_lake: DeployedLake
) -> None:
    answers: set[ClaimResult] = set()
    for number in range(ROUNDS):
        dataset, loaded = f"race-of-landings-{number}", Loaded()
        files = [_landed(dataset, file) for file, _ in enumerate(participants)]
        twice = [*files, files[0]]
        answers |= set().union(
            *race(
                [
                    partial(participant.land, twice[first : first + 2], f"run-{first}", loaded)
                    for first, participant in enumerate(participants)
                ]
            )
        )
        assert loaded.times == {file.file_id: 1 for file in files}
        assert loaded.overlaps == []
        assert participants[0].audit.pending(dataset) == []
        assert _statuses(deployed_lake, dataset) == {"completed": len(files)}
    assert answers == {ClaimResult.BUSY, ClaimResult.IDLE}


def test_of_an_execution_that_ends_late_and_one_that_takes_over_exactly_one_closes_the_bundle(
    participants: list[Participant], race: Race, clock: Clock, deployed_lake: DeployedLake
) -> None:
    late, other = participants[:2]
    for number in range(ROUNDS):
        dataset = f"race-of-closings-{number}"
        for file in range(3):
            late.audit.register(_landed(dataset, file))
        bundle = late.claim(dataset, "late").bundle
        assert bundle
        late.load(bundle)
        clock.now += LEASE_SECONDS + 1
        is_closed, claim = race([partial(late.close, bundle), partial(other.claim, dataset, "other")])
        assert is_closed == (claim.result is ClaimResult.BUSY)
        assert _statuses(deployed_lake, dataset) == {"completed" if is_closed else "running": 3}
        assert len(late.audit.pending(dataset)) == (0 if is_closed else 3)
        if claim.bundle:
            other.load(claim.bundle)
            assert other.close(claim.bundle)
        assert _statuses(deployed_lake, dataset) == {"completed": 3}


def _retried(step: Callable[[], T]) -> T:
    """As the state machine does it."""
    while True:
        try:
            return step()
        except LeaseLostError:
            raise
        except RetryableError:
            time.sleep(0.01)


def _landed(dataset: str, number: int) -> LandedFile:
    key = f"nyc-taxi/{dataset}/ü {number}+.csv"
    return LandedFile(dataset, f"f{number}", "raw", key, "e", 1, f"2026-01-01T00:00:{number % 60:02}Z")


def _statuses(lake: DeployedLake, dataset: str) -> Counter[str]:
    table = lake.dynamodb.Table(lake.published(Taxi.AUDIT_TABLE))
    found = table.query(KeyConditionExpression=Key("dataset").eq(dataset), ConsistentRead=True)["Items"]
    return Counter(item["file_status"] for item in found)
