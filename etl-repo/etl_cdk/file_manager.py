"""Deploys odp.file_manager: every file that lands in the staging bucket is registered in the file tracker.

An event registers a file within seconds. If the event is lost, a sweep over the bucket finds the file; each run
continues where the last one stopped. The sweep also notices when the objects of a table's load were deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct
from odp.variables import FileManagerVariables, SweepVariables

from deployment_account.names import OdpTable, Shared
from deployment_account.permissions import allow, allow_key_use
from deployment_account.sources import replications, sources_json
from etl_cdk.object_queue import ATTEMPTS, encrypted_queue, queue_new_objects
from etl_cdk.region_table import RegionAccess, told_of
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage
from etl_cdk.sweep_time import run_every_hour
from lake.metrics import Metric

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_lambda as lambda_

    from deployment_account.environments import Environment
    from etl_cdk.alerts import Alerts
    from etl_cdk.infra_imports import InfraImports

TIMEOUT = cdk.Duration.seconds(60)
FUNCTIONS_AT_A_TIME = 5
"""So a burst of files leaves room for other functions: new accounts run ten at once. A throttled message counts as
received, and soon goes to the dead-letter queue.
"""
SWEEP_TIMEOUT = cdk.Duration.minutes(15)
"""Lambda's longest timeout. Recent files are due every six hours, vanished loads once a day, all files once a week."""
SWEEP_ACTIONS: Mapping[OdpTable, tuple[str, ...]] = {
    OdpTable.FILE_TRACKER: ("dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query"),
    OdpTable.FILE_TRACKER_HISTORY: ("dynamodb:BatchGetItem", "dynamodb:Query"),
    OdpTable.FILE_PROCESSING_TRACKER: ("dynamodb:BatchGetItem",),
    OdpTable.QUARANTINE: ("dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Query"),
    OdpTable.BATCH_CONFIG: ("dynamodb:Scan",),
    OdpTable.RAW_TABLE_CONFIG: ("dynamodb:Scan",),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("dynamodb:GetItem",),
}
"""The sweep's further actions on the tables."""
STATISTICS_OF = {
    "replication-config": "dms:DescribeReplicationTableStatistics",
    "task": "dms:DescribeTableStatistics",
}
"""By the kind in a replication's ARN. Nothing but its statistics tells of a table that DMS has suspended."""


