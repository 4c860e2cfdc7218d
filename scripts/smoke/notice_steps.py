"""Step 9: an alarm reaches its topic, and people are subscribed to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from deployment_account.names import Odp
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.stacks import stacks_of
from scripts.smoke.account_steps import COMPONENTS
from scripts.smoke.made import Phase
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.step import Evidence, Smoke, Step

WAIT_AT_MOST = 120


def notices(smoke: Smoke) -> Evidence:
    """Raise an alarm of the run's own on the alerts topic, and check subscriptions to it and to approvals."""
    topic = smoke.lake.published(Odp.ALERTS_TOPIC_ARN)
    heard = _heard(smoke, topic)
    evidence = [heard, *_subscribed(smoke.lake.account, topic, "alerts", smoke.lake.environment.notification_addresses)]
    pipelines = smoke.lake.pipelines
    if pipelines is None:
        return [*evidence, "approvals: not looked at, no credentials of the pipelines' account were given"]
    deployment = smoke.lake.platform.deployment_of(smoke.lake.environment)
    expected = (*deployment.notification_addresses, *smoke.lake.environment.notification_addresses)
    for component in COMPONENTS:
        for stack in stacks_of(pipelines, smoke.lake.names.pipeline_stack(component)):
            for arn in stack.resources("AWS::SNS::Topic"):
                evidence += _subscribed(pipelines, arn, f"{component} pipeline", expected)
    return evidence


def _heard(smoke: Smoke, topic: str) -> str:
    """Make an alarm and a queue, ring the alarm, and read what the topic says."""
    queue, alarm = _subscribe_queue(smoke, topic), f"{smoke.lake.names.prefix}{smoke.names.run}"
    watch, sqs = smoke.lake.client("cloudwatch"), smoke.lake.client("sqs")
    smoke.made.note(
        Phase.NOTICES,
        f"alarm {alarm}",
        lambda: watch.delete_alarms(AlarmNames=[smoke.names.require_own(alarm)]),
        by_hand=f"delete the alarm {alarm}",
    )
    watch.put_metric_alarm(
        AlarmName=alarm,
        AlarmDescription="A smoke test: nothing is wrong, please ignore it",
        Namespace=smoke.names.run,
        MetricName="Nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    watch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="A smoke test: please ignore it")
    smoke.patience.until(
        "the alarm's message",
        lambda: _messages(sqs, queue),
        lambda messages: any(alarm in message for message in messages),
        at_most=WAIT_AT_MOST,
    )
    return f"the alarm {alarm} reached {topic}"


def _subscribe_queue(smoke: Smoke, topic: str) -> str:
    """A queue of the run's own hears what subscribers hear."""
    sqs, sns = smoke.lake.client("sqs"), smoke.lake.client("sns")
    name = f"{smoke.lake.names.prefix}{smoke.names.run}"
    place = smoke.lake.account.place
    arn = f"arn:aws:sqs:{place.region}:{place.account}:{name}"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})

    def remove() -> None:
        try:
            sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=smoke.names.require_own(name))["QueueUrl"])
        except sqs.exceptions.QueueDoesNotExist:
            return

    smoke.made.note(Phase.NOTICES, f"queue {name}", remove, by_hand=f"delete the queue {name}")
    url = str(sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"])

    def unsubscribe() -> None:
        for subscription in _subscriptions(sns, topic):
            if subscription["Endpoint"] == arn:
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    smoke.made.note(
        Phase.NOTICES, f"subscription of {name}", unsubscribe, by_hand=f"unsubscribe {arn} from the topic {topic}"
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def _messages(sqs: Any, queue: str) -> list[str]:  # noqa: ANN401  boto3 makes clients at run time
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [str(message["Body"]) for message in answer.get("Messages", ())]


def _subscribed(account: Account, topic: str, what: str, expected: tuple[str, ...]) -> list[str]:
    """Every address of the configuration has confirmed; a mail itself only its reader can see.

    Raises:
        StepFailedError: one has not.
    """
    mails = [each for each in _subscriptions(account.client("sns"), topic) if each["Protocol"] == "email"]
    confirmed = {each["Endpoint"] for each in mails if each["SubscriptionArn"].startswith("arn:")}
    silent = [address for address in expected if address not in confirmed]
    if silent:
        raise StepFailedError(
            f"{what}: {', '.join(silent)} has not confirmed the subscription to {topic}",
            advice="open the mail 'AWS Notification - Subscription Confirmation', confirm; the link lasts some days; "
            "`aws sns subscribe` sends a new one",
        )
    return (
        [f"{what}: {len(confirmed)} addresses have confirmed; look whether the mail is there"]
        if expected
        else [f"{what}: no address is configured (notification_addresses), so nobody is told"]
    )


def _subscriptions(sns: Any, topic: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401  boto3 makes clients at run time
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        yield from page["Subscriptions"]


STEPS = (
    Step(
        9,
        "an alarm reaches people",
        "an alarm of the test's own reaches the topic of alerts; the configured addresses have confirmed",
        "the policies of the topic and of the data key must let cloudwatch.amazonaws.com publish",
        notices,
    ),
)
