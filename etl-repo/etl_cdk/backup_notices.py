"""Sends a message when a backup job of AWS Backup fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

if TYPE_CHECKING:
    from etl_cdk.alerts import Alerts

NOT_MADE = ("ABORTED", "EXPIRED", "FAILED")
"""The final states of a backup job without a backup."""


class BackupNotices(Construct):
    """One message for each backup job of a vault that ended without a backup.

    It belongs to the stack of the alarms' topic, which is deployed after the vault, so it finds the vault by name.
    """

    def __init__(self, scope: Construct, id_: str, *, vault: str, alerts: Alerts) -> None:
        super().__init__(scope, id_)
        events.Rule(
            self,
            "NotMade",
            description="Tells the subscribers of the alarms which resource was not backed up",
            event_pattern=events.EventPattern(
                source=["aws.backup"],
                detail_type=["Backup Job State Change"],
                detail={"backupVaultName": [vault], "state": list(NOT_MADE)},
            ),
            targets=[
                targets.SnsTopic(
                    alerts.topic,
                    message=events.RuleTargetInput.from_text(_message(vault)),
                    dead_letter_queue=alerts.undelivered,
                )
            ],
        )


def _message(vault: str) -> str:
    field = events.EventField.from_path
    job, resource = field("$.detail.backupJobId"), field("$.detail.resourceArn")
    return (
        f"No backup of {resource} was made in vault {vault}: job {job} is {field('$.detail.state')}. "
        f"Read why: aws backup describe-backup-job --backup-job-id {job}. "
        f"Mend that, then make the backup now: aws backup start-backup-job --backup-vault-name {vault} "
        f"--resource-arn {resource} --iam-role-arn ROLE, with the role that the first command shows. "
        "See Alarms in docs/operations.md."
    )
