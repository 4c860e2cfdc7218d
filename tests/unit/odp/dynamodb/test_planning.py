"""What the Batch Manager keeps and reads beside the leases: rule 11, one execution of a cadence at a time."""

from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.planning import SETTLES_AFTER, DynamoDbCadenceClaims, DynamoDbPlannedLeases
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import CADENCE_CLAIM, TableLease

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class Cadence:
    """A cadence that executions claim, with what Step Functions would say of them."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        self.now = 1000.0
        self.running: dict[str, bool] = {}
        self.asked: list[str] = []
        self.claims = DynamoDbCadenceClaims(dynamodb, "leases", self._is_running, clock=lambda: self.now)

    def _is_running(self, execution: str) -> bool | None:
        self.asked.append(execution)
        return self.running.get(execution)

    def claim(self, execution: str) -> str:
        return self.claims.claim("10_min", execution)


@pytest.fixture
def cadence(dynamodb: "DynamoDBServiceResource") -> Cadence:
    return Cadence(dynamodb)


def test_free_cadence_is_claimed_without_asking_step_functions(cadence: Cadence) -> None:
    assert cadence.claim("a") == "a"
    assert cadence.asked == []


def test_while_an_execution_runs_another_one_does_not_get_its_cadence(cadence: Cadence) -> None:
    cadence.claim("a")
    cadence.running["a"] = True
    cadence.now += 10 * 3600
    assert cadence.claim("b") == "a"
    assert cadence.claim("b") == "a"


def test_claim_of_an_older_release_holds_and_a_new_one_has_the_number_of_the_format(
    cadence: Cadence, dynamodb: "DynamoDBServiceResource"
) -> None:
    """Finding C18: claims had none."""
    table = dynamodb.Table("leases")
    table.put_item(Item={"raw_table_name": f"{CADENCE_CLAIM}10_min", "execution": "old", "claimed_at": 1})
    cadence.running["old"] = True
    assert cadence.claim("a") == "old"
    cadence.running["old"] = False
    assert cadence.claim("a") == "a"
    (item,) = table.scan()["Items"]
    assert item["format"] == 2


def test_claim_that_step_functions_repeats_is_the_same_claim(cadence: Cadence) -> None:
    assert [cadence.claim("a"), cadence.claim("a")] == ["a", "a"]
    assert cadence.asked == []


def test_released_cadence_is_free_and_a_release_that_comes_late_takes_it_from_nobody(cadence: Cadence) -> None:
    cadence.claim("a")
    cadence.claims.release("10_min", "a")
    assert cadence.claim("b") == "b"
    cadence.claims.release("10_min", "a")
    cadence.running["b"] = True
    assert cadence.claim("c") == "b"


def test_execution_that_was_aborted_or_timed_out_blocks_nobody(cadence: Cadence) -> None:
    cadence.claim("a")
    cadence.running["a"] = False
    assert cadence.claim("b") == "b"
    cadence.running["b"] = True
    assert cadence.claim("a") == "b"


def test_execution_that_step_functions_does_not_know_yet_has_its_claim_and_one_it_forgot_has_not(
    cadence: Cadence,
) -> None:
    cadence.claim("a")
    cadence.now += SETTLES_AFTER - 1
    assert cadence.claim("b") == "a"
    cadence.now += 2
    assert cadence.claim("b") == "b"


def test_of_two_that_find_a_dead_owner_one_gets_the_cadence(
    cadence: Cadence, dynamodb: "DynamoDBServiceResource"
) -> None:
    cadence.claim("dead")
    cadence.running["dead"] = False

    def overtaken(execution: str) -> bool:
        cadence.claim("faster")
        return False

    slower = DynamoDbCadenceClaims(dynamodb, "leases", overtaken, clock=lambda: cadence.now)
    assert slower.claim("10_min", "slower") != "slower"
    cadence.running["faster"] = True
    assert cadence.claim("slower") == "faster"


def test_cadences_are_claimed_each_for_itself(cadence: Cadence) -> None:
    assert cadence.claims.claim("10_min", "a") == "a"
    assert cadence.claims.claim("daily", "b") == "b"


def test_leases_of_many_tables_tell_who_is_written_and_what_was_refused(dynamodb: "DynamoDBServiceResource") -> None:
    now = 1000.0
    leases = DynamoDbTableLeases(dynamodb, "leases", seconds=60, clock=lambda: now)
    leases.acquire("db.expired", "run-0")
    now += 61
    names = [f"db.t{number}" for number in range(150)]
    for name in names[::30]:  # a request has room for a hundred
        leases.acquire(name, "run-1")
    refused: dict[str, Any] = {
        "raw_table_name": "db.refused",
        "refused_registrations": 7,
        "refused_configuration": "abc",
        "engine": "of a later release",
    }
    dynamodb.Table("leases").put_item(Item=refused)
    found = DynamoDbPlannedLeases(dynamodb, "leases", clock=lambda: now).leases([*names, "db.expired", "db.refused"])
    assert {name for name, lease in found.items() if lease.is_leased} == set(names[::30])
    assert found["db.expired"] == TableLease(
        was_cut_off=True, refresh_status="updating_table", touched_at="1970-01-01T00:16:40.000+00:00"
    )
    assert found["db.refused"] == TableLease(refused_registrations=7, refused_configuration="abc")


@pytest.mark.parametrize(
    "unreadable",
    [
        {"table_size": {"rows": 1, "files": 2}},
        {"table_size": {"rows": "many", "bytes": 1, "files": 2}},
        {"table_size": "large"},
    ],
)
def test_rule_9_item_that_this_release_cannot_read_stops_no_plan(
    dynamodb: "DynamoDBServiceResource", unreadable: dict[str, Any]
) -> None:
    dynamodb.Table("leases").put_item(Item={"raw_table_name": "db.t", **unreadable})
    found = DynamoDbPlannedLeases(dynamodb, "leases").leases(["db.t"])
    assert (found["db.t"].size, found["db.t"].is_spark_only) == (None, False)
