"""A file that is sent again under its name, and events that come again: what counts is what the file holds now."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from deployment_account.names import Taxi
from rehearsal.source.taxi_files import Delivery
from rehearsal.validation.taxi_results import QUESTIONS, ExpectedResults
from tests.embedded.lake.taxi.drop import LOADED_YELLOW
from tests.embedded.lake.taxi.flow import Flow, Outcome
from tests.embedded.lake.taxi.inbox import Inbox
from tests.embedded.lake.taxi.trip_files import TripFile, rows_of
from tests.embedded.waiting import eventually

WRONG = next(file for file in LOADED_YELLOW if "it's" in file.key and len(file.trips) > 1)
RIGHT = TripFile(WRONG.key, (WRONG.trips[0], (30, "99.00"), (30, "99.00"), (31, "98.50")))
"""One trip stays as it was, those of other days are gone, and some come on days of their own."""
FINAL = [file for file in LOADED_YELLOW if file is not WRONG] + [RIGHT]


@dataclass(frozen=True)
class Redelivery:
    """What was delivered again, and how things stood after it."""

    events: list[dict[str, Any]]
    outcome: Outcome


@pytest.fixture(scope="module")
def before(flow: Flow, dropped: Outcome) -> Outcome:
    """The drop has settled, and whatever other tests did after it."""
    return Outcome.of(flow)


@pytest.fixture(scope="module")
def corrected(flow: Flow, before: Outcome) -> Outcome:
    """One file of the drop is sent again under its name with other trips."""
    flow.put(RIGHT.key, RIGHT.content)
    return Outcome.of(flow)


@pytest.fixture(scope="module")
def redelivered(flow: Flow, events: Inbox, corrected: Outcome) -> Redelivery:
    """The events of both versions come again, by the queue and straight to the deployed function."""
    of_both = eventually(lambda: _events_of(RIGHT.key, events), lambda found: len(found) == 2)
    sqs = flow.lake.client("sqs")
    for event in of_both * 2:
        sqs.send_message(QueueUrl=flow.queue_url, MessageBody=json.dumps(event))
    _invoke_landing(flow, of_both)
    return Redelivery(of_both, Outcome.of(flow))


def test_corrected_file_replaces_exactly_its_own_rows(before: Outcome, corrected: Outcome) -> None:
    assert corrected.rows("yellow") == rows_of(FINAL)
    assert corrected.rows("green") == before.rows("green")
    assert corrected.rows("yellow") != before.rows("yellow")


def test_purpose_built_tables_follow_on_days_that_lost_rows_and_on_days_that_gained_some(corrected: Outcome) -> None:
    expected = ExpectedResults([Delivery(file.key, file.content) for file in FINAL])
    found = [expected.compare(question, corrected.purpose_built[question.table]) for question in QUESTIONS]
    assert [comparison for comparison in found if not comparison.is_equal] == []


def test_ledger_has_both_versions(corrected: Outcome) -> None:
    wrong, right = corrected.of_key(RIGHT.key)
    assert (wrong["file_status"], wrong["rows_loaded"]) == ("completed", len(WRONG.trips))
    assert (right["file_status"], right["rows_loaded"]) == ("completed", len(RIGHT.trips))
    assert wrong["etag"] != right["etag"]


def test_correction_takes_one_run_of_each_job(before: Outcome, corrected: Outcome) -> None:
    assert len(corrected.conformed_runs) - len(before.conformed_runs) == 1
    assert len(corrected.purpose_built_runs) - len(before.purpose_built_runs) == 1


def test_events_that_come_again_load_nothing_again(corrected: Outcome, redelivered: Redelivery) -> None:
    assert len({json.dumps(event) for event in redelivered.events}) == 2
    after = redelivered.outcome
    assert (after.trips, after.files, after.pending) == (corrected.trips, corrected.files, frozenset())
    assert (after.conformed_runs, after.executions) == (corrected.conformed_runs, corrected.executions)


def _events_of(key: str, events: Inbox) -> list[dict[str, Any]]:
    return [event for event in events.received() if event["detail"]["object"]["key"] == key]


def _invoke_landing(flow: Flow, events: list[dict[str, Any]]) -> None:
    """As the queue does it."""
    records = [
        {"messageId": f"again-{n}", "body": json.dumps(event), "attributes": {"ApproximateReceiveCount": "2"}}
        for n, event in enumerate(events)
    ]
    answer = flow.lake.client("lambda").invoke(
        FunctionName=flow.lake.published(Taxi.LANDING_FUNCTION), Payload=json.dumps({"Records": records})
    )
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
