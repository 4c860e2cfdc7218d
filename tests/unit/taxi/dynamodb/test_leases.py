"""Who may take, renew and return a dataset's lease, and what an overtaken claim may still do."""

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from taxi.dynamodb.leases import DynamoDbDatasetLeases
from taxi.records import Holder, Lease

from lake.errors import LeaseLostError, RetryableError, StaleRegionError
from lake.ledger.regions import Role, RunEpoch
from tests.unit.two_regions import EAST, WEST, TwoRegions, create_region_table

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

LEASE_KEY = {"dataset": "lease#yellow", "file_id": "lease"}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(dynamodb: "DynamoDBServiceResource", clock: Clock) -> DynamoDbDatasetLeases:
    return DynamoDbDatasetLeases(dynamodb, "audit", seconds=60, clock=clock)


def acquired(leases: DynamoDbDatasetLeases, owner: str, dataset: str = "yellow") -> Lease:
    lease = leases.acquire(dataset, owner)
    assert lease is not None
    return lease


def test_lease_says_the_format_it_is_stored_in(
    leases: DynamoDbDatasetLeases, dynamodb: "DynamoDBServiceResource"
) -> None:
    acquired(leases, "run-1")
    assert dynamodb.Table("audit").get_item(Key=LEASE_KEY)["Item"]["format"] == 1


def test_second_execution_gets_no_lease_while_the_first_holds_it(leases: DynamoDbDatasetLeases, clock: Clock) -> None:
    acquired(leases, "run-1")
    clock.now += 60
    assert leases.acquire("yellow", "run-2") is None


def test_datasets_have_leases_of_their_own(leases: DynamoDbDatasetLeases) -> None:
    acquired(leases, "run-1")
    acquired(leases, "run-2", "green")


def test_expired_lease_is_taken_over_with_a_greater_fencing_token(leases: DynamoDbDatasetLeases, clock: Clock) -> None:
    first = acquired(leases, "run-1")
    clock.now += 61
    second = acquired(leases, "run-2")
    assert second.fencing_token > first.fencing_token
    assert leases.acquire("yellow", "run-1") is None


def test_owner_that_claims_again_has_a_new_token_and_a_whole_lease(leases: DynamoDbDatasetLeases, clock: Clock) -> None:
    first = acquired(leases, "run-1")
    clock.now += 50
    assert acquired(leases, "run-1").fencing_token == first.fencing_token + 1
    clock.now += 50
    assert leases.acquire("yellow", "run-2") is None


@pytest.mark.parametrize("overtaken_by", ["run-2", "run-1"])
def test_overtaken_claim_can_neither_renew_nor_release(
    leases: DynamoDbDatasetLeases, clock: Clock, overtaken_by: str
) -> None:
    first = acquired(leases, "run-1")
    clock.now += 61
    acquired(leases, overtaken_by)
    with pytest.raises(LeaseLostError, match=r"yellow: a later claim took the lease of run-1 \(1\)"):
        leases.renew(first)
    with pytest.raises(LeaseLostError):
        leases.release(first)
    assert leases.acquire("yellow", "run-3") is None


def test_renewed_lease_outlives_its_first_expiry(leases: DynamoDbDatasetLeases, clock: Clock) -> None:
    lease = acquired(leases, "run-1")
    clock.now += 50
    leases.renew(lease)
    clock.now += 50
    assert leases.acquire("yellow", "run-2") is None


def test_expired_lease_that_nobody_took_is_renewed(leases: DynamoDbDatasetLeases, clock: Clock) -> None:
    lease = acquired(leases, "run-1")
    clock.now += 61
    leases.renew(lease)
    assert leases.acquire("yellow", "run-2") is None


def test_released_lease_is_free_and_its_tokens_still_grow(
    leases: DynamoDbDatasetLeases, dynamodb: "DynamoDBServiceResource"
) -> None:
    lease = acquired(leases, "run-1")
    leases.release(lease)
    assert "owner" not in dynamodb.Table("audit").get_item(Key=LEASE_KEY)["Item"]
    assert acquired(leases, "run-2").fencing_token > lease.fencing_token
    with pytest.raises(LeaseLostError):
        leases.release(lease)


def test_lease_that_stays_in_the_midst_of_transactions_is_asked_for_again_and_not_taken_for_held(
    leases: DynamoDbDatasetLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def conflict(**_: object) -> None:
        raise ClientError({"Error": {"Code": "TransactionConflictException"}}, "UpdateItem")

    monkeypatch.setattr("lake.ledger.connection.time.sleep", lambda _: None)
    monkeypatch.setattr(leases._client, "update_item", conflict)
    with pytest.raises(RetryableError, match="lease of yellow is part of a transaction"):
        leases.acquire("yellow", "run-1")


def test_lease_says_who_holds_it_and_by_which_execution(leases: DynamoDbDatasetLeases) -> None:
    assert leases.holder("yellow") is None
    lease = leases.acquire("yellow", "run-1", "arn:1")
    assert lease is not None
    assert leases.holder("yellow") == Holder(lease, "arn:1")
    leases.release(lease)
    assert leases.holder("yellow") is None


def test_lease_of_an_execution_that_ended_is_taken_over_long_before_it_expires(leases: DynamoDbDatasetLeases) -> None:
    first = leases.acquire("yellow", "run-1", "arn:1")
    holder = leases.holder("yellow")
    assert first is not None
    assert holder is not None
    second = leases.take_over(holder, "run-2", "arn:2")
    assert second is not None
    assert second.fencing_token > first.fencing_token
    assert leases.holder("yellow") == Holder(second, "arn:2")
    with pytest.raises(LeaseLostError):
        leases.renew(first)


@pytest.mark.parametrize("claimed_by", ["run-1", "run-3"])
def test_lease_that_was_claimed_since_it_was_looked_at_is_not_taken_over(
    leases: DynamoDbDatasetLeases, clock: Clock, claimed_by: str
) -> None:
    acquired(leases, "run-1")
    holder = leases.holder("yellow")
    assert holder is not None
    clock.now += 61
    lease = acquired(leases, claimed_by)
    assert leases.take_over(holder, "run-2", "arn:2") is None
    leases.renew(lease)


def test_lease_that_was_given_back_since_it_was_looked_at_is_not_taken_over(leases: DynamoDbDatasetLeases) -> None:
    lease = acquired(leases, "run-1")
    holder = leases.holder("yellow")
    assert holder is not None
    leases.release(lease)
    assert leases.take_over(holder, "run-2", "arn:2") is None


def test_claim_of_an_ended_epoch_gets_no_lease_and_one_of_the_newest_has_it_in_its_item(
    dynamodb: "DynamoDBServiceResource", clock: Clock
) -> None:
    create_region_table(dynamodb)
    regions = TwoRegions(dynamodb)

    def under(number: int) -> DynamoDbDatasetLeases:
        epoch = RunEpoch(regions.of(EAST), number, Role.ACTIVE)
        return DynamoDbDatasetLeases(dynamodb, "audit", seconds=60, clock=clock, epoch=epoch)

    regions.begin(1, WEST)
    regions.begin(2, EAST)
    with pytest.raises(StaleRegionError):
        under(0).acquire("yellow", "run-1")
    acquired(under(2), "run-2")
    assert dynamodb.Table("audit").get_item(Key=LEASE_KEY)["Item"]["epoch"] == 2
    holder = under(2).holder("yellow")
    assert holder is not None
    with pytest.raises(StaleRegionError):
        under(1).take_over(holder, "run-3", "arn:3")
    assert under(2).take_over(holder, "run-3", "arn:3") is not None
