"""The backup plan of a protected environment: its resources and its schedule."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deployment_account.backup import BackupSettings
from deployment_account.names import Names
from infra_cdk.backup_role import tables_of

EVERY_NIGHT = "cron(0 3 * * ? *)"


class BackupPlan(Construct):
    """Buckets and tables, backed up each night.

    It belongs to the stack of the buckets and finds the vault by name. With an export, the change set of one stack
    would have to wait for the execution of the other.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        settings: BackupSettings,
        buckets: Sequence[s3.Bucket],
        role: iam.IRole,
    ) -> None:
        super().__init__(scope, id_)
        self._names, self._settings = names, settings
        resources = [*(bucket.bucket_arn for bucket in buckets), *tables_of(cdk.Stack.of(self), names)]
        # by name, not by tag: otherwise whoever may remove a tag could remove a table from the backups
        backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=self._plan().attr_backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name=names.backup_vault, iam_role_arn=role.role_arn, resources=resources
            ),
        )

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
            target_backup_vault=self._names.backup_vault,
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
