"""Rights to create backups of a protected environment, without deleting a backup or removing a lock."""

from __future__ import annotations

from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_SERVICE = "backup.amazonaws.com"


def backups(scope: Scope) -> list[Grant]:
    """The vault, the plan and what it selects, the vault's key, and the role with which AWS Backup reads."""
    passed = {"StringEquals": {"iam:PassedToService": _SERVICE}}
    return [
        grant(
            "backup",
            "CreateBackupVault DeleteBackupVault DescribeBackupVault GetBackupVaultAccessPolicy "
            "PutBackupVaultAccessPolicy DeleteBackupVaultAccessPolicy PutBackupVaultLockConfiguration "
            "GetBackupVaultNotifications ListTags TagResource UntagResource",
            scope.arn("backup", f"backup-vault:{scope.names.backup_vault}"),
        ),
        grant(
            "backup",
            "CreateBackupPlan DeleteBackupPlan GetBackupPlan UpdateBackupPlan CreateBackupSelection "
            "DeleteBackupSelection GetBackupSelection ListBackupSelections ListTags TagResource UntagResource",
            scope.arn("backup", "backup-plan:*"),
            because="AWS Backup makes up the ids of plans",
        ),
        grant(
            "backup",
            "ListBackupPlans ListBackupVaults",
            "*",
            because="AWS Backup lists whole Regions and knows no resources here",
        ),
        grant("backup-storage", "MountCapsule", "*", because="IAM knows no resource for the storage of a vault"),
        grant(
            "kms",
            "CreateGrant Decrypt GenerateDataKey RetireGrant",
            scope.arn("kms", "key/*"),
            because="KMS makes up the ids of keys; AWS Backup encrypts a vault under the key of its stack",
            condition={"StringEquals": {"kms:ViaService": f"backup.{scope.place.region}.amazonaws.com"}},
        ),
        grant("iam", "PassRole", scope.global_arn("iam", f"role/{scope.generated}"), condition=passed),
        grant(
            "iam",
            "CreateServiceLinkedRole",
            scope.global_arn("iam", f"role/aws-service-role/{_SERVICE}/*"),
            because="AWS names the role with which AWS Backup copies and expires recovery points",
            condition={"StringEquals": {"iam:AWSServiceName": _SERVICE}},
        ),
    ]
