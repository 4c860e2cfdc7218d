"""Deploys odp.file_processor.handler: the function that plans which tables a refresh works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from odp.records import CADENCE_CLAIM, HELD_KINDS, PLANNED, TOLD
from odp.variables import BatchManagerVariables

from deployment_account import names
from deployment_account.names import OdpTable, Shared
from deployment_account.permissions import allow, allow_key_use
from etl_cdk.region_table import RegionAccess, told_of
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from deployment_account.environments import Environment
    from etl_cdk.alerts import Alerts
    from etl_cdk.infra_imports import InfraImports

PLANS = f"{names.PLANS}*"
TABLE_ACTIONS: Mapping[OdpTable, tuple[str, ...]] = {
    OdpTable.FILE_TRACKER: ("dynamodb:Query",),
    OdpTable.FILE_PROCESSING_TRACKER: ("dynamodb:BatchGetItem", "dynamodb:GetItem"),  # leases and claims of cadences
    OdpTable.BATCH_CONFIG: ("dynamodb:GetItem",),
    OdpTable.RAW_TABLE_CONFIG: ("dynamodb:Query",),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("dynamodb:GetItem",),
}


NOTE_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem")
CLAIM_ACTIONS = ("dynamodb:DeleteItem", "dynamodb:PutItem")


class BatchManager(RuntimeFunction):
    """Reads pending work and configuration; writes the plan of its execution and the claims of cadences."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        tables: Mapping[OdpTable, dynamodb.ITable],
        infra: InfraImports,
        alerts: Alerts,
        environment: Environment,
    ) -> None:
        config = infra.bucket(Shared.CONFIG_BUCKET)
        regions = RegionAccess.of(scope, infra.names, environment)
        super().__init__(
            scope,
            id_,
            package=package,
            handler="odp.file_processor.handler.handle",
            timeout=cdk.Duration.minutes(5),
            variables=BatchManagerVariables(
                lake=package.lake,
                file_tracker_table=tables[OdpTable.FILE_TRACKER].table_name,
                file_processing_tracker_table=tables[OdpTable.FILE_PROCESSING_TRACKER].table_name,
                batch_config_table=tables[OdpTable.BATCH_CONFIG].table_name,
                raw_table_config_table=tables[OdpTable.RAW_TABLE_CONFIG].table_name,
                config_deploy_tracker_table=tables[OdpTable.CONFIG_DEPLOY_TRACKER].table_name,
                quarantine_table=tables[OdpTable.QUARANTINE].table_name,
                plan_bucket=config.bucket_name,
                job_timeout_minutes=environment.odp.job_timeout_minutes,
                environment=environment.name,
                topic_arn=alerts.topic.topic_arn,
                regions=told_of(regions),
            ),
        )
        for table, actions in TABLE_ACTIONS.items():
            allow(self.role, actions, [tables[table].table_arn])
        allow(
            self.role,
            ["s3:PutObject"],
            [config.arn_for_objects(PLANS)],
            because="A plan is named after its cadence and execution, which nobody knows before it starts.",
        )
        if regions:
            regions.allow_epochs(self.role)
        self._allow_telling(tables)
        alerts.let_publish(self.role)
        self._allow_claims(tables[OdpTable.FILE_PROCESSING_TRACKER], infra.names.state_machine)
        allow_key_use(self.role, infra.data_key)

    def _allow_telling(self, tables: Mapping[OdpTable, dynamodb.ITable]) -> None:
        """Record messages in the file tracker, but no files; read held entries of the quarantine."""
        notes = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [TOLD, PLANNED]}}
        held = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [kind.value for kind in HELD_KINDS]}}
        grants = (
            (NOTE_ACTIONS, OdpTable.FILE_TRACKER, notes),
            (("dynamodb:Query",), OdpTable.QUARANTINE, held),
        )
        for actions, table, conditions in grants:
            self.role.add_to_principal_policy(
                iam.PolicyStatement(actions=list(actions), resources=[tables[table].table_arn], conditions=conditions)
            )

    def _allow_claims(self, tracker: dynamodb.ITable, state_machine_name: str) -> None:
        """Write claims beside the leases, but no lease; look up the execution that has a claim."""
        claims = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{CADENCE_CLAIM}*"]}}
        self.role.add_to_principal_policy(
            iam.PolicyStatement(actions=list(CLAIM_ACTIONS), resources=[tracker.table_arn], conditions=claims)
        )
        executions = cdk.Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{state_machine_name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        allow(
            self.role,
            ["states:DescribeExecution"],
            [executions],
            because="Any earlier execution of this state machine may have the claim of a cadence.",
        )
