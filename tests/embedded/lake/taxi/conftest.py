"""The deployed flow, and one drop of files that all of its tests go on from."""

import json

import pytest

from deployment_account.names import Shared, Taxi
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.taxi.drop import drop
from tests.embedded.lake.taxi.flow import Flow, Outcome
from tests.embedded.lake.taxi.inbox import Inbox


@pytest.fixture(scope="session")
def flow(deployed_lake: DeployedLake) -> Flow:
    return Flow(deployed_lake)


@pytest.fixture(scope="session")
def notifications(deployed_lake: DeployedLake) -> Inbox:
    """What people are told who subscribe to the flow's topic."""
    inbox = Inbox(deployed_lake, "notifications", "sns.amazonaws.com")
    topic = deployed_lake.published(Taxi.TOPIC_ARN)
    deployed_lake.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    return inbox


@pytest.fixture(scope="session")
def events(deployed_lake: DeployedLake) -> Inbox:
    """The events of the raw bucket as the event bus carries them."""
    inbox = Inbox(deployed_lake, "events", "events.amazonaws.com")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [deployed_lake.published(Shared.RAW_BUCKET)]}}}
    bus = deployed_lake.client("events")
    bus.put_rule(Name="raw-bucket", EventPattern=json.dumps(pattern))
    bus.put_targets(Rule="raw-bucket", Targets=[{"Id": "events", "Arn": inbox.arn}])
    return inbox


@pytest.fixture(scope="session")
def dropped(flow: Flow, notifications: Inbox, events: Inbox) -> Outcome:
    """What became of all files that are dropped together."""
    with flow.batched():
        drop(flow)
    return Outcome.of(flow)
