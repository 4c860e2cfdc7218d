"""The topic and alarms for problems that need a person, and the queue of undelivered events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from deployment_account.permissions import allow, service_of_this_account
from etl_cdk.object_queue import encrypted_queue
from lake.metrics import LAKE, NAMESPACE, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_stepfunctions as sfn

UNHEARD_HOURS = 3
"""The hours without a call after which an hourly function counts as silent."""
PERIODS_ABOVE = 3
"""One period above a bound is a pause, three are a state."""


class Alerts(Construct):
    """An encrypted topic, its subscribers, the alarms that write to it, and a queue of undelivered events."""

    def __init__(
        self, scope: Construct, id_: str, *, title: str, key: kms.IKey, addresses: Sequence[str], lake: str
    ) -> None:
        super().__init__(scope, id_)
        self._lake = lake
        self.topic = sns.Topic(self, "Topic", display_name=title, master_key=key, enforce_ssl=True)
        for address in addresses:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        # the TLS rule replaces the policy by which a new topic lets its own account publish
        self.topic.grant_publish(service_of_this_account(self, "cloudwatch.amazonaws.com"))
        self.undelivered = encrypted_queue(self, "Undelivered", key=key, timeout=cdk.Duration.minutes(1))
        cdk.Validations.of(self.undelivered).acknowledge(
            cdk.Acknowledgment(
                id="AwsSolutions-SQS3",
                reason="It is itself the dead-letter queue of schedules and event rules.",
            )
        )

    def let_publish(self, role: iam.IRole) -> None:
        """Let a role publish to the topic; its owner grants the use of the key."""
        allow(role, ["sns:Publish"], [self.topic.topic_arn])

    def on_undelivered(self, name: str) -> cloudwatch.Alarm:
        """Alarm when a rule or a schedule could not reach its target."""
        return self.on_any(
            name,
            self.undelivered.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
            meaning="A schedule or an event rule did not reach its target in several attempts; the queue of "
            "undelivered events says which, and why.",
        )

    def on_interrupted(self, name: str, state_machine: sfn.StateMachine) -> None:
        """Alarm when executions time out or are aborted, because these cannot report by themselves."""
        self.on_any(
            f"TimedOut{name}",
            state_machine.metric_timed_out(),
            meaning="An execution ran out of its time; the next one continues with its files.",
        )
        self.on_any(
            f"Aborted{name}",
            state_machine.metric_aborted(),
            meaning="A person or a program stopped an execution; the next one continues with its files.",
        )

    def on_silence(self, name: str, function: lambda_.IFunction, *, meaning: str) -> cloudwatch.Alarm:
        """Alarm when an hourly function is no longer called: here missing data is bad news."""
        return self._alarm(
            name,
            function.metric_invocations(period=cdk.Duration.hours(1)),
            meaning,
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=UNHEARD_HOURS,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def on_more_than(
        self, name: str, metric: cloudwatch.Metric, most: float, *, meaning: str, silence_is_bad: bool = True
    ) -> cloudwatch.Alarm:
        """Alarm when a metric is above a bound for three periods or, if it should come all the time, does not come."""
        missing = cloudwatch.TreatMissingData
        return self._alarm(
            name,
            metric,
            meaning,
            threshold=most,
            evaluation_periods=PERIODS_ABOVE,
            treat_missing_data=missing.BREACHING if silence_is_bad else missing.NOT_BREACHING,
        )

    def on_any_counted(self, counted: Metric, *, meaning: str, period: cdk.Duration | None = None) -> cloudwatch.Alarm:
        """Alarm as soon as the runtime counts one of this lake; CloudWatch sets the period."""
        metric = cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=counted.value,
            dimensions_map={LAKE: self._lake},
            statistic="Sum",
            period=period,
        )
        return self.on_any(counted.value, metric, meaning=meaning)

    def on_any(self, id_: str, metric: cloudwatch.Metric, *, meaning: str) -> cloudwatch.Alarm:
        """Alarm as soon as the metric counts one; no data means that nothing happened."""
        return self._alarm(
            id_,
            metric,
            meaning,
            threshold=0,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        threshold: float,
        evaluation_periods: int,
        treat_missing_data: cloudwatch.TreatMissingData,
        comparison_operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    ) -> cloudwatch.Alarm:
        """An alarm that writes to the topic and says what to do."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=_with_place_of_advice(meaning, name),
            threshold=threshold,
            comparison_operator=comparison_operator,
            evaluation_periods=evaluation_periods,
            treat_missing_data=treat_missing_data,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm


def _with_place_of_advice(meaning: str, name: str) -> str:
    """CloudWatch writes the mail of an alarm, so the mail refers to a document for the commands."""
    return f"{meaning} What to do: docs/operations.md, Alarms, {name}."
