"""Deploys odp.file_processor.handler: the function that plans which tables a refresh works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk

from deployment_account import names
from deployment_account.names import OdpTable
from deployment_account.permissions import allow, allow_key_use
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

PLANS = f"{names.PLANS}*"
TABLE_VARIABLES: Mapping[str, OdpTable] = {
    "FILE_TRACKER_TABLE": OdpTable.FILE_TRACKER,
    "FILE_PROCESSING_TRACKER_TABLE": OdpTable.FILE_PROCESSING_TRACKER,
    "BATCH_CONFIG_TABLE": OdpTable.BATCH_CONFIG,
    "RAW_TABLE_CONFIG_TABLE": OdpTable.RAW_TABLE_CONFIG,
    "CONFIG_DEPLOY_TRACKER_TABLE": OdpTable.CONFIG_DEPLOY_TRACKER,
}
TABLE_ACTIONS: Mapping[OdpTable, tuple[str, ...]] = {
    OdpTable.FILE_TRACKER: ("dynamodb:Scan",),
    OdpTable.FILE_PROCESSING_TRACKER: ("dynamodb:BatchGetItem",),
    OdpTable.BATCH_CONFIG: ("dynamodb:GetItem",),
    OdpTable.RAW_TABLE_CONFIG: ("dynamodb:Query",),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("dynamodb:GetItem",),
}


class BatchManager(RuntimeFunction):
    """Reads what is pending and what is configured, and writes nothing but the plan of its execution."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        tables: Mapping[OdpTable, dynamodb.ITable],
        config: s3.IBucket,
        data_key: kms.IKey,
    ) -> None:
        variables = {name: tables[table].table_name for name, table in TABLE_VARIABLES.items()}
        super().__init__(
            scope,
            id_,
            package=package,
            handler="odp.file_processor.handler.handle",
            timeout=cdk.Duration.minutes(5),
            variables={**variables, "PLAN_BUCKET": config.bucket_name},
        )
        for table, actions in TABLE_ACTIONS.items():
            allow(self.role, actions, [tables[table].table_arn])
        allow(
            self.role,
            ["s3:PutObject"],
            [config.arn_for_objects(PLANS)],
            because="A plan is named after its cadence and execution, which nobody knows before it starts.",
        )
        allow_key_use(self.role, data_key)
