"""Rule 8 in one thread: who may take, renew and return a lease (races are tested against ministack)."""

from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.refresh import Lease

from lake.errors import LeaseLostError

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(dynamodb: "DynamoDBServiceResource", clock: Clock) -> DynamoDbTableLeases:
    return DynamoDbTableLeases(dynamodb, "leases", seconds=60, clock=clock)


def test_second_run_gets_no_lease_while_the_first_holds_it(leases: DynamoDbTableLeases) -> None:
    assert leases.acquire("db.t", "run-1") is not None
    assert leases.acquire("db.t", "run-2") is None


def test_lease_says_since_when_its_run_has_it(
    dynamodb: "DynamoDBServiceResource", leases: DynamoDbTableLeases, clock: Clock
) -> None:
    lease = leases.acquire("db.t", "run-1")
    assert lease is not None
    clock.now += 30
    leases.renew(lease)
    (item,) = dynamodb.Table("leases").scan()["Items"]
    assert (item["lease_since"], item["lease_expires_at"]) == (1000, 1090)


def test_expired_lease_is_taken_over_with_a_greater_fencing_token(leases: DynamoDbTableLeases, clock: Clock) -> None:
    first = leases.acquire("db.t", "run-1")
    clock.now += 61
    second = leases.acquire("db.t", "run-2")
    assert first is not None
    assert second is not None
    assert second.fencing_token > first.fencing_token


def test_run_that_lost_its_lease_cannot_renew_it(leases: DynamoDbTableLeases, clock: Clock) -> None:
    first = leases.acquire("db.t", "run-1")
    assert first is not None
    clock.now += 61
    leases.acquire("db.t", "run-2")
    with pytest.raises(LeaseLostError, match="db.t: the lease of run-1 expired"):
        leases.renew(first)
    assert leases.acquire("db.t", "run-3") is None


def test_same_run_that_took_its_own_expired_lease_again_has_one_valid_lease(
    leases: DynamoDbTableLeases, clock: Clock
) -> None:
    first = leases.acquire("db.t", "run-1")
    clock.now += 61
    leases.acquire("db.t", "run-1")
    assert first is not None
    with pytest.raises(LeaseLostError):
        leases.renew(first)


def test_run_that_asks_again_because_an_answer_was_lost_has_the_lease_and_one_valid_token(
    leases: DynamoDbTableLeases,
) -> None:
    """Code review C23: the repeated request read as another run's."""
    lost_answer = leases.acquire("db.t", "run-1")
    again = leases.acquire("db.t", "run-1")
    assert lost_answer is not None
    assert again is not None
    assert again.fencing_token > lost_answer.fencing_token
    leases.renew(again)
    with pytest.raises(LeaseLostError):
        leases.renew(lost_answer)
    assert leases.acquire("db.t", "run-2") is None


def test_renewed_lease_outlives_its_first_expiry(leases: DynamoDbTableLeases, clock: Clock) -> None:
    lease = leases.acquire("db.t", "run-1")
    assert lease is not None
    clock.now += 50
    leases.renew(lease)
    clock.now += 50
    assert leases.acquire("db.t", "run-2") is None


@pytest.mark.parametrize("more", [{}, {"format": 3, "engine": "auto"}])
def test_lease_of_another_release_is_taken_and_has_the_number_of_the_format(
    dynamodb: "DynamoDBServiceResource", leases: DynamoDbTableLeases, more: dict[str, Any]
) -> None:
    """Finding C18: leases had no number."""
    table = dynamodb.Table("leases")
    table.put_item(Item={"raw_table_name": "db.t", "fencing_token": 3, "catalog_commit": "20260101", **more})
    assert leases.acquire("db.t", "run-1") == Lease("db.t", "run-1", 4, 1060, "20260101")
    (item,) = table.scan()["Items"]
    assert item["format"] == 2
