"""What CloudFormation's registry says the handlers of a resource type call: what an execution role must allow."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from rehearsal.pipeline.definition import UnsupportedPipelineError

FEATURES_WE_DO_NOT_USE: Mapping[str, str] = {
    "iam:*GroupPolicy": "policies of groups",
    "iam:*UserPolicy": "policies of users",
    "iam:*RolePermissionsBoundary": "boundaries",
    "iam:AttachRolePolicy": "policies that are not ours",
    "iam:DetachRolePolicy": "policies that are not ours",
    "ec2:*VpnGateway*": "VPNs",
    "ec2:AcceptAddressTransfer": "addresses of other accounts",
    "ec2:AssignPrivateNatGatewayAddress": "NAT gateways with several addresses",
    "ec2:*NatGatewayAddress": "NAT gateways with several addresses",
    "ec2:*SubnetCidrBlock": "IPv6",
    "ec2:*EncryptionControl*": "encryption controls of VPCs",
    "ec2:DescribeInstances": "instances",
    "vpc-lattice:*": "service networks",
    "vpce:AllowMultiRegion": "endpoints of other Regions",
    "autoscaling:*": "flow logs of groups of instances",
    "s3tables:*": "S3 tables",
    "s3:*Metadata*": "metadata tables",
    "s3:*ObjectAcl": "access control lists",
    "s3:DeleteObject": "deletion of objects",
    "s3:PutObject": "workgroups of Spark, and a configuration with objects",
    "s3:*MultipartUpload*": "workgroups of Spark",
    "s3:PutBucketAbac": "access by tags",
    "s3:*Replication*": "replication",
    "s3:*Website": "websites",
    "s3:*Cors": "websites",
    "s3:*CORS": "websites",
    "s3:*AnalyticsConfiguration": "analytics",
    "s3:*IntelligentTieringConfiguration": "intelligent tiering",
    "s3:*InventoryConfiguration": "inventories",
    "s3:*MetricsConfiguration": "request metrics",
    "s3:PutAccelerateConfiguration": "acceleration",
    "s3:*ObjectLockConfiguration": "object lock",
    "s3:REST.PUT.OBJECT": "an action that IAM does not know",
    "firehose:*": "log groups that deliver to Firehose",
    "logs:*IndexPolicy": "indexes of log groups",
    "logs:*DataProtectionPolicy": "masks of log groups",
    "logs:PutResourcePolicy": "policies of log groups",
    "logs:DeleteResourcePolicy": "policies of log groups",
    "logs:PutBearerTokenAuthentication": "tokens for logs",
    "logs:PutLogGroupDeletionProtection": "protected log groups",
    "elasticfilesystem:*": "file systems",
    "s3files:*": "file systems",
    "lambda:*CodeSigningConfig": "signed code",
    "lambda:AssociateRuntimeAlias": "runtimes of our own",
    "lambda:GetLayerVersion": "layers",
    "lambda:PassCapacityProvider": "capacity providers",
    "lambda:PutFunction*Config": "recursion and scaling settings",
    "sns:PutDataProtectionPolicy": "masks of topics",
    "dynamodb:*Replica*": "global tables",
    "dynamodb:*Import*": "imports",
    "dynamodb:*Item": "items",
    "dynamodb:Query": "items",
    "dynamodb:Scan": "items",
    "dynamodb:UpdateContributorInsights": "contributor insights",
    "dynamodb:*KinesisStreamingDestination": "streams",
    "kinesis:*": "streams",
    "s3:GetObjectMetadata": "imports",
    "lakeformation:*": "Lake Formation",
    "glue:PassConnection": "federated databases",
    "logs:*LogStream*": "imports",
    "logs:PutLogEvents": "imports",
    "backup-storage:Mount": "an action that IAM does not know",
    "backup:DeleteBackupVaultLockConfiguration": "unlocked vaults",
    "backup:DeleteBackupVaultNotifications": "messages of vaults",
    "backup:PutBackupVaultNotifications": "messages of vaults",
    "secretsmanager:*Region*": "secrets of several Regions",
    "secretsmanager:GetSecretValue": "generated secrets: values are set by people",
    "kms:GenerateDataKeyPair*": "keys of endpoints",
    "kms:GenerateDataKeyWithoutPlaintext": "keys of endpoints",
    "kms:ListGrants": "keys of endpoints",
    "kms:ReEncrypt*": "keys of endpoints",
    "rds:DescribeDBClusters": "endpoints of clusters by their name",
    "redshift:*": "endpoints of Redshift",
    "iam:DeleteServiceLinkedRole": "the deletion of DMS's own role: other replications may use it",
    "iam:GetServiceLinkedRoleDeletionStatus": "the deletion of DMS's own role",
}
"""What a type's handlers may call for properties that none of our resources has, and which those are."""
NAMES_OF_THE_API: Mapping[str, str] = {
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
}
"""Operations that the registry lists by the name of the API, and the action by which IAM allows them."""
_CUSTOM_RESOURCE = frozenset({"lambda:InvokeFunction"})


@cache
def registry() -> Mapping[str, list[str]]:
    """The actions by type, as the file beside this one holds them."""
    file = Path(__file__).parent / "registry_permissions.json"
    types: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))["types"]
    return types


def needed_actions(type_: str) -> frozenset[str]:
    """The actions that resources of a type need as we use it; an unknown type is refused, not passed over."""
    if type_.startswith("Custom::"):
        return _CUSTOM_RESOURCE
    if type_ not in registry():
        raise UnsupportedPipelineError(
            f"nobody knows here what CloudFormation needs for {type_}: add what the registry says to "
            "rehearsal/pipeline/registry_permissions.json"
        )
    used = (action for action in registry()[type_] if not _is_unused(action))
    return frozenset(NAMES_OF_THE_API.get(action, action) for action in used)


def _is_unused(action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in FEATURES_WE_DO_NOT_USE)
