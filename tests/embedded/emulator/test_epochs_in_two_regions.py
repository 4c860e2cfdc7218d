"""Epochs and leases on a global table with two replicas: conditional writes decide, whoever comes together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.table_leases import DynamoDbTableLeases

from lake.errors import StaleRegionError
from lake.ledger.regions import DynamoDbRegions, Epoch, RegionSettings, Role, RunEpoch, StandbyMode

if TYPE_CHECKING:
    from rehearsal.emulator.process import Emulator

EAST, WEST = "us-east-1", "us-west-2"
SETTINGS = RegionSettings("odpf_region", EAST, WEST, StandbyMode.WARM, lag_minutes=15, refresh_minutes=30)
RACERS, ROUNDS = 6, 10
KEYS = {"odpf_region": ("region_kind", "entry_id"), "leases": ("raw_table_name",)}


@pytest.fixture
def connect(emulator: Emulator, account: str) -> Callable[[str], Any]:
    """A connection of its own for each call: a boto3 resource belongs to one thread."""
    return lambda region: emulator.resource("dynamodb", account=account, region=region)


@pytest.fixture
def regions(connect: Callable[[str], Any]) -> Callable[[str], DynamoDbRegions]:
    """The epochs as code of each Region sees them, in a new connection."""
    east = connect(EAST)
    _create(east, "odpf_region")
    replicas: Any = [{"Create": {"RegionName": WEST}}]
    east.meta.client.update_table(TableName="odpf_region", ReplicaUpdates=replicas)
    for region in (EAST, WEST):
        _create(connect(region), "leases")
    return lambda region: DynamoDbRegions(connect(region), SETTINGS, region)


def _create(dynamodb: Any, table: str) -> None:
    kinds = zip(KEYS[table], ("HASH", "RANGE"), strict=False)
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in kinds],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS[table]],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


@pytest.fixture
def race() -> Iterator[Callable[[Sequence[Callable[[], Any]]], list[Any]]]:
    with ThreadPoolExecutor(RACERS) as threads:

        def race(works: Sequence[Callable[[], Any]]) -> list[Any]:
            together = Barrier(len(works))

            def begin(work: Callable[[], Any]) -> Any:
                together.wait()
                return work()

            return list(threads.map(begin, works))

        yield race


def test_epoch_that_one_region_begins_is_in_force_in_both_and_cannot_be_begun_again(
    regions: Callable[[str], DynamoDbRegions],
) -> None:
    east, west = regions(EAST), regions(WEST)
    assert (east.role(), west.role()) == (Role.ACTIVE, Role.STANDBY)
    epoch = Epoch(1, WEST, "2026-12-01T10:00:00+00:00", "anna", "drill", planned=False)
    assert west.begin(epoch)
    assert west.begin(epoch)
    assert not east.begin(Epoch(1, EAST, "2026-12-01T10:00:01+00:00", "ben"))
    assert east.newest() == west.newest() == epoch
    assert (east.role(), west.role()) == (Role.STANDBY, Role.ACTIVE)
    with pytest.raises(StaleRegionError, match="us-west-2 by epoch 1"):
        east.check(0)


def test_of_many_that_begin_the_same_epoch_at_once_exactly_one_does(
    regions: Callable[[str], DynamoDbRegions], race: Callable[..., list[Any]]
) -> None:
    callers = [regions(EAST) for _ in range(RACERS)]
    for number in range(1, ROUNDS + 1):
        epochs = [Epoch(number, EAST if caller % 2 else WEST, by=f"caller-{caller}") for caller in range(RACERS)]
        begun = race([lambda c=c, e=e: c.begin(e) for c, e in zip(callers, epochs, strict=True)])
        assert sum(begun) == 1
        assert callers[0].newest() == epochs[begun.index(True)]
    assert [epoch.number for epoch in regions(WEST).epochs()] == list(range(1, ROUNDS + 1))


def test_of_runs_of_both_epochs_that_want_an_expired_lease_only_those_of_the_new_one_get_and_keep_it(
    regions: Callable[[str], DynamoDbRegions], connect: Callable[[str], Any], race: Callable[..., list[Any]]
) -> None:
    now = [1_000_000.0]

    def run(epoch: int) -> DynamoDbTableLeases:
        fence = RunEpoch(regions(EAST), epoch)
        return DynamoDbTableLeases(connect(EAST), "leases", seconds=60, clock=lambda: now[0], epoch=fence)

    for number in range(1, ROUNDS + 1):
        old, new = run(number - 1), run(number)
        held = old.acquire("db.t", f"before-{number}")
        assert held is not None
        now[0] += 61

        def begin(number: int = number) -> None:
            assert regions(EAST).begin(Epoch(number, EAST))

        def wants(leases: DynamoDbTableLeases, owner: str) -> Callable[[], Any]:
            def take() -> Any:
                try:
                    return leases.acquire("db.t", owner)
                except StaleRegionError as stale:
                    return stale

            return take

        race([begin, wants(old, f"old-{number}"), wants(new, f"new-{number}")])
        assert isinstance(wants(old, "again")(), StaleRegionError)
        with pytest.raises(StaleRegionError):
            old.renew(held)
        now[0] += 61
        assert new.acquire("db.t", f"new-{number}") is not None
        item = connect(EAST).Table("leases").get_item(Key={"raw_table_name": "db.t"})["Item"]
        assert (item["lease_owner"], item["epoch"]) == (f"new-{number}", number)
        now[0] += 61
