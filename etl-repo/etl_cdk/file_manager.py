"""Deploys odp.file_manager: every file that lands in the staging bucket is registered in the file tracker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct

from deployment_account.names import OdpTable
from deployment_account.permissions import allow, allow_key_use
from etl_cdk.object_events import ATTEMPTS, encrypted_queue, queue_new_objects
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    from etl_cdk.alerts import Alerts

TIMEOUT = cdk.Duration.seconds(60)


class FileManager(Construct):
    """Object events of the staging bucket, queued, registered one by one, and kept aside when that keeps failing."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        staging: s3.IBucket,
        tables: Mapping[OdpTable, dynamodb.ITable],
        data_key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = encrypted_queue(self, "DeadLetters", key=data_key, timeout=TIMEOUT)
        self.queue = encrypted_queue(self, "Queue", key=data_key, timeout=TIMEOUT, dead_letters=self.dead_letters)
        queue_new_objects(
            self,
            "FileLanded",
            bucket=staging,
            queue=self.queue,
            description="Files that land in the staging bucket go to the File Manager",
        )
        tracker, history = tables[OdpTable.FILE_TRACKER], tables[OdpTable.FILE_TRACKER_HISTORY]
        handler = RuntimeFunction(
            self,
            "Handler",
            package=package,
            handler="odp.file_manager.handler.handle",
            timeout=TIMEOUT,
            variables={
                "FILE_TRACKER_TABLE": tracker.table_name,
                "FILE_TRACKER_HISTORY_TABLE": history.table_name,
            },
        )
        self.function = handler.function
        self.function.add_event_source(event_sources.SqsEventSource(self.queue, report_batch_item_failures=True))
        allow(handler.role, ["dynamodb:PutItem"], [tracker.table_arn])
        allow(handler.role, ["dynamodb:ConditionCheckItem", "dynamodb:PutItem"], [history.table_arn])
        allow_key_use(handler.role, data_key)

    def alarm(self, alerts: Alerts) -> None:
        """Tell people about events that nobody could register and about files that are no DMS files."""
        alerts.on_any(
            "UnregisteredFiles",
            self.dead_letters.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
            meaning=f"Events of landed files failed {ATTEMPTS} times; they wait in the dead-letter queue.",
        )
        alerts.on_any_counted(
            "RejectedFiles",
            meaning="Files landed in the staging bucket that are no DMS files; odpf_file_tracker_history names them.",
        )
