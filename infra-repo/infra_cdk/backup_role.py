"""The role of AWS Backup: it backs up the buckets and tables of one lake only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from deployment_account.names import Names, OdpTable, TaxiName
from deployment_account.permissions import allow, service_of_this_account

if TYPE_CHECKING:
    from constructs import Construct

# the actions of AWSBackupServiceRolePolicyForS3Backup and of the DynamoDB part of AWSBackupServiceRolePolicyForBackup
OF_BUCKETS = (
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetBucketNotification",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetInventoryConfiguration",
    "s3:PutBucketNotification",
    "s3:PutInventoryConfiguration",
)
LISTS = ("s3:ListBucket", "s3:ListBucketVersions")
OF_OBJECTS = (
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
)
OF_TABLES = (
    "dynamodb:CreateBackup",
    "dynamodb:DescribeTable",
    "dynamodb:ListTagsOfResource",
    "dynamodb:StartAwsBackupJob",
)
OF_TABLE_BACKUPS = ("dynamodb:DeleteBackup", "dynamodb:DescribeBackup")
OF_RULES = tuple(
    f"events:{action}"
    for action in (
        "DeleteRule",
        "DescribeRule",
        "DisableRule",
        "EnableRule",
        "ListTargetsByRule",
        "PutRule",
        "PutTargets",
        "RemoveTargets",
    )
)
WITHOUT_RESOURCE = ("cloudwatch:GetMetricData", "events:ListRules", "s3:ListAllMyBuckets")
OF_VAULTS = ("backup:CopyIntoBackupVault", "backup:DescribeBackupVault")


class BackupRole(iam.Role):
    """The role with which AWS Backup reads; restoring needs another role."""

    def __init__(self, scope: Construct, id_: str) -> None:
        # the guard names this role, and it is made before the buckets
        super().__init__(
            scope,
            id_,
            assumed_by=service_of_this_account(scope, "backup.amazonaws.com"),
            description="With which AWS Backup reads buckets and tables of the lake",
        )

    def back_up(self, names: Names, buckets: Sequence[s3.IBucket], key: kms.IKey, copy_to: str | None) -> None:
        """Let AWS Backup read these buckets and all DynamoDB tables of the lake, and copy its backups."""
        for actions in (OF_BUCKETS, LISTS):
            allow(self, actions, [bucket.bucket_arn for bucket in buckets])
        objects = [bucket.arn_for_objects("*") for bucket in buckets]
        allow(self, OF_OBJECTS, objects, because="Whole buckets are backed up.")
        stack = cdk.Stack.of(self)
        tables = tables_of(stack, names)
        allow(self, OF_TABLES, tables)
        backups = [f"{table}/backup/*" for table in tables]
        allow(self, OF_TABLE_BACKUPS, backups, because="DynamoDB makes up the ids of backups.")
        rules = stack.format_arn(service="events", resource="rule", resource_name="AwsBackupManagedRule*")
        allow(self, OF_RULES, [rules], because="AWS Backup names the rules by which it follows buckets.")
        allow(self, WITHOUT_RESOURCE, ["*"], because="IAM knows no resource for these actions.")
        allow(self, OF_VAULTS, [vault_arn(stack, names), *([copy_to] if copy_to else [])])
        points = f"arn:{stack.partition}:backup:{stack.region}:{stack.account}:recovery-point:*"
        allow(self, ["backup:TagResource"], [points], because="AWS Backup makes up the ids of recovery points.")
        self._use(key)

    def _use(self, key: kms.IKey) -> None:
        region = cdk.Stack.of(self).region
        via = {"StringEquals": {"kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in _STORES]}}
        for actions, conditions in (
            (["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], via),
            (["kms:CreateGrant"], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        ):
            statement = iam.PolicyStatement(actions=actions, resources=[key.key_arn], conditions=conditions)
            self.add_to_principal_policy(statement)


_STORES = ("s3", "dynamodb")


def tables_of(stack: cdk.Stack, names: Names) -> list[str]:
    """The DynamoDB tables of the lake, which the etl stage makes under these names."""
    found = [*(names.table(table) for table in OdpTable), names.taxi(TaxiName.AUDIT_TABLE)]
    return [stack.format_arn(service="dynamodb", resource="table", resource_name=name) for name in found]


def vault_arn(stack: cdk.Stack, names: Names) -> str:
    """The ARN of the vault, by name, because the vault is created after the role."""
    return stack.format_arn(
        service="backup",
        resource="backup-vault",
        resource_name=names.backup_vault,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
