"""The stack of the ODP framework: from landed files to lake tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from deployment_account.log import LogPolicy
from deployment_account.names import Odp, OdpTable, published_schedule
from deployment_account.shared_values import publish
from deployment_account.sources import sources_json
from etl_cdk.alerts import Alerts
from etl_cdk.backup_notices import BackupNotices
from etl_cdk.catalog_names import database_patterns
from etl_cdk.config_manager import ConfigManager
from etl_cdk.file_manager import FileManager
from etl_cdk.file_processor import FileProcessor
from etl_cdk.infra_imports import InfraImports
from etl_cdk.private_network import PrivateNetwork
from etl_cdk.region_alarms import alarm_on_landed_files
from etl_cdk.runtime_package import RuntimePackage
from etl_cdk.table_optimizers import TableOptimizers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployment_account.environments import Environment
    from deployment_account.names import Names
    from etl_cdk.config_manager import TableManifests


class OdpStack(cdk.Stack):
    """The three managers of the framework, and their alerts."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        environment: Environment,
        manifests: TableManifests,
    ) -> None:
        super().__init__(scope, id_, description="ODP: configuration manager, file manager and file processor")
        infra = InfraImports(self, "Foundation", names=names)
        log_policy = LogPolicy(infra.data_key, environment.retention.log_days)
        network = PrivateNetwork.of(self, names=names, environment=environment)
        package = RuntimePackage(self, "Runtime", log_policy=log_policy, lake=names.lake, network=network)
        tables = _tables(self, names)
        self.alerts = Alerts(
            self,
            "Alerts",
            title="ODP alerts",
            key=infra.data_key,
            addresses=environment.notification_addresses,
            lake=names.lake,
        )
        self.file_manager = FileManager(
            self,
            "FileManager",
            package=package,
            infra=infra,
            tables=tables,
            environment=environment,
            alerts=self.alerts,
        )
        self.file_processor = FileProcessor(
            self,
            "FileProcessor",
            package=package,
            infra=infra,
            tables=tables,
            manifests=manifests.content,
            environment=environment,
            alerts=self.alerts,
        )
        self.config_manager = ConfigManager(
            self,
            "ConfigManager",
            package=package,
            infra=infra,
            tables=tables,
            manifests=manifests,
            sources=sources_json(environment.sources),
            alerts=self.alerts,
        )
        # the request comes after everything that it relies on
        self.config_manager.request.node.add_dependency(self.file_processor)
        for component in (self.file_manager, self.file_processor, self.config_manager):
            component.alarm(self.alerts)
        if environment.odp.table_optimizers is not None:
            optimizers = TableOptimizers(
                self,
                "TableOptimizers",
                package=package,
                infra=infra,
                tables=tables,
                databases=database_patterns(manifests.content, environment, names),
                types=environment.odp.table_optimizers,
            )
            optimizers.run_daily(self.alerts)
        self.alerts.on_undelivered("UndeliveredEvents")
        alarm_on_landed_files(self.alerts, infra, environment, len(manifests.content.tables))
        if environment.backups:
            BackupNotices(self, "BackupNotices", vault=names.backup_vault, alerts=self.alerts)
        self._publish(names)

    def _publish(self, names: Names) -> None:
        values: dict[str, str] = {
            Odp.STATE_MACHINE_ARN: self.file_processor.state_machine.state_machine_arn,
            Odp.CONFIG_MANAGER_FUNCTION: self.config_manager.function.function_name,
            Odp.CONFIG_MANAGER_QUEUE_URL: self.config_manager.queue.queue_url,
            Odp.CONFIG_MANAGER_DEAD_LETTER_QUEUE_URL: self.config_manager.dead_letters.queue_url,
            Odp.FILE_MANAGER_FUNCTION: self.file_manager.function.function_name,
            Odp.SWEEP_FUNCTION: self.file_manager.sweep.function_name,
            Odp.BATCH_MANAGER_FUNCTION: self.file_processor.batch_manager.function.function_name,
            Odp.FILE_MANAGER_QUEUE_URL: self.file_manager.queue.queue_url,
            Odp.FILE_MANAGER_DEAD_LETTER_QUEUE_URL: self.file_manager.dead_letters.queue_url,
            Odp.ALERTS_TOPIC_ARN: self.alerts.topic.topic_arn,
        }
        schedules = {published_schedule(cadence): names.schedule(cadence) for cadence in self.file_processor.schedules}
        publish(self, names, values | schedules)


def _tables(scope: Construct, names: Names) -> Mapping[OdpTable, dynamodb.ITable]:
    """The framework's tables, by name, because another stack creates them."""
    known = Construct(scope, "KnownTables")
    return {table: dynamodb.Table.from_table_name(known, table.name, names.table(table)) for table in OdpTable}
