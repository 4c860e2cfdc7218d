"""The backups of a protected environment: a locked vault, and what goes into it each day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from deployment_account.backup import SHORTEST_DAYS, BackupSettings
from deployment_account.environments import Environment
from deployment_account.names import Names
from infra_cdk.backup_role import tables_of
from infra_cdk.deletion_guard import DeletionGuard
from infra_cdk.perimeter import keep_key_inside

if TYPE_CHECKING:
    from constructs import Construct

EVERY_NIGHT = "cron(0 3 * * ? *)"
OF_RECOVERY_POINTS = ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]


class BackupStack(cdk.Stack):
    """Buckets and tables, backed up each night under a key of their own: the data key may be lost with the data."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        environment: Environment,
        buckets: Sequence[s3.Bucket],
        role: iam.IRole,
    ) -> None:
        super().__init__(scope, id_, description="Backups of the data lake", termination_protection=True)
        self._names, self._settings = names, environment.backups or BackupSettings()
        self._organization = environment.organization
        self.vault = self._vault(self._key())
        plan = self._plan()
        resources = [*(bucket.bucket_arn for bucket in buckets), *tables_of(self, names)]
        # by name and not by tag: whoever may take off a tag would else take a table out of the backups
        backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=plan.attr_backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name=names.backup_vault, iam_role_arn=role.role_arn, resources=resources
            ),
        )

    def _key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Backups of the data lake",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        DeletionGuard(self, self._names).keep_key(key)
        keep_key_inside(key, self._organization)
        return key

    def _vault(self, key: kms.IKey) -> backup.CfnBackupVault:
        vault = backup.CfnBackupVault(
            self,
            "Vault",
            backup_vault_name=self._names.backup_vault,
            encryption_key_arn=key.key_arn,
            access_policy=_nobody_deletes(),
            lock_configuration=backup.CfnBackupVault.LockConfigurationTypeProperty(
                min_retention_days=SHORTEST_DAYS, changeable_for_days=self._settings.lock_after_days
            ),
        )
        vault.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        return vault

    def _plan(self) -> backup.CfnBackupPlan:
        lifecycle = backup.CfnBackupPlan.LifecycleResourceTypeProperty(delete_after_days=self._settings.keep_days)
        copies = [
            backup.CfnBackupPlan.CopyActionResourceTypeProperty(destination_backup_vault_arn=vault, lifecycle=lifecycle)
            for vault in (self._settings.copy_to,)
            if vault
        ]
        rule = backup.CfnBackupPlan.BackupRuleResourceTypeProperty(
            rule_name="nightly",
            schedule_expression=EVERY_NIGHT,
            target_backup_vault=self.vault.ref,
            lifecycle=lifecycle,
            copy_actions=copies or None,
        )
        return backup.CfnBackupPlan(
            self,
            "Plan",
            backup_plan=backup.CfnBackupPlan.BackupPlanResourceTypeProperty(
                backup_plan_name=self._names.backup_vault, backup_plan_rule=[rule]
            ),
        )


def _nobody_deletes() -> iam.PolicyDocument:
    """Also before the lock is final."""
    statement = iam.PolicyStatement(
        sid="KeepRecoveryPoints",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=OF_RECOVERY_POINTS,
        resources=["*"],
    )
    return iam.PolicyDocument(statements=[statement])
