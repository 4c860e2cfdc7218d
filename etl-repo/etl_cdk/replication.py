"""The replication of source databases by AWS DMS, from the database to files in the staging bucket.

CloudFormation neither starts nor stops a replication and cannot change one that runs: the pipeline does around a
deployment (deployment_account/replication_step), and people do by `odp replication`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dms as dms
from constructs import Construct

from deployment_account.log import Log, LogPolicy
from deployment_account.names import Shared, published_replication
from deployment_account.permissions import allow
from deployment_account.replication_settings import Capacity, Instance
from deployment_account.shared_values import publish, shared_value
from deployment_account.sources import replications
from etl_cdk.alerts import Alerts
from etl_cdk.dms_settings import replication_settings
from etl_cdk.infra_imports import InfraImports
from etl_cdk.region_table import RegionAccess
from etl_cdk.replication_endpoints import ReplicatedSource, SourceEndpoint, StagingEndpoint
from etl_cdk.replication_mappings import table_mappings, tables_by_schema
from etl_cdk.replication_notices import ReplicationNotices
from etl_cdk.replication_operator import ReplicationOperator

if TYPE_CHECKING:
    from typing import Any

    from odp.config_manager.manifest import Manifests

    from deployment_account.environments import Environment
    from deployment_account.names import Names
    from deployment_account.replication_settings import Kind

LOADS_AND_FOLLOWS = "full-load-and-cdc"


class ReplicationStack(cdk.Stack):
    """One replication for each source that the configuration has DMS replicate, and their alerts."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        environment: Environment,
        manifests: Manifests,
        pipelines_account: str,
    ) -> None:
        super().__init__(
            scope,
            id_,
            description="Replication of source databases by AWS DMS",
            termination_protection=environment.is_protected,
        )
        infra = InfraImports(self, "Foundation", names=names)
        network = ReplicationNetwork(self, "Network", names=names, environment=environment)
        log_policy = LogPolicy(infra.data_key, environment.retention.log_days)
        self.alerts = Alerts(
            self,
            "Alerts",
            title="Replication alerts",
            key=infra.data_key,
            addresses=environment.notification_addresses,
            lake=names.lake,
        )
        found: dict[str, tuple[Kind, str]] = {}
        for name, replication in replications(environment.sources).items():
            tables = tables_by_schema(name, manifests.tables)
            source = ReplicatedSource(name, environment.sources[name], replication, tables)
            replicated = SourceReplication(
                self,
                f"Source-{name}",
                names=names,
                source=source,
                infra=infra,
                network=network,
                log_policy=log_policy,
            )
            ReplicationNotices(
                replicated, "Notices", names=names, source=source, arn=replicated.arn, alerts=self.alerts
            )
            found[name] = (replication.kind, replicated.arn)
        self.alerts.on_undelivered("UndeliveredReplicationEvents")
        operator = ReplicationOperator(
            self, "Operator", names=names, pipelines_account=pipelines_account, replications=found
        )
        if regions := RegionAccess.of(self, names, environment):
            # a pipeline lets replications go on in the active Region alone
            regions.allow_epochs(operator.role)
            allow(operator.role, ["kms:Decrypt"], [infra.data_key.key_arn])
        publish(self, names, {published_replication(name): arn for name, (_, arn) in found.items()})


class ReplicationNetwork(Construct):
    """The private subnets as DMS knows them, its security group, and where it finds Secrets Manager."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, environment: Environment) -> None:
        super().__init__(scope, id_)
        subnets = cdk.Fn.split(",", shared_value(self, names, Shared.PRIVATE_SUBNET_IDS))
        self.security_group = shared_value(self, names, Shared.REPLICATION_SECURITY_GROUP_ID)
        has_endpoint = environment.has_secrets_endpoint
        self.secrets_endpoint = shared_value(self, names, Shared.SECRETS_ENDPOINT) if has_endpoint else None
        self.subnet_group = dms.CfnReplicationSubnetGroup(
            self,
            "Subnets",
            replication_subnet_group_identifier=f"{names.prefix}replication",
            replication_subnet_group_description="Private subnets of the data lake",
            subnet_ids=[cdk.Fn.select(place, subnets) for place, _ in enumerate(environment.availability_zones)],
        )


class SourceReplication(Construct):
    """The endpoints of one source, and what loads its tables and then follows its changes."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        source: ReplicatedSource,
        infra: InfraImports,
        network: ReplicationNetwork,
        log_policy: LogPolicy,
    ) -> None:
        super().__init__(scope, id_)
        self._identifier, self._network, self._key_arn = names.replication(source.name), network, infra.data_key.key_arn
        self._settings = replication_settings(source.replication)
        self._mappings = table_mappings(source.tables, source.replication)
        self._source = SourceEndpoint(
            self, "Database", names=names, source=source, secrets_endpoint=network.secrets_endpoint
        ).resource
        self._target = StagingEndpoint(self, "Staging", names=names, source=source, infra=infra).resource
        if source.replication.kind == "serverless":
            self._log(log_policy, f"dms-serverless-replication-{self._identifier}")
            self.arn = self._serverless(source.replication.capacity or Capacity())
        else:
            self._log(log_policy, f"dms-tasks-{self._identifier}")
            self.arn = self._task(source.replication.instance or Instance())

    def _log(self, policy: LogPolicy, name: str) -> None:
        """DMS would make the group itself, without a key and for ever."""
        Log(self, "Log", policy=policy, name=name)

    def _serverless(self, capacity: Capacity) -> str:
        """The identifier of the resource is ours: alarms and rights outlive a replication that is made again."""
        return dms.CfnReplicationConfig(
            self,
            "Replication",
            replication_config_identifier=self._identifier,
            resource_identifier=self._identifier,
            replication_type=LOADS_AND_FOLLOWS,
            source_endpoint_arn=self._source.ref,
            target_endpoint_arn=self._target.ref,
            table_mappings=self._mappings,
            replication_settings=self._settings,
            compute_config=dms.CfnReplicationConfig.ComputeConfigProperty(
                min_capacity_units=capacity.minimum,
                max_capacity_units=capacity.maximum,
                multi_az=capacity.multi_az,
                kms_key_id=self._key_arn,
                replication_subnet_group_id=self._network.subnet_group.ref,
                vpc_security_group_ids=[self._network.security_group],
            ),
        ).ref

    def _task(self, size: Instance) -> str:
        instance = dms.CfnReplicationInstance(
            self,
            "Instance",
            replication_instance_identifier=self._identifier,
            resource_identifier=self._identifier,
            replication_instance_class=size.instance_class,
            allocated_storage=size.storage_gb,
            multi_az=size.multi_az,
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
            kms_key_id=self._key_arn,
            replication_subnet_group_identifier=self._network.subnet_group.ref,
            vpc_security_group_ids=[self._network.security_group],
        )
        return dms.CfnReplicationTask(
            self,
            "Task",
            replication_task_identifier=self._identifier,
            resource_identifier=self._identifier,
            migration_type=LOADS_AND_FOLLOWS,
            replication_instance_arn=instance.ref,
            source_endpoint_arn=self._source.ref,
            target_endpoint_arn=self._target.ref,
            table_mappings=_text(self._mappings),
            replication_task_settings=_text(self._settings),
        ).ref


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
