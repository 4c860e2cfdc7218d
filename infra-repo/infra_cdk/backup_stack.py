"""The locked vault of a protected environment's backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from deployment_account.backup import SHORTEST_DAYS, BackupSettings
from deployment_account.environments import Environment
from deployment_account.names import Names
from infra_cdk.deletion_guard import DeletionGuard
from infra_cdk.perimeter import keep_key_inside

if TYPE_CHECKING:
    from constructs import Construct

OF_RECOVERY_POINTS = ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]


class BackupStack(cdk.Stack):
    """The locked vault, under a key of its own: the data key may be lost with the data."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, environment: Environment) -> None:
        super().__init__(scope, id_, description="Backups of the data lake", termination_protection=True)
        self._names, self._settings = names, environment.backups or BackupSettings()
        self._organization = environment.organization
        self.vault = self._vault(self._key())

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
