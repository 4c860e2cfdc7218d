"""Who is told when something needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct
from odp.cloudwatch import LAKE, NAMESPACE

from deployment_account.permissions import service_of_this_account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms


class Alerts(Construct):
    """An encrypted topic, its subscribers and the alarms that write to it."""

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

    def on_any_counted(self, name: str, *, meaning: str, period: cdk.Duration | None = None) -> cloudwatch.Alarm:
        """Alarm as soon as the runtime counts one of this lake under a name; the period is that of CloudWatch."""
        metric = cloudwatch.Metric(
            namespace=NAMESPACE, metric_name=name, dimensions_map={LAKE: self._lake}, statistic="Sum", period=period
        )
        return self.on_any(name, metric, meaning=meaning)

    def on_any(self, id_: str, metric: cloudwatch.Metric, *, meaning: str) -> cloudwatch.Alarm:
        """Alarm as soon as the metric counts one; no data means that nothing happened."""
        alarm = cloudwatch.Alarm(
            self,
            id_,
            metric=metric,
            alarm_description=meaning,
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm
