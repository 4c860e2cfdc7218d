"""Rule 8 in one thread: who may take, renew and return a lease (races are tested against ministack)."""

from typing import TYPE_CHECKING

import pytest
from odp.dynamodb.table_leases import DynamoDbHeldLeases, DynamoDbTableLeases
from odp.errors import LeaseLostError
from odp.records import RefreshOutcome, RefreshStatus, RowCounts

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
    return DynamoDbTableLeases(dynamodb, "leases", "leases_history", seconds=60, clock=clock)


def test_second_run_gets_no_lease_while_the_first_holds_it(leases: DynamoDbTableLeases) -> None:
    assert leases.acquire("db.t", "run-1") is not None
    assert leases.acquire("db.t", "run-2") is None


def test_expired_lease_is_taken_over_with_a_greater_fencing_token(leases: DynamoDbTableLeases, clock: Clock) -> None:
    first = leases.acquire("db.t", "run-1")
    clock.now += 61
    second = leases.acquire("db.t", "run-2")
    assert first is not None
    assert second is not None
    assert second.fencing_token > first.fencing_token


def test_run_that_lost_its_lease_can_neither_renew_nor_release_it(leases: DynamoDbTableLeases, clock: Clock) -> None:
    first = leases.acquire("db.t", "run-1")
    assert first is not None
    clock.now += 61
    leases.acquire("db.t", "run-2")
    with pytest.raises(LeaseLostError, match="db.t: the lease of run-1 expired"):
        leases.renew(first)
    with pytest.raises(LeaseLostError):
        leases.release(first, RefreshStatus.COMPLETED, "", None)
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


def test_renewed_lease_outlives_its_first_expiry(leases: DynamoDbTableLeases, clock: Clock) -> None:
    lease = leases.acquire("db.t", "run-1")
    assert lease is not None
    clock.now += 50
    leases.renew(lease)
    clock.now += 50
    assert leases.acquire("db.t", "run-2") is None


def test_released_lease_is_free_and_keeps_status_and_catalog_commit(
    leases: DynamoDbTableLeases, dynamodb: "DynamoDBServiceResource"
) -> None:
    lease = leases.acquire("db.t", "run-1")
    assert lease is not None
    leases.release(lease, RefreshStatus.ERROR, "20260101", None)
    item = dynamodb.Table("leases").get_item(Key={"raw_table_name": "db.t"})["Item"]
    assert item["refresh_status"] == "refresh_error"
    again = leases.acquire("db.t", "run-2")
    assert again is not None
    assert again.catalog_commit == "20260101"


def test_identity_of_a_filled_table_is_kept_until_another_is_known(leases: DynamoDbTableLeases) -> None:
    for identity, known in (({"hudi_primary_key": "ID"}, "ID"), (None, "ID"), ({"hudi_primary_key": "A"}, "A")):
        lease = leases.acquire("db.t", "run-1")
        assert lease is not None
        leases.release(lease, RefreshStatus.COMPLETED, "", identity)
        again = leases.acquire("db.t", "run-2")
        assert again is not None
        assert again.written_with == {"hudi_primary_key": known}
        leases.release(again, RefreshStatus.COMPLETED, "", None)


def test_held_names_tables_with_a_living_lease_only(
    leases: DynamoDbTableLeases, dynamodb: "DynamoDBServiceResource", clock: Clock
) -> None:
    leases.acquire("db.expired", "run-0")
    clock.now += 61
    names = [f"db.t{number}" for number in range(150)]
    for name in names[:120]:
        leases.acquire(name, "run-1")
    held = DynamoDbHeldLeases(dynamodb, "leases", clock=clock).held([*names, "db.expired"])
    assert held == frozenset(names[:120])


def test_outcome_is_kept_for_each_run_with_counts_and_stack_trace(
    leases: DynamoDbTableLeases, dynamodb: "DynamoDBServiceResource"
) -> None:
    outcome = RefreshOutcome(
        "db.t", "s.t", RefreshStatus.ERROR, "t0", "t1", RowCounts(1, 2, 3), files=4, error="E: x", stack_trace="trace"
    )
    leases.record(outcome, "jr_1")
    item = dynamodb.Table("leases_history").get_item(Key={"raw_table_name": "db.t", "glue_job_run_id": "jr_1"})["Item"]
    assert (item["rows_inserted"], item["rows_updated"], item["rows_deleted"], item["files_processed"]) == (1, 2, 3, 4)
    assert (item["error_message"], item["stack_trace"]) == ("E: x", "trace")
