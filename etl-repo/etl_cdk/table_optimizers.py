"""Deploys odp.table_optimizers: once a day, each Iceberg table gets the optimizers of the Data Catalog.

A template could only name tables that exist when it is deployed; the first refresh of a table makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as events_targets
from aws_cdk import aws_iam as iam
from odp.variables import TableOptimizersVariables

from deployment_account.names import DATA_WRITER_TAG, OdpTable, Shared
from deployment_account.permissions import allow, allow_key_use
from etl_cdk.glue_job_permissions import allow_catalog, keys_of
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb

    from etl_cdk.alerts import Alerts
    from etl_cdk.infra_imports import InfraImports

READS: Mapping[OdpTable, Sequence[str]] = {
    OdpTable.CONFIG_DEPLOY_TRACKER: ("dynamodb:GetItem",),
    OdpTable.BATCH_CONFIG: ("dynamodb:Scan",),
    OdpTable.RAW_TABLE_CONFIG: ("dynamodb:Scan",),
}
_WRITERS = {"compaction", "retention"}
"""https://docs.aws.amazon.com/glue/latest/dg/optimization-prerequisites.html: the other type only deletes files."""
_LOGS = {
    "compaction": "iceberg-compaction",
    "retention": "iceberg-retention",
    "orphan_file_deletion": "iceberg-orphan-file-deletion",
}


class TableOptimizers(RuntimeFunction):
    """Calls the Data Catalog for each table; Glue runs the optimizers with a role of their own."""

    def __init__(
        self,
        scope: cdk.Stack,
        id_: str,
        *,
        package: RuntimePackage,
        infra: InfraImports,
        tables: Mapping[OdpTable, dynamodb.ITable],
        databases: Sequence[str],
        types: Sequence[str],
    ) -> None:
        glue = iam.Role(scope, "TableOptimizersGlueRole", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        super().__init__(
            scope,
            id_,
            package=package,
            handler="odp.table_optimizers.handler.handle",
            timeout=cdk.Duration.minutes(15),
            variables=TableOptimizersVariables(
                lake=package.lake,
                batch_config_table=tables[OdpTable.BATCH_CONFIG].table_name,
                raw_table_config_table=tables[OdpTable.RAW_TABLE_CONFIG].table_name,
                config_deploy_tracker_table=tables[OdpTable.CONFIG_DEPLOY_TRACKER].table_name,
                optimizer_types=frozenset(types),
                optimizer_role_arn=glue.role_arn,
            ),
        )
        self._allow_glue(glue, infra, databases, types)
        for table, actions in READS.items():
            allow(self.role, actions, [tables[table].table_arn])
        allow_key_use(self.role, infra.data_key)
        verbs = ("Create", "Delete", "Get", "Update")
        allow_catalog(self.role, databases, [f"glue:{verb}TableOptimizer" for verb in verbs])
        passed = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
        allow(self.role, ["iam:PassRole"], [glue.role_arn], conditions=passed)

    def run_daily(self, alerts: Alerts) -> None:
        """Call the function once a day, and alarm when it fails."""
        target = events_targets.LambdaFunction(self.function, retry_attempts=3, dead_letter_queue=alerts.undelivered)
        events.Rule(
            self,
            "Daily",
            description="Gives new Iceberg tables the optimizers of the Data Catalog",
            schedule=events.Schedule.rate(cdk.Duration.days(1)),
            targets=[target],
        )
        alerts.on_any(
            "FailedTableOptimizers",
            self.function.metric_errors(),
            meaning="The Data Catalog did not take the optimizers of some Iceberg tables; the log names them. Their "
            "refreshes go on.",
        )

    @staticmethod
    def _allow_glue(glue: iam.Role, infra: InfraImports, databases: Sequence[str], types: Sequence[str]) -> None:
        """Let Glue work on the tables of the databases, on nothing else of the bucket, and write its logs."""
        # commits of optimizers delete files; where deletion is denied, the buckets know writers of data by this
        cdk.Tags.of(glue).add(DATA_WRITER_TAG, infra.names.lake)
        raw, writes = infra.bucket(Shared.RAW_BUCKET), bool(_WRITERS & {*types})
        allow(
            glue,
            ["s3:DeleteObject", "s3:GetObject", *(["s3:PutObject"] if writes else [])],
            [raw.arn_for_objects(key) for name in databases for key in keys_of(name)],
            because="Databases are named by the manifests, the files of their tables by the table format.",
        )
        allow(glue, ["s3:ListBucket"], [raw.bucket_arn])
        allow_catalog(glue, databases, ["glue:GetTable", *(["glue:UpdateTable"] if writes else [])])
        allow(glue, ["kms:Decrypt", *(["kms:GenerateDataKey"] if writes else [])], [infra.data_key.key_arn])
        if not types:
            return  # no optimizer is left that would write
        groups = [f"log-group:/aws-glue/{_LOGS[type_]}/logs" for type_ in types]
        arn = cdk.Stack.of(glue).format_arn
        allow(
            glue,
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [arn(service="logs", resource=f"{group}:*") for group in groups],
            because="Glue names the streams; it has one group of an account for all optimizers of a type.",
        )
