"""Deploys taxi.landing: every file that lands below a dataset's prefix is registered and its loading started.

An event registers a file within seconds. If the event is lost, a sweep over the landing folders finds the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct
from taxi.landing.raw_sweep import landing_folders
from taxi.variables import LandingSweepVariables, LandingVariables

from deployment_account.names import Shared
from etl_cdk.object_queue import ATTEMPTS, encrypted_queue, queue_new_objects
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage
from etl_cdk.sweep_time import run_every_hour
from etl_cdk.taxi_permissions import TaxiData, allow_landing, allow_sweep
from lake.metrics import Metric

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from etl_cdk.alerts import Alerts

TIMEOUT = cdk.Duration.minutes(2)
FILES_PER_BATCH = 200
FUNCTIONS_AT_A_TIME = 2
"""Lambda's minimum; more would only start executions that find the lease taken."""
SWEEP_TIMEOUT = cdk.Duration.minutes(5)
"""A round over the landing folders is due every six hours; the next run continues an unfinished one."""


class TaxiLanding(Construct):
    """Collects events of the raw bucket for some seconds, so files that land together are loaded together."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        data: TaxiData,
        state_machine_arn: str,
        batching_window: cdk.Duration,
        alerts: Alerts,
    ) -> None:
        super().__init__(scope, id_)
        key, raw = data.infra.data_key, data.infra.bucket(Shared.RAW_BUCKET)
        self.dead_letters = encrypted_queue(self, "DeadLetters", key=key, timeout=TIMEOUT)
        self.queue = encrypted_queue(
            self,
            "Queue",
            key=key,
            timeout=TIMEOUT,
            batching_window=batching_window,
            dead_letters=self.dead_letters,
        )
        queue_new_objects(
            self,
            "FileLanded",
            bucket=raw,
            queue=self.queue,
            undelivered=alerts.undelivered,
            description="Files that land where those of the taxi datasets do go to the Landing function",
            keys=[{"prefix": folder} for folder in landing_folders(data.datasets)],
        )
        handler = RuntimeFunction(
            self,
            "Handler",
            package=package,
            handler="taxi.landing.handler.handle",
            timeout=TIMEOUT,
            variables=LandingVariables(
                lake=package.lake,
                audit_table=data.audit.table_name,
                raw_bucket=raw.bucket_name,
                state_machine_arn=state_machine_arn,
            ),
        )
        self.function = handler.function
        self.function.add_event_source(
            event_sources.SqsEventSource(
                self.queue,
                batch_size=FILES_PER_BATCH,
                max_batching_window=batching_window,
                max_concurrency=FUNCTIONS_AT_A_TIME,
                report_batch_item_failures=True,
            )
        )
        allow_landing(handler.role, data, state_machine_arn)
        self.sweep = self._sweep(package, data, alerts)

    def _sweep(self, package: RuntimePackage, data: TaxiData, alerts: Alerts) -> lambda_.Function:
        raw = data.infra.bucket(Shared.RAW_BUCKET)
        sweep = RuntimeFunction(
            self,
            "Sweep",
            package=package,
            handler="taxi.landing.sweep.handle",
            timeout=SWEEP_TIMEOUT,
            variables=LandingSweepVariables(
                lake=package.lake, audit_table=data.audit.table_name, raw_bucket=raw.bucket_name
            ),
        )
        allow_sweep(sweep.role, data)
        description = "Registers files of the taxi datasets whose events were lost"
        run_every_hour(self, sweep.function, description=description, alerts=alerts)
        return sweep.function

    def alarm(self, alerts: Alerts) -> None:
        """Alarm on files that could not be registered, and on objects that belong to no dataset."""
        alerts.on_any(
            "UnregisteredTaxiFiles",
            self.dead_letters.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
            meaning=f"Events of landed files failed {ATTEMPTS} times; they wait in the dead-letter queue.",
        )
        alerts.on_any_counted(
            Metric.REJECTED_TAXI_FILES,
            meaning="Files landed that no taxi dataset can load; the audit table names them as those of 'rejected'.",
        )
        alerts.on_any_counted(
            Metric.MISSED_TAXI_FILES,
            meaning="Files of a taxi dataset lay in the raw bucket for 15 minutes without an event; the sweep has "
            "registered them, and they are loaded within the next minutes.",
        )
        alerts.on_any(
            "FailedTaxiSweeps",
            self.sweep.metric_errors(),
            meaning="The sweep over the landing folders of the raw bucket failed; its log says where, and the next run "
            "continues there.",
        )
