"""A lease carries the epoch under which it was taken: a run of an earlier epoch gets none, and keeps none."""

import logging
from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.table_leases import DynamoDbTableLeases

from lake.errors import LeaseLostError, StaleRegionError
from lake.ledger.regions import Role, RunEpoch
from tests.unit.two_regions import EAST, WEST, TwoRegions, requests_of

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Leases:
    """Gives the leases of runs that began under an epoch in one Region."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", clock: Clock) -> None:
        self.dynamodb, self.clock, self.regions = dynamodb, clock, TwoRegions(dynamodb)

    def under(self, number: int, region: str = EAST, role: Role | None = None) -> DynamoDbTableLeases:
        epoch = RunEpoch(self.regions.of(region), number, role)
        return DynamoDbTableLeases(self.dynamodb, "leases", seconds=60, clock=self.clock, epoch=epoch)

    def without(self) -> DynamoDbTableLeases:
        return DynamoDbTableLeases(self.dynamodb, "leases", seconds=60, clock=self.clock)

    @property
    def item(self) -> dict[str, Any]:
        (item,) = self.dynamodb.Table("leases").scan()["Items"]
        return item


@pytest.fixture
def leases(dynamodb: "DynamoDBServiceResource", clock: Clock) -> Leases:
    return Leases(dynamodb, clock)


def test_lease_and_its_item_have_the_epoch(leases: Leases) -> None:
    leases.regions.begin(4, EAST)
    lease = leases.under(4).acquire("db.t", "run-1")
    assert lease is not None
    assert (lease.epoch, leases.item["epoch"]) == (4, 4)


def test_epoch_0_is_an_epoch_too(leases: Leases) -> None:
    assert leases.under(0).acquire("db.t", "run-1") is not None
    assert leases.item["epoch"] == 0


def test_run_of_an_earlier_epoch_gets_no_lease_though_it_is_free(leases: Leases) -> None:
    leases.regions.begin(1, WEST)
    with pytest.raises(StaleRegionError, match="us-west-2 by epoch 1"):
        leases.under(0).acquire("db.t", "run-1")
    assert leases.dynamodb.Table("leases").scan()["Items"] == []


def test_run_whose_epoch_ends_between_its_look_and_its_claim_gets_no_lease_that_another_one_has_had(
    leases: Leases, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = leases.under(0)
    update = old._leases._update

    def overtaken(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(old._leases, "_update", update)
        leases.regions.begin(1, EAST)
        new = leases.under(1).acquire("db.t", "new")
        assert new is not None
        clock.now += 61  # its lease has expired
        return update(*given, **named)

    monkeypatch.setattr(old._leases, "_update", overtaken)
    with pytest.raises(StaleRegionError, match="by epoch 1"):
        old.acquire("db.t", "old")
    assert (leases.item["lease_owner"], leases.item["epoch"]) == ("new", 1)


def test_renewing_under_a_later_epoch_fails_and_does_not_prolong_the_lease(leases: Leases, clock: Clock) -> None:
    run = leases.under(0)
    lease = run.acquire("db.t", "run-1")
    assert lease is not None
    run.renew(lease)
    expires_at = leases.item["lease_expires_at"]
    clock.now += 10
    leases.regions.begin(1, WEST)
    with pytest.raises(StaleRegionError):
        run.renew(lease)
    assert leases.item["lease_expires_at"] == expires_at


def test_lease_of_an_ended_epoch_that_expired_is_taken_under_the_new_one(leases: Leases, clock: Clock) -> None:
    leases.under(0).acquire("db.t", "old")
    leases.regions.begin(1, EAST)
    assert leases.under(1).acquire("db.t", "new") is None
    clock.now += 61
    lease = leases.under(1).acquire("db.t", "new")
    assert lease is not None
    assert (lease.fencing_token, leases.item["epoch"]) == (2, 1)


def test_lease_that_another_run_holds_is_none_and_no_error(leases: Leases) -> None:
    assert leases.under(0).acquire("db.t", "run-1") is not None
    assert leases.under(0).acquire("db.t", "run-2") is None
    assert leases.item["lease_owner"] == "run-1"


def test_lost_lease_is_lost_whatever_the_epoch(leases: Leases, clock: Clock) -> None:
    run = leases.under(0)
    lease = run.acquire("db.t", "run-1")
    assert lease is not None
    clock.now += 61
    leases.under(0).acquire("db.t", "run-2")
    with pytest.raises(LeaseLostError):
        run.renew(lease)


def test_table_is_not_refused_for_ever_after_the_epochs_were_lost(
    leases: Leases, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as by a secondary that was removed with its table and configured again."""
    leases.regions.begin(7, EAST)
    leases.under(7).acquire("db.t", "run-1")
    clock.now += 61
    leases.dynamodb.Table("regions").delete_item(Key={"region_kind": "epoch", "entry_id": "0000000007"})
    caplog.set_level(logging.WARNING)
    lease = leases.under(0).acquire("db.t", "run-2")
    assert lease is not None
    assert leases.item["epoch"] == 0
    assert "of a later epoch than 0" in caplog.text


def test_run_whose_number_was_begun_in_both_regions_stops_in_the_one_that_is_not_active_after_all(
    leases: Leases,
) -> None:
    leases.regions.begin(1, EAST, here=EAST)
    run = leases.under(1, role=Role.ACTIVE)
    lease = run.acquire("db.t", "run-1")
    assert lease is not None
    leases.regions.begin(1, WEST, here=WEST)
    run.renew(lease)  # nobody here knows it yet
    leases.regions.replicate()
    with pytest.raises(StaleRegionError, match="us-west-2 by epoch 1"):
        run.renew(lease)


def test_without_a_secondary_no_request_is_added_and_no_epoch_stored(leases: Leases) -> None:
    run = leases.without()
    held: list[Any] = []
    assert requests_of(leases.dynamodb, lambda: held.append(run.acquire("db.t", "run-1"))) == ["UpdateItem"]
    assert "epoch" not in leases.item
    assert requests_of(leases.dynamodb, lambda: run.renew(held[0])) == ["UpdateItem"]
    assert requests_of(leases.dynamodb, lambda: run.acquire("db.t", "run-2")) == ["UpdateItem"]


def test_with_a_secondary_each_claim_and_each_renewal_costs_one_read_more(leases: Leases) -> None:
    run = leases.under(0)
    held: list[Any] = []
    assert requests_of(leases.dynamodb, lambda: held.append(run.acquire("db.t", "run-1"))) == ["Query", "UpdateItem"]
    assert requests_of(leases.dynamodb, lambda: run.renew(held[0])) == ["Query", "UpdateItem"]
