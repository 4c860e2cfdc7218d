"""The endpoints of a replication and the roles behind them: DMS reads one secret and writes one folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_dms as dms
from aws_cdk import aws_iam as iam
from constructs import Construct

from deployment_account.names import Shared, published_secret
from deployment_account.permissions import allow, service_of_this_account
from deployment_account.shared_values import shared_value
from etl_cdk.dms_settings import s3_settings

if TYPE_CHECKING:
    from deployment_account.names import Names
    from deployment_account.replication_settings import Replication
    from deployment_account.sources import Source
    from etl_cdk.infra_imports import InfraImports
    from etl_cdk.replication_mappings import TablesBySchema

ON_OBJECTS = ("s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging")
"""DMS deletes what it writes anew."""
ON_UPLOADS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
ON_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
ON_KEY = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True)
class ReplicatedSource:
    """A source that DMS replicates: its name, where its files go, how, and which tables."""

    name: str
    source: Source
    replication: Replication
    tables: TablesBySchema

    @property
    def folders(self) -> list[str]:
        """The folders of its schemas in the staging bucket; the role of one source writes into no other's."""
        return [f"{self.source.folder}/{schema}".lstrip("/") for schema in self.tables]


class SourceEndpoint(Construct):
    """The database, whose server, user and password DMS takes from the secret."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, source: ReplicatedSource, secrets_endpoint: str | None
    ) -> None:
        super().__init__(scope, id_)
        replication, stack = source.replication, cdk.Stack.of(self)
        secret = shared_value(self, names, published_secret(replication.secret))
        # DMS reads secrets in the name of its Region; for which resource, no page says
        reader = service_of_this_account(self, f"dms.{stack.region}.amazonaws.com")
        role = iam.Role(self, "SecretRole", assumed_by=reader)
        allow(role, ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], [secret])
        allow(role, ["kms:Decrypt", "kms:DescribeKey"], [shared_value(self, names, Shared.SECRETS_KEY_ARN)])
        reads: dict[str, Any] = {"secrets_manager_access_role_arn": role.role_arn, "secrets_manager_secret_id": secret}
        identifier = f"{names.replication(source.name)}-source"
        override = f"secretsManagerEndpointOverride={secrets_endpoint}" if secrets_endpoint else None
        self.resource = dms.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_type="source",
            endpoint_identifier=identifier,
            resource_identifier=identifier,
            engine_name=replication.engine,
            ssl_mode=replication.tls,
            certificate_arn=replication.certificate_arn,
            database_name=replication.database or None,
            extra_connection_attributes=override,
            **_engine_settings(replication, reads),
        )
        self.resource.node.add_dependency(role)


def _engine_settings(replication: Replication, reads: dict[str, Any]) -> dict[str, Any]:
    if replication.engine == "postgres":
        # booleans as such, not as texts; a text that would be cut off stops the replication
        settings = {"map_boolean_as_boolean": True, "fail_tasks_on_lob_truncation": True, "heartbeat_enable": True}
        return {"postgre_sql_settings": dms.CfnEndpoint.PostgreSqlSettingsProperty(**{**reads, **settings})}
    return {"my_sql_settings": dms.CfnEndpoint.MySqlSettingsProperty(**reads)}


class StagingEndpoint(Construct):
    """The source's folder in the staging bucket, and the role by which DMS writes and replaces files there."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, source: ReplicatedSource, infra: InfraImports
    ) -> None:
        super().__init__(scope, id_)
        staging = infra.bucket(Shared.STAGING_BUCKET)
        stack = cdk.Stack.of(self)
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.replication_role(source.name),
            assumed_by=_dms(self),
            description="AWS DMS writes the files of a source database by it",
        )
        below = [staging.arn_for_objects(f"{folder}/*") for folder in source.folders]
        because = "Folders are named after tables, which the manifests add, and files after moments."
        allow(self.role, [*ON_OBJECTS, *ON_UPLOADS], below, because=because)
        allow(self.role, ON_BUCKET, [staging.bucket_arn])
        allow(self.role, ON_KEY, [infra.data_key.key_arn])
        identifier = f"{names.replication(source.name)}-target"
        self.resource = dms.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_type="target",
            endpoint_identifier=identifier,
            resource_identifier=identifier,
            engine_name="s3",
            s3_settings=dms.CfnEndpoint.S3SettingsProperty(
                **s3_settings(source.replication, source.source.folder),
                bucket_name=staging.bucket_name,
                expected_bucket_owner=stack.account,
                server_side_encryption_kms_key_id=infra.data_key.key_arn,
                service_access_role_arn=self.role.role_arn,
            ),
        )
        self.resource.node.add_dependency(self.role)


def _dms(scope: Construct) -> iam.ServicePrincipal:
    """DMS, when it acts for a resource of this account."""
    stack = cdk.Stack.of(scope)
    arn = f"arn:{stack.partition}:dms:{stack.region}:{stack.account}:*"
    conditions = {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": arn}}
    return iam.ServicePrincipal("dms.amazonaws.com", conditions=conditions)
