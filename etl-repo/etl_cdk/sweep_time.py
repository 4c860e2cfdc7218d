"""Calls a sweep every hour; it does the due work, or continues where the last run stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as events_targets

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from etl_cdk.alerts import Alerts

SWEEP_EVERY = cdk.Duration.hours(1)


def run_every_hour(scope: Construct, sweep: lambda_.IFunction, *, description: str, alerts: Alerts) -> None:
    """Call a sweep every hour; failed calls go to the queue of undelivered events."""
    target = events_targets.LambdaFunction(sweep, retry_attempts=3, dead_letter_queue=alerts.undelivered)
    events.Rule(
        scope, "SweepTime", description=description, schedule=events.Schedule.rate(SWEEP_EVERY), targets=[target]
    )
