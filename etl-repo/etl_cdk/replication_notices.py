"""Tells people when a replication falls behind, fails or is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

if TYPE_CHECKING:
    from deployment_account.names import Names
    from etl_cdk.alerts import Alerts
    from etl_cdk.replication_endpoints import ReplicatedSource

NAMESPACE = "AWS/DMS"
LATENCIES = {
    "CDCLatencySource": "DMS has not read the database's latest changes",
    "CDCLatencyTarget": "DMS has not written the changes that it has read",
}
LATE_MINUTES = 15
BUSY_PERCENT = 90
DETAIL_TYPES = ("DMS Replication State Change", "DMS Replication Task State Change")
"""Serverless replications tell their failures by the first, tasks by the second."""


class ReplicationNotices(Construct):
    """Alarms on latency and, for serverless replications, on capacity, and one message for each failure or stop.

    A replication that has died sends no metrics, so missing data is bad news: these alarms also sound where a
    replication was never started.
    """

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, source: ReplicatedSource, arn: str, alerts: Alerts
    ) -> None:
        super().__init__(scope, id_)
        self._dimensions = self._of(names.replication(source.name), source.replication.kind)
        for metric, meaning in LATENCIES.items():
            alerts.on_more_than(
                f"{metric}{_in_ids(source.name)}",
                self._metric(metric),
                LATE_MINUTES * 60,
                meaning=f"{meaning} for {LATE_MINUTES} minutes, or the replication of {source.name} does not run.",
            )
        if source.replication.kind == "serverless":
            alerts.on_more_than(
                f"CapacityUtilization{_in_ids(source.name)}",
                self._metric("CapacityUtilization"),
                BUSY_PERCENT,
                meaning=f"The replication of {source.name} needs more than its most capacity units, or does not run.",
            )
        self._tell(source.name, arn, alerts)

    def _of(self, identifier: str, kind: str) -> dict[str, str]:
        if kind == "serverless":
            return {"ReplicationConfigId": f"{cdk.Stack.of(self).account}:{identifier}"}
        return {"ReplicationInstanceIdentifier": identifier, "ReplicationTaskIdentifier": identifier}

    def _metric(self, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map=self._dimensions,
            statistic="Maximum",
            period=cdk.Duration.minutes(5),
        )

    def _tell(self, source: str, arn: str, alerts: Alerts) -> None:
        field = events.EventField.from_path
        message = (
            f"The replication of {source} says {field('$.detail.eventType')}: {field('$.detail.detailMessage')}. "
            "See Replication in docs/operations.md."
        )
        rule = events.Rule(
            self,
            "Ended",
            description="Tells the subscribers of the alarms which replication failed or was stopped",
            event_pattern=events.EventPattern(
                source=["aws.dms"],
                detail_type=list(DETAIL_TYPES),
                resources=[arn],
                detail={
                    "eventType": [{"suffix": "FAILED"}, {"suffix": "STOPPED"}, {"wildcard": "*DEPROVISION*"}],
                },
            ),
        )
        rule.add_target(
            targets.SnsTopic(
                alerts.topic,
                message=events.RuleTargetInput.from_text(message),
                dead_letter_queue=alerts.undelivered,
            )
        )


def _in_ids(source: str) -> str:
    return source.replace("-", " ").replace("_", " ").title().replace(" ", "")