class FileManager(Construct):
    """Queues object events of the staging bucket and registers files; failing messages go to the dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        infra: InfraImports,
        tables: Mapping[OdpTable, dynamodb.ITable],
        environment: Environment,
        alerts: Alerts,
    ) -> None:
        super().__init__(scope, id_)
        self._environment, self._package, self._tables = environment, package, tables
        self._alerts, self._names = alerts, infra.names
        self._staging, self._data_key = infra.bucket(Shared.STAGING_BUCKET), infra.data_key
        self._tracker, self._history = tables[OdpTable.FILE_TRACKER], tables[OdpTable.FILE_TRACKER_HISTORY]
        self._regions = RegionAccess.of(self, infra.names, environment)
        self._quarantine, self._format = tables[OdpTable.QUARANTINE], tables[OdpTable.CONFIG_DEPLOY_TRACKER]
        self.dead_letters = encrypted_queue(self, "DeadLetters", key=self._data_key, timeout=TIMEOUT)
        self.queue = encrypted_queue(self, "Queue", key=self._data_key, timeout=TIMEOUT, dead_letters=self.dead_letters)
        queue_new_objects(
            self,
            "FileLanded",
            bucket=self._staging,
            queue=self.queue,
            undelivered=alerts.undelivered,
            description="Files that land in the staging bucket go to the File Manager",
        )
        handler = self._function("Handler", "odp.file_manager.handler.handle", TIMEOUT, self._variables())
        self.function = handler.function
        if self._regions:
            self._allow_asking_replicas(handler.role)
        self.function.add_event_source(
            event_sources.SqsEventSource(
                self.queue, max_concurrency=FUNCTIONS_AT_A_TIME, report_batch_item_failures=True
            )
        )
        self.sweep = self._sweep()

    def _variables(self) -> FileManagerVariables:
        return FileManagerVariables(
            lake=self._package.lake,
            file_tracker_table=self._tracker.table_name,
            file_tracker_history_table=self._history.table_name,
            quarantine_table=self._quarantine.table_name,
            config_deploy_tracker_table=self._format.table_name,
            staging_bucket=self._staging.bucket_name,
            sources=sources_json(self._environment.sources),
            regions=told_of(self._regions),
        )

    def _function(
        self, id_: str, handler: str, timeout: cdk.Duration, variables: FileManagerVariables
    ) -> RuntimeFunction:
        """A function that registers files; it also reads the format of the framework's tables."""
        function = RuntimeFunction(
            self, id_, package=self._package, handler=handler, timeout=timeout, variables=variables
        )
        allow(function.role, ["dynamodb:PutItem", "dynamodb:UpdateItem"], [self._tracker.table_arn])
        allow(function.role, ["dynamodb:PutItem"], [self._quarantine.table_arn])
        allow(function.role, ["dynamodb:ConditionCheckItem"], [self._history.table_arn])
        allow(function.role, ["dynamodb:Scan"], [self._tracker.table_arn, self._history.table_arn])
        allow(function.role, ["dynamodb:GetItem", "dynamodb:PutItem"], [self._format.table_arn])
        allow_key_use(function.role, self._data_key)
        if self._regions:
            self._regions.allow_marks(function.role)
        return function

    def _allow_asking_replicas(self, role: iam.IRole) -> None:
        """Ask for the time at which the original of a replica landed; without lists a missing one would answer 403."""
        why = "DMS may put its folders of schemas and tables at any depth of the staging bucket."
        allow(role, ["s3:GetObject", "s3:GetObjectVersion"], [self._staging.arn_for_objects("*")], because=why)
        allow(role, ["s3:ListBucket"], [self._staging.bucket_arn])

    def _sweep(self) -> lambda_.Function:
        variables = SweepVariables(
            **self._variables().model_dump(),
            file_processing_tracker_table=self._tables[OdpTable.FILE_PROCESSING_TRACKER].table_name,
            batch_config_table=self._tables[OdpTable.BATCH_CONFIG].table_name,
            raw_table_config_table=self._tables[OdpTable.RAW_TABLE_CONFIG].table_name,
            landed_file_days=self._environment.retention.landed_file_days,
            schedules=self._environment.odp.schedules,
            schedule_names=self._names.schedule(""),
            environment=self._environment.name,
            topic_arn=self._alerts.topic.topic_arn,
            replications=json.dumps(self._replications, sort_keys=True, separators=(",", ":")),
        )
        sweep = self._function("Sweep", "odp.file_manager.sweep.handle", SWEEP_TIMEOUT, variables)
        for table, actions in SWEEP_ACTIONS.items():
            allow(sweep.role, actions, [self._tables[table].table_arn])
        if self._regions:
            self._regions.allow_epochs(sweep.role)
        allow(sweep.role, ["s3:ListBucketVersions"], [self._staging.bucket_arn])
        for kind, action in STATISTICS_OF.items():
            if arns := [arn for arn in self._replications.values() if f":{kind}:" in arn]:
                allow(sweep.role, [action], arns)
        self._alerts.let_publish(sweep.role)
        description = "Registers files of the staging bucket whose events were lost"
        run_every_hour(self, sweep.function, description=description, alerts=self._alerts)
        return sweep.function

    @property
    def _replications(self) -> dict[str, str]:
        """The ARNs of the replications by source; their stack is deployed after this one."""
        environment = self._environment
        return {name: self._names.replication_arn(name, environment) for name in replications(environment.sources)}

    def alarm(self, alerts: Alerts) -> None:
        """Alarm on events that could not be registered, and on objects that are not DMS files."""
        alerts.on_any(
            "UnregisteredFiles",
            self.dead_letters.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
            meaning=f"Events of landed files failed {ATTEMPTS} times; they wait in the dead-letter queue.",
        )
        alerts.on_any_counted(
            Metric.REJECTED_FILES,
            meaning="Objects landed that are no DMS files, or messages came of no object; odpf_quarantine has them.",
        )
        alerts.on_any_counted(
            Metric.MISSED_FILES,
            meaning="Files lay in the staging bucket for 15 minutes without an event; the sweep has registered them.",
        )
        alerts.on_any_counted(
            Metric.SLOW_SWEEPS,
            meaning="A round of the sweep over the staging bucket has taken longer than a day: too much lies there.",
        )
        alerts.on_any(
            "FailedSweeps",
            self.sweep.metric_errors(),
            meaning="The sweep over the staging bucket failed; its log says where, and the next run continues there.",
        )
        alerts.on_silence(
            "SilentSweeps",
            self.sweep,
            meaning="Nobody has called the sweep for hours: it registers missed files, and it is what notices tables "
            "that are late and cadences that do not start.",
        )
