"""A file whose event was lost is found by the sweep and loaded by the schedule."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.landing.raw_sweep import Missed, RawSweep

from deployment_account.names import Shared, Taxi
from lake.landing.listings import SweepState
from lake.landing.s3_listing import S3Listing
from lake.ledger.sweep_state import DynamoDbSweepState
from tests.embedded.lake.taxi.flow import SECONDS, Flow, Outcome
from tests.embedded.lake.taxi.trip_files import GREEN, TripFile, rows_of
from tests.embedded.waiting import eventually

LOST = TripFile(f"{GREEN}/a lost event+ü.csv", ((5, "3.25"), (6, "4.75")))
EVENTS_TAKE = timedelta(minutes=16)


def sweep_in(flow: Flow, later: timedelta) -> Missed:
    """The sweep at a later time, on the services of the deployed lake."""

    def clock() -> datetime:
        return datetime.now(UTC) + later

    raw = flow.lake.published(Shared.RAW_BUCKET)
    states = DynamoDbSweepState(flow.lake.dynamodb, flow.audit_table, raw, partition="dataset")
    states.save(SweepState())
    register, listing = DynamoDbAudit(flow.lake.dynamodb, flow.audit_table), S3Listing(s3=flow.s3)
    return RawSweep(register, listing, states, load_datasets(), raw, clock).run(clock() + timedelta(minutes=4))


@pytest.fixture(scope="module")
def before(flow: Flow, dropped: Outcome) -> Outcome:
    return Outcome.of(flow)


@pytest.fixture(scope="module")
def swept(flow: Flow, before: Outcome) -> Missed:
    """What the sweep found after a file had landed without an event."""
    with flow.without_events():
        flow.put(LOST.key, LOST.content)
    assert sweep_in(flow, timedelta()) == Missed()
    return sweep_in(flow, EVENTS_TAKE)


def test_deployed_sweep_may_do_what_it_does_and_leaves_young_and_known_files_alone(flow: Flow, before: Outcome) -> None:
    sweep = flow.lake.published(Taxi.SWEEP_FUNCTION)
    answer = flow.lake.client("lambda").invoke(FunctionName=sweep, Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == {"landed": 0, "rejected": 0}


def test_file_of_which_nobody_was_told_is_registered_alone_once_it_is_overdue(flow: Flow, swept: Missed) -> None:
    assert swept == Missed(landed=1)
    assert sweep_in(flow, EVENTS_TAKE) == Missed()


def test_its_rows_are_in_the_table_after_the_schedule_has_looked(flow: Flow, before: Outcome, swept: Missed) -> None:
    flow.look_again("green")
    eventually(lambda: Outcome.of(flow).pending, lambda pending: not pending, SECONDS)
    after = Outcome.of(flow)
    (item,) = after.of_key(LOST.key)
    assert item["file_status"] == "completed"
    assert after.rows("green") == before.rows("green") + rows_of([LOST])
