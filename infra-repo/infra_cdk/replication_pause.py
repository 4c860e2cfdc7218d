"""An experiment of AWS FIS that pauses replication, so that people can rehearse the loss of a Region in AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_fis as fis
from aws_cdk import aws_iam as iam
from constructs import Construct

from deployment_account.permissions import acknowledge_pattern, allow

if TYPE_CHECKING:
    from deployment_account.names import Names

DURATION = "PT30M"
"""Longer than the lag that a warm standby allows by default, so that a rehearsal sees files that are missing."""
OF_TABLE = ("DeleteResourcePolicy", "DescribeTable", "GetResourcePolicy", "PutResourcePolicy")
"""FIS denies replication by the policy of the table and of its stream, until a time that it writes into it."""


class ReplicationPause(Construct):
    """The template of an experiment, which does nothing until somebody starts it, and the role that it works with.

    It pauses replication of this Region's buckets into the other Region, and of the global table in both directions.
    Protected environments have none: nobody should pause the replication of data that matters by one click.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, buckets: Sequence[str], partner: str) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        table = stack.format_arn(service="dynamodb", resource="table", resource_name=names.region_table)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "fis.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
            description="With which AWS FIS pauses the replication of the data lake",
        )
        self._may_pause(buckets, table, partner)
        self.template = fis.CfnExperimentTemplate(
            self,
            "Template",
            description=f"Pauses what {names.lake} replicates from {stack.region} to {partner}",
            role_arn=self.role.role_arn,
            stop_conditions=[fis.CfnExperimentTemplate.ExperimentTemplateStopConditionProperty(source="none")],
            targets={
                "Buckets": _target("aws:s3:bucket", buckets),
                "Table": _target("aws:dynamodb:global-table", [table]),
            },
            actions={
                "PauseBuckets": _action("aws:s3:bucket-pause-replication", {"region": partner}, {"Buckets": "Buckets"}),
                "PauseTable": _action("aws:dynamodb:global-table-pause-replication", {}, {"Tables": "Table"}),
            },
            tags={"Name": f"{names.lake}-replication-pause"},
        )

    def _may_pause(self, buckets: Sequence[str], table: str, partner: str) -> None:
        """The rights that https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html lists."""
        own_account = {"aws:ResourceAccount": cdk.Stack.of(self).account}
        pausing = {"StringEquals": own_account, "BoolIfExists": {"s3:isReplicationPauseRequest": "true"}}
        setting = ("s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration")
        allow(self.role, setting, buckets, conditions=pausing)
        towards = {"StringEquals": {**own_account, "s3:destinationRegion": partner}}
        allow(self.role, ["s3:PauseReplication"], buckets, conditions=towards)
        actions = [f"dynamodb:{action}" for action in OF_TABLE]
        allow(self.role, actions, [table, f"{table}/stream/*"], because="DynamoDB names a stream by its time.")
        for action in ("s3:ListAllMyBuckets", "tag:GetResources"):
            statement = iam.PolicyStatement(actions=[action], resources=["*"])
            self.role.add_to_principal_policy(statement)
        acknowledge_pattern(self.role, "*", because="IAM knows no resource for listing buckets and resources by tag.")


def _target(type_: str, arns: Sequence[str]) -> fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty:
    return fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty(
        resource_type=type_, resource_arns=list(arns), selection_mode="ALL"
    )


def _action(
    id_: str, parameters: Mapping[str, str], targets: Mapping[str, str]
) -> fis.CfnExperimentTemplate.ExperimentTemplateActionProperty:
    given: dict[str, Any] = {"duration": DURATION, **parameters}
    return fis.CfnExperimentTemplate.ExperimentTemplateActionProperty(
        action_id=id_, parameters=given, targets=dict(targets)
    )
