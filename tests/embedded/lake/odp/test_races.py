"""Rules 1 and 8 against a database that serves many at once: conditional writes decide, whoever comes together."""

from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

import pytest
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import FileType, LandedFile
from odp.refresh import Lease, RefreshOutcome, RefreshStatus, RunRecord

from deployment_account.names import OdpTable
from lake.errors import LeaseLostError
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.conftest import Race
from tests.embedded.lake.odp.ledger import process, run_log_tables

ROUNDS = 25
LEASE_SECONDS = 60


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lessors(lake: DeployedLake, connections: list[Any], clock: Clock) -> list[DynamoDbTableLeases]:
    """The leases as each of several runs sees them."""
    name = lake.table(OdpTable.FILE_PROCESSING_TRACKER)
    return [DynamoDbTableLeases(each, name, seconds=LEASE_SECONDS, clock=clock) for each in connections]


@pytest.fixture
def trackers(lake: DeployedLake, connections: list[Any]) -> list[DynamoDbFileTracker]:
    """The file tracker as each of several functions and runs sees it."""
    names = lake.table(OdpTable.FILE_TRACKER), lake.table(OdpTable.FILE_TRACKER_HISTORY)
    return [DynamoDbFileTracker(each, *names) for each in connections]


def acquired(race: Race, lessors: list[DynamoDbTableLeases], table: str) -> list[Lease]:
    """The leases that runs get when all of them want one at the same moment."""
    leases = race([partial(leases.acquire, table, f"jr_{run}") for run, leases in enumerate(lessors)])
    return [lease for lease in leases if lease]


def test_rule_8_of_many_runs_that_want_a_free_lease_exactly_one_gets_it(
    lessors: list[DynamoDbTableLeases], race: Race
) -> None:
    """Defect 10 of the reference: the lock was read, then written without a condition."""
    assert [len(acquired(race, lessors, f"db.t{number}")) for number in range(ROUNDS)] == [1] * ROUNDS


def test_rule_8_of_many_runs_that_find_an_expired_lease_exactly_one_takes_it_over_and_the_old_owner_is_out(
    lessors: list[DynamoDbTableLeases], race: Race, clock: Clock
) -> None:
    held = lessors[0].acquire("db.t", "jr_first")
    assert held is not None
    for _ in range(ROUNDS):
        clock.now += LEASE_SECONDS + 1
        (taken,) = acquired(race, lessors, "db.t")
        assert taken.fencing_token == held.fencing_token + 1
        with pytest.raises(LeaseLostError):
            lessors[0].renew(held)
        held = taken


def test_heartbeat_and_takeover_at_the_moment_of_expiry_leave_one_owner(
    lessors: list[DynamoDbTableLeases], race: Race, clock: Clock, lake: DeployedLake
) -> None:
    run_log = DynamoDbRunLog(lake.dynamodb, run_log_tables(lake))
    for number in range(ROUNDS):
        old = lessors[0].acquire(f"db.t{number}", "jr_old")
        assert old is not None
        clock.now += LEASE_SECONDS + 1
        is_kept, new = race(
            [partial(_renewed, lessors[0], old), partial(lessors[1].acquire, f"db.t{number}", "jr_new")]
        )
        assert is_kept == (new is None)
        loser = old if new else replace(old, owner="jr_new")
        with pytest.raises(LeaseLostError):
            run_log.append(loser, _closing())
        run_log.append(new or old, _closing())


def test_file_announced_many_times_at_once_is_registered_once(trackers: list[DynamoDbFileTracker], race: Race) -> None:
    for number in range(ROUNDS):
        answers = race([partial(tracker.register, _file(number)) for tracker in trackers])
        assert answers.count(True) == 1
    assert len(trackers[0].pending_files("s.t", 10_000).files) == ROUNDS


def test_file_announced_while_it_moves_to_history_is_never_in_both_places_nor_in_neither(
    trackers: list[DynamoDbFileTracker], race: Race, lake: DeployedLake, connections: list[Any]
) -> None:
    places = Places(lake, connections[-1])
    for number in range(ROUNDS):
        file, moved = _file(number), Event()
        trackers[0].register(file)
        announcements = [partial(tracker.register, file) for tracker in trackers[1:-1]]
        answers = race([partial(_move, lake, file, moved), partial(places.watch, file, moved), *announcements])
        assert True not in answers
        assert places.of(file) == ("history",)
    assert ("pending",) in places.seen
    assert places.seen <= {("pending",), ("history",)}


class Places:
    """Where a file is, read from both tables in one transaction, so that no state in between can hide."""

    def __init__(self, lake: DeployedLake, dynamodb: Any) -> None:
        self._client = dynamodb.meta.client
        self._tables = {
            "pending": lake.table(OdpTable.FILE_TRACKER),
            "history": lake.table(OdpTable.FILE_TRACKER_HISTORY),
        }
        self.seen: set[tuple[str, ...]] = set()

    def watch(self, file: LandedFile, until: Event) -> None:
        while not until.is_set():
            self.seen.add(self.of(file))

    def of(self, file: LandedFile) -> tuple[str, ...]:
        key = {"source_table_name": file.source_table_name, "file_id": file.file_id}
        gets = [{"Get": {"TableName": name, "Key": key}} for name in self._tables.values()]
        found = self._client.transact_get_items(TransactItems=gets)["Responses"]
        return tuple(place for place, response in zip(self._tables, found, strict=True) if "Item" in response)


def _renewed(leases: DynamoDbTableLeases, lease: Lease) -> bool:
    try:
        leases.renew(lease)
    except LeaseLostError:
        return False
    return True


def _move(lake: DeployedLake, file: LandedFile, moved: Event) -> None:
    try:
        process(lake, file)
    finally:
        moved.set()


def _closing() -> RunRecord:
    return RunRecord(RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "", ""), closes=True)


def _file(number: int) -> LandedFile:
    key = f"s/t/20260101-{number:09d}.parquet"
    return LandedFile("s.t", f"1/{number}", FileType.CHANGES, "s", "t", "b", key, 1, "e", "2026-01-01T00:00:00Z")
