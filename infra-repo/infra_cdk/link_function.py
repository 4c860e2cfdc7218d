"""Deploys region_link.handler: the function that CloudFormation calls for the resources of a RegionLink."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from deployment_account.permissions import allow

SOURCE = Path(__file__).resolve().parents[1]
PACKAGE = "region_link"
PATIENCE = cdk.Duration.minutes(5)
"""Longer than the function waits for rights that IAM does not know yet."""


class LinkFunction(Construct):
    """The function, its role and its log.

    It runs outside the VPC, like the function that delivers manifests: it answers CloudFormation in a bucket of AWS and
    calls another Region, and the private network leads to neither. It reads no data.
    """

    def __init__(self, scope: Construct, id_: str, *, role_name: str, log_days: int) -> None:
        super().__init__(scope, id_)
        log = self._log(log_days)
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="With which a deployment links the buckets of this Region with those of the other",
        )
        allow(self.role, ["logs:CreateLogStream", "logs:PutLogEvents"], [log.log_group_arn])
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(
                str(SOURCE),
                exclude=["*", f"!{PACKAGE}", f"!{PACKAGE}/*.py"],
                ignore_mode=cdk.IgnoreMode.GLOB,
            ),
            handler=f"{PACKAGE}.handler.handle",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            log_group=log,
            timeout=PATIENCE,
            memory_size=256,
        )
        cdk.Validations.of(self.function).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-L1", reason="Python 3.13 is the newest that the tests know.")
        )

    def _log(self, days: int) -> logs.LogGroup:
        """Without the data key, which this stack learns by the function; it logs names of buckets and no data."""
        log = logs.LogGroup(self, "Log", removal_policy=cdk.RemovalPolicy.DESTROY)
        resource = log.node.default_child
        if not isinstance(resource, logs.CfnLogGroup):
            raise TypeError(f"{log.node.path} has no log group resource")
        resource.retention_in_days = days
        return log

    def may_read_parameters(self, arns: Sequence[str]) -> None:
        """Let the function read these parameters, of both Regions."""
        allow(self.role, ["ssm:GetParameter"], arns)

    def may(self, id_: str, statements: Sequence[iam.PolicyStatement]) -> iam.Policy:
        """Give further rights in a policy of their own: they name what the function has found out before."""
        return iam.Policy(self, id_, roles=[self.role], statements=list(statements))
