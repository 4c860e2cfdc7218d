"""The role by which the pipeline stops the replications that a deployment changes, and lets them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from deployment_account.names import stopped_replication
from deployment_account.permissions import allow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployment_account.names import Names
    from deployment_account.replication_settings import Kind

_OF_KIND = {
    "serverless": (["dms:StartReplication", "dms:StopReplication"], "dms:DescribeReplications"),
    "instance": (["dms:StartReplicationTask", "dms:StopReplicationTask"], "dms:DescribeReplicationTasks"),
}


class ReplicationOperator(Construct):
    """May stop and start this environment's replications, and see what a deployment changes of them.

    Only the builds of the environment's own pipeline take it: the account of the pipelines is trusted for one role.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        pipelines_account: str,
        replications: Mapping[str, tuple[Kind, str]],
    ) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        build = f"arn:{stack.partition}:iam::{pipelines_account}:role/{names.replication_step}"
        trusted = iam.AccountPrincipal(pipelines_account).with_conditions({"ArnEquals": {"aws:PrincipalArn": build}})
        self.role = role = iam.Role(
            self,
            "Role",
            role_name=names.replication_operator,
            assumed_by=trusted,
            description="The pipeline stops and starts replications around their deployment by it",
        )
        for kind in sorted({kind for kind, _ in replications.values()}):
            actions, describe = _OF_KIND[kind]
            allow(role, actions, [arn for found, arn in replications.values() if found == kind])
            allow(role, [describe], ["*"], because="DMS describes whole Regions and knows no resources here")
        own = stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")
        because = "CloudFormation makes up the end of a stack's ARN"
        allow(role, ["cloudformation:DescribeChangeSet", "cloudformation:GetTemplate"], [own], because=because)
        remembered = [
            stack.format_arn(
                service="ssm", resource="parameter", resource_name=names.parameter(stopped_replication(source))[1:]
            )
            for source in replications
        ]
        allow(role, ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"], remembered)
