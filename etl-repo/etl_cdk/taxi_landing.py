"""Deploys taxi.landing: every file that lands below a dataset's prefix is registered and its loading started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct

from deployment_account.names import Shared
from etl_cdk.object_events import ATTEMPTS, encrypted_queue, queue_new_objects
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage
from etl_cdk.taxi_permissions import TaxiData, allow_landing

if TYPE_CHECKING:
    from collections.abc import Collection

    from taxi.datasets.dataset import Dataset

    from etl_cdk.alerts import Alerts

TIMEOUT = cdk.Duration.minutes(2)
FILES_PER_BATCH = 200
FUNCTIONS_AT_A_TIME = 2
"""The fewest that Lambda accepts; more would only start executions that find the dataset taken."""


class TaxiLanding(Construct):
    """Events of the raw bucket, gathered for some seconds, so that files dropped together are loaded together."""

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
        key, raw = data.foundation.data_key, data.foundation.bucket(Shared.RAW_BUCKET)
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
            variables={
                "AUDIT_TABLE": data.audit.table_name,
                "RAW_BUCKET": raw.bucket_name,
                "STATE_MACHINE_ARN": state_machine_arn,
            },
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

    def alarm(self, alerts: Alerts) -> None:
        """Tell people about files that nobody could register and about those that belong to no dataset."""
        alerts.on_any(
            "UnregisteredTaxiFiles",
            self.dead_letters.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
            meaning=f"Events of landed files failed {ATTEMPTS} times; they wait in the dead-letter queue.",
        )
        alerts.on_any_counted(
            "RejectedTaxiFiles",
            meaning="Files landed that no taxi dataset can load; the audit table names them as those of 'rejected'.",
        )


def landing_folders(datasets: Collection[Dataset]) -> list[str]:
    """The folders of the bucket that hold the prefixes, so that a file beside all prefixes is seen and rejected."""
    return sorted({f"{dataset.prefix.split('/')[0]}/" for dataset in datasets})
