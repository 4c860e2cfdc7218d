"""Alarms on what one Region receives from the other, and on what it cannot send.

S3 publishes how late replicas are in the Region of their bucket, and failures in that of the source
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html). DynamoDB publishes in the Region that sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from deployment_account.names import RAW_RULE, STAGING_RULE, Partner, Shared
from deployment_account.shared_values import shared_value

if TYPE_CHECKING:
    from deployment_account.environments import Environment
    from etl_cdk.alerts import Alerts
    from etl_cdk.infra_imports import InfraImports

PERIOD = cdk.Duration.minutes(5)
LATEST_ITEM_MILLISECONDS = 60_000
"""A global table usually takes about a second."""
FEWEST_PENDING = 100


@dataclass(frozen=True)
class Replicated:
    """A bucket that both Regions replicate by the same rule, as its metrics name it."""

    own: str
    partner: str
    rule: str

    def arriving(self, metric: str, statistic: str) -> cloudwatch.Metric:
        """A metric of what the partner sends here."""
        return self._metric(metric, statistic, source=self.partner, destination=self.own)

    def leaving(self, metric: str, statistic: str) -> cloudwatch.Metric:
        """A metric of what this Region sends."""
        return self._metric(metric, statistic, source=self.own, destination=self.partner)

    def _metric(self, metric: str, statistic: str, *, source: str, destination: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/S3",
            metric_name=metric,
            dimensions_map={"SourceBucket": source, "DestinationBucket": destination, "RuleId": self.rule},
            statistic=statistic,
            period=PERIOD,
        )


def alarm_on_landed_files(alerts: Alerts, infra: InfraImports, environment: Environment, tables: int) -> None:
    """Alarm on late, piled-up and failed replicas of what DMS writes, and on late items of the global table."""
    secondary = environment.secondary
    if secondary is None:
        return
    bucket = Replicated(
        infra.bucket(Shared.STAGING_BUCKET).bucket_name,
        shared_value(infra, infra.names, Partner.STAGING_BUCKET),
        STAGING_RULE,
    )
    _on_late(alerts, "LateReplicas", bucket, secondary.lag_minutes, what="Landed files")
    _on_failed(alerts, "FailedReplicas", bucket, what="Landed files")
    alerts.on_more_than(
        "PendingReplicas",
        bucket.arriving("OperationsPendingReplication", "Minimum"),
        max(FEWEST_PENDING, 2 * tables * secondary.lag_minutes),
        meaning=f"More files wait for their replicas than all tables land in {2 * secondary.lag_minutes} minutes.",
        silence_is_bad=False,
    )
    other = secondary.region if environment.region == environment.primary_region else environment.primary_region
    alerts.on_more_than(
        "LateRegionItems",
        cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name="ReplicationLatency",
            dimensions_map={"TableName": infra.names.region_table, "ReceivingRegion": other},
            statistic="Average",
            period=PERIOD,
        ),
        LATEST_ITEM_MILLISECONDS,
        meaning="Items of odpf_region reach the other Region later than a minute; a failover may not be seen at once.",
        silence_is_bad=False,
    )


def alarm_on_taxi_files(alerts: Alerts, infra: InfraImports, environment: Environment) -> None:
    """Alarm on late and failed replicas of taxi files."""
    if environment.secondary is None:
        return
    bucket = Replicated(
        infra.bucket(Shared.RAW_BUCKET).bucket_name,
        shared_value(infra, infra.names, Partner.RAW_BUCKET),
        RAW_RULE,
    )
    _on_late(alerts, "LateTaxiReplicas", bucket, environment.secondary.lag_minutes, what="Taxi files")
    _on_failed(alerts, "FailedTaxiReplicas", bucket, what="Taxi files")


def _on_late(alerts: Alerts, name: str, bucket: Replicated, lag_minutes: int, *, what: str) -> None:
    """Also when there is no data: S3 publishes it while nothing is replicated, so that the rule is gone then."""
    alerts.on_more_than(
        name,
        bucket.arriving("ReplicationLatency", "Maximum"),
        lag_minutes * 60,
        meaning=f"{what} of the other Region arrive later than {lag_minutes} minutes, or their replication is gone.",
    )


def _on_failed(alerts: Alerts, name: str, bucket: Replicated, *, what: str) -> None:
    alerts.on_any(
        name,
        bucket.leaving("OperationsFailedReplication", "Sum"),
        meaning=f"{what} of this Region could not be replicated; S3 does not try them again.",
    )
