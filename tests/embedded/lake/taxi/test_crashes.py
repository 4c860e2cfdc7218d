"""What is left when an execution or a Glue run dies, and how the flow goes on by itself."""

from collections import Counter
from dataclasses import dataclass

import pytest
from taxi.dynamodb.leases import DynamoDbDatasetLeases

from deployment_account.names import TaxiName
from tests.embedded.lake.crashes import kill
from tests.embedded.lake.taxi.drop import GREEN_FILES
from tests.embedded.lake.taxi.flow import SECONDS, Flow, Item, Outcome, rows_in
from tests.embedded.lake.taxi.trip_files import GREEN, Row, TripFile, rows_of
from tests.embedded.waiting import OFTEN, eventually

CORRECTED = TripFile(GREEN_FILES[0].key, ((1, "8.00"), (2, "70.00"), (20, "71.00")))
NEW = TripFile(f"{GREEN}/another.csv", ((1, "5.00"), (21, "6.00")))
LANDED = {CORRECTED.key, NEW.key}


@dataclass(frozen=True)
class Killed:
    """How the conformed table stood when its run had been killed."""

    run: Item
    rows: Counter[Row]
    branches: set[str]


@pytest.fixture(scope="module")
def before(flow: Flow, dropped: Outcome) -> Outcome:
    """The drop has settled, and whatever other tests did after it."""
    return Outcome.of(flow)


@pytest.fixture(scope="module")
def left_behind(flow: Flow, before: Outcome) -> Outcome:
    """Files that land while an execution holds the lease that will never come back."""
    _dead_execution(flow, lease_seconds=3600)
    for file in (CORRECTED, NEW):
        flow.put(file.key, file.content)
    return Outcome.of(flow)


@pytest.fixture(scope="module")
def killed(flow: Flow, left_behind: Outcome) -> Killed:
    """An ended execution still has the lease; the schedule looks again, and its run is killed midway."""
    _dead_execution(flow, lease_seconds=3600, execution_arn=flow.executions("SUCCEEDED")[0]["executionArn"])
    known = len(flow.runs(TaxiName.CONFORMED_JOB))
    flow.look_again("green")
    # which run it is must be known before: asked for in the midst of it, the answer could come after its end
    run, *_ = eventually(
        lambda: flow.runs(TaxiName.CONFORMED_JOB), lambda runs: len(runs) > known, SECONDS, rarest=OFTEN
    )
    eventually(lambda: flow.branches("green"), lambda branches: branches != {"main"}, SECONDS, rarest=OFTEN)
    kill(run["Id"])
    return Killed(run, rows_in(flow.trips("green")), flow.branches("green"))


@pytest.fixture(scope="module")
def healed(flow: Flow, killed: Killed) -> Outcome:
    """Nobody does anything."""
    return Outcome.of(flow)


def test_files_that_land_while_another_execution_has_the_dataset_wait_for_it(
    before: Outcome, left_behind: Outcome
) -> None:
    assert left_behind.pending == LANDED
    assert {left_behind.of_key(key)[-1]["file_status"] for key in LANDED} == {"landed"}
    assert left_behind.conformed_runs == before.conformed_runs
    began = {execution["executionArn"] for execution in before.executions}
    turned_away = [execution for execution in left_behind.executions if execution["executionArn"] not in began]
    assert {execution["status"] for execution in turned_away} == {"SUCCEEDED"}


def test_readers_see_nothing_of_a_run_that_was_killed_in_the_middle(left_behind: Outcome, killed: Killed) -> None:
    assert len(killed.branches) == 2
    assert killed.rows == left_behind.rows("green") == rows_of(GREEN_FILES)


def test_killed_run_is_repeated_and_its_files_are_loaded_once(
    left_behind: Outcome, killed: Killed, healed: Outcome, flow: Flow
) -> None:
    again, died, *others = healed.conformed_runs
    assert (died["Id"], died["JobRunState"], again["JobRunState"]) == (killed.run["Id"], "FAILED", "SUCCEEDED")
    assert died["Arguments"]["--bundle_key"] == again["Arguments"]["--bundle_key"]
    assert len(others) == len(left_behind.conformed_runs)
    assert healed.rows("green") == rows_of([CORRECTED, NEW, *GREEN_FILES[1:]])
    assert flow.branches("green") == {"main"}


def test_ledger_shows_the_success_of_a_run_that_was_repeated(healed: Outcome) -> None:
    ends = {key: healed.of_key(key)[-1] for key in LANDED}
    assert {key: (item["file_status"], item["rows_loaded"]) for key, item in ends.items()} == {
        CORRECTED.key: ("completed", len(CORRECTED.trips)),
        NEW.key: ("completed", len(NEW.trips)),
    }
    assert healed.pending == frozenset()
    (name,) = {item["execution"] for item in ends.values()}
    (status,) = [execution["status"] for execution in healed.executions if execution["name"] == name]
    assert status == "SUCCEEDED"


def test_purpose_built_days_of_the_repeated_run_are_right(healed: Outcome, flow: Flow) -> None:
    demand = flow.purpose_built("green_daily_demand").to_pylist()
    found = {row["trip_date"].day: row["trips"] for row in demand}
    assert found == Counter(day for _, day, _ in healed.rows("green").elements())


def _dead_execution(flow: Flow, lease_seconds: int, execution_arn: str = "") -> None:
    """Hold the lease of green as an execution does that was stopped by hand; without an ARN nobody can ask after it."""
    leases = DynamoDbDatasetLeases(flow.lake.dynamodb, flow.audit_table, seconds=lease_seconds)
    assert leases.acquire("green", "stopped-by-hand", execution_arn)
