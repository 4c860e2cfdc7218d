"""Deploys odp.config_manager: the manifests of this deployment become the running configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct
from odp.config_manager.request import REQUEST_KEY
from odp.variables import ConfigManagerVariables, ManifestUploadVariables

from deployment_account.names import OdpTable, Shared
from deployment_account.permissions import allow, allow_key_use
from etl_cdk.object_queue import ATTEMPTS, encrypted_queue, queue_new_objects
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage
from lake.metrics import Metric

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import aws_dynamodb as dynamodb
    from odp.config_manager.manifest import Manifests

    from deployment_account.odp_settings import CadenceDefaults
    from deployment_account.revision import Revision
    from etl_cdk.alerts import Alerts
    from etl_cdk.infra_imports import InfraImports

TIMEOUT = cdk.Duration.minutes(3)
TABLE_ACTIONS: Mapping[OdpTable, tuple[str, ...]] = {
    OdpTable.BATCH_CONFIG: ("DeleteItem", "PutItem", "Scan", "UpdateItem"),
    OdpTable.RAW_TABLE_CONFIG: ("DeleteItem", "PutItem", "Scan", "UpdateItem"),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("ConditionCheckItem", "GetItem", "PutItem", "UpdateItem"),
    OdpTable.FILE_PROCESSING_TRACKER: ("BatchGetItem",),
}


@dataclass(frozen=True)
class TableManifests:
    """The manifests of a deployment: their folder, their content, the environment's sizes, and the deploying commit."""

    folder: Path
    content: Manifests
    cadence_defaults: CadenceDefaults
    revision: Revision


class ConfigManager(Construct):
    """Queues the newest configuration request, checks it and applies it as one unit."""

    def __init__(  # noqa: PLR0913 - a keyword for each of its parts
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        infra: InfraImports,
        tables: Mapping[OdpTable, dynamodb.ITable],
        manifests: TableManifests,
        sources: str,
        alerts: Alerts,
    ) -> None:
        super().__init__(scope, id_)
        self._package, self._infra, self._manifests, self._sources = package, infra, manifests, sources
        self._config = infra.bucket(Shared.CONFIG_BUCKET)
        self.dead_letters = encrypted_queue(self, "DeadLetters", key=infra.data_key, timeout=TIMEOUT)
        self.queue = encrypted_queue(self, "Queue", key=infra.data_key, timeout=TIMEOUT, dead_letters=self.dead_letters)
        queue_new_objects(
            self,
            "NewRequest",
            bucket=self._config,
            queue=self.queue,
            undelivered=alerts.undelivered,
            keys=[REQUEST_KEY],
            description="New configuration requests go to the Configuration Manager",
        )
        self.handler = self._handler(tables)
        self.function = self.handler.function
        self.request = self._request()

    def alarm(self, alerts: Alerts) -> None:
        """Alarm on requests that were refused or could not be decided."""
        alerts.on_any(
            "UndecidedConfigurations",
            self.dead_letters.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
            meaning=f"A configuration request failed {ATTEMPTS} times; its event waits in the dead-letter queue.",
        )
        alerts.on_any_counted(
            Metric.REFUSED_CONFIGURATIONS,
            meaning="Table manifests were refused as a whole; odpf_config_deploy_tracker names the reasons.",
        )
        alerts.on_any_counted(
            Metric.MALFORMED_REQUESTS,
            meaning="A message to the Configuration Manager announced no request of this lake; its log says why.",
        )

    def _handler(self, tables: Mapping[OdpTable, dynamodb.ITable]) -> RuntimeFunction:
        handler = RuntimeFunction(
            self,
            "Handler",
            package=self._package,
            handler="odp.config_manager.handler.handle",
            timeout=TIMEOUT,
            variables=self._variables(tables),
        )
        handler.function.add_event_source(
            event_sources.SqsEventSource(self.queue, batch_size=1, report_batch_item_failures=True)
        )
        for table, actions in TABLE_ACTIONS.items():
            allow(handler.role, [f"dynamodb:{action}" for action in actions], [tables[table].table_arn])
        request = self._config.arn_for_objects(REQUEST_KEY)
        allow(handler.role, ["s3:GetObject", "s3:GetObjectVersion"], [request])
        # without it S3 would answer 403 instead of 404 for a request that is gone
        allow(handler.role, ["s3:ListBucket"], [self._config.bucket_arn])
        allow_key_use(handler.role, self._infra.data_key)
        return handler

    def _variables(self, tables: Mapping[OdpTable, dynamodb.ITable]) -> ConfigManagerVariables:
        batches = self._manifests.content.batches
        return ConfigManagerVariables(
            lake=self._package.lake,
            batch_config_table=tables[OdpTable.BATCH_CONFIG].table_name,
            raw_table_config_table=tables[OdpTable.RAW_TABLE_CONFIG].table_name,
            config_deploy_tracker_table=tables[OdpTable.CONFIG_DEPLOY_TRACKER].table_name,
            file_processing_tracker_table=tables[OdpTable.FILE_PROCESSING_TRACKER].table_name,
            config_bucket=self._config.bucket_name,
            database_prefix=self._infra.names.database(""),
            cadence_defaults=json.dumps(self._manifests.cadence_defaults.model_dump()),
            deployed_cadences=frozenset(batch.refresh_cadence for batch in batches),
            deployed_glue_jobs=frozenset(batch.glue_job_name for batch in batches),
            sources=self._sources,
        )

    def _request(self) -> cdk.CustomResource:
        """Uploads the manifests to the config bucket whenever they or their commit change."""
        archive = s3_assets.Asset(self, "Manifests", path=str(self._manifests.folder))
        delivery = RuntimeFunction(
            self,
            "Delivery",
            package=self._package,
            handler="odp.config_manager.manifest_upload.handle",
            timeout=cdk.Duration.minutes(1),
            variables=ManifestUploadVariables(
                lake=self._package.lake, config_bucket=self._config.bucket_name, queue_url=self.queue.queue_url
            ),
            # it answers CloudFormation in a bucket of AWS, which the network blocks; it reads no data
            in_network=False,
        )
        allow(delivery.role, ["s3:GetObject"], [archive.bucket.arn_for_objects(archive.s3_object_key)])
        allow(delivery.role, ["s3:PutObject"], [self._config.arn_for_objects(REQUEST_KEY)])
        allow(delivery.role, ["sqs:SendMessage"], [self.queue.queue_arn])
        allow_key_use(delivery.role, self._infra.data_key)
        request = cdk.CustomResource(
            self,
            "Request",
            service_token=delivery.function.function_arn,
            resource_type="Custom::OdpConfigurationRequest",
            properties={
                "ArchiveBucket": archive.s3_bucket_name,
                "ArchiveKey": archive.s3_object_key,
                "Commit": self._manifests.revision.commit,
                "RequestedBy": self._manifests.revision.requested_by,
            },
            service_timeout=cdk.Duration.minutes(5),
        )
        request.node.add_dependency(self.queue, self.handler, delivery)
        return request
