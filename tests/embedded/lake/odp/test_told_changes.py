"""People are told once, however many judge a table at the same moment, and by the deployed function."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any

import pytest
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.told_states import CLAIM_SECONDS, DynamoDbToldStates
from odp.messenger import Messenger
from odp.records import FileType, LandedFile
from odp.state_changes import NOTHING_TOLD, Aspect, State, Subject

from deployment_account.names import Odp, OdpTable
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.conftest import Race
from tests.embedded.lake.odp.executions import invoke_batch_manager
from tests.embedded.lake.taxi.inbox import Inbox
from tests.embedded.waiting import eventually

ROUNDS = 20


class Counted:
    """A topic that counts what comes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.subjects: list[str] = []

    def publish(self, subject: str, text: str) -> None:
        with self._lock:
            self.subjects.append(subject)


@pytest.fixture
def told(lake: DeployedLake, connections: list[Any]) -> list[DynamoDbToldStates]:
    """What people know, as each of several functions sees it."""
    return [DynamoDbToldStates(each, lake.table(OdpTable.FILE_TRACKER)) for each in connections]


def state(number: int, *problems: str) -> State:
    return State(Subject(Aspect.REFRESH, f"db.t{number}"), f"db.t{number}", (), frozenset(problems))


def judge(told: DynamoDbToldStates, topic: Counted, *states: State, now: Callable[[], float]) -> None:
    Messenger(told, topic, "odp-dev", now).tell(states, told.known())


def test_of_many_that_notice_a_change_at_the_same_moment_one_tells_it(
    told: list[DynamoDbToldStates], race: Race
) -> None:
    topic = Counted()
    for number in range(ROUNDS):
        for problems in (["a"], ["b"], []):
            race([partial(judge, each, topic, state(number, *problems), now=_now) for each in told])
    assert sorted(topic.subjects) == sorted(
        subject
        for number in range(ROUNDS)
        for subject in (
            f"odp-dev: db.t{number}",
            f"odp-dev: db.t{number}, for another reason than before",
            f"odp-dev: db.t{number}",
        )
    )


def test_of_many_that_find_the_claim_of_a_dead_sender_one_sends_once_more(
    lake: DeployedLake, connections: list[Any], race: Race
) -> None:
    table, topic = lake.table(OdpTable.FILE_TRACKER), Counted()
    dead = DynamoDbToldStates(connections[0], table)
    keys = [state(number).subject.key for number in range(ROUNDS)]
    assert all(dead.claim(key, NOTHING_TOLD) for key in keys)
    judge(dead, topic, *(state(number, "a") for number in range(ROUNDS)), now=_now)
    assert topic.subjects == [], "the sender may still live"

    def later() -> float:
        return _now() + CLAIM_SECONDS + 1

    heirs = [DynamoDbToldStates(each, table, clock=later) for each in connections]
    for number in range(ROUNDS):
        race([partial(judge, each, topic, state(number, "a"), now=later) for each in heirs])
    assert sorted(topic.subjects) == sorted(f"odp-dev: db.t{number}" for number in range(ROUNDS))


def test_deployed_function_tells_subscribers_of_each_failed_table_once_and_of_its_recovery(
    lake: DeployedLake, tracker: DynamoDbFileTracker
) -> None:
    inbox = Inbox(lake, "alerts", "sns.amazonaws.com")
    topic = lake.published(Odp.ALERTS_TOPIC_ARN)
    lake.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    leases = lake.dynamodb.Table(lake.table(OdpTable.FILE_PROCESSING_TRACKER))
    for number in (1, 2):
        key = f"taxi_trips/table_{number}/LOAD00000001.parquet"
        name = f"taxi_trips.table_{number}"
        landed = datetime.now(UTC).isoformat(timespec="seconds")
        tracker.register(
            LandedFile(name, f"0/{number}/x", FileType.FULL_LOAD, "s", "t", "staging", key, 1000, "e", landed)
        )
        failed = {"refresh_status": "refresh_error", "last_refresh": {"error_message": f"ValueError: {number}"}}
        leases.put_item(Item={"raw_table_name": f"odpf_demo_taxi_trips_raw.table_{number}", **failed})
    for number in range(5):
        invoke_batch_manager(lake, f"told-{number}", "release")
    found = eventually(inbox.received, lambda messages: len(messages) >= 2)
    assert sorted(message["Subject"] for message in found) == [
        f"odp-dev: odpf_demo_taxi_trips_raw.table_{number} failed" for number in (1, 2)
    ]
    assert "odp status taxi_trips.table_1 --env dev" in "".join(message["Message"] for message in found)
    first = {"raw_table_name": "odpf_demo_taxi_trips_raw.table_1"}
    leases.put_item(Item={**first, "refresh_status": "completed", "last_refresh": {}})
    for number in range(3):
        invoke_batch_manager(lake, f"recovered-{number}", "release")
    eventually(inbox.received, lambda messages: len(messages) >= 3)
    assert [message["Subject"] for message in inbox.received()[2:]] == [
        "odp-dev: odpf_demo_taxi_trips_raw.table_1 is refreshed again"
    ]


def _now() -> float:
    return datetime.now(UTC).timestamp()
