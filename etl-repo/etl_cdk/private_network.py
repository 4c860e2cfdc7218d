"""Puts jobs and functions into the private subnets, and binds their roles to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from deployment_account.names import PRIVATE_NETWORK_TAG, Shared
from deployment_account.permissions import allow
from deployment_account.shared_values import shared_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployment_account.environments import Environment
    from deployment_account.names import Names

MAKE = ("ec2:CreateNetworkInterface",)
CHANGE = ("ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses")
DESCRIBE_FOR_FUNCTIONS = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
DESCRIBE_FOR_JOBS = (
    *DESCRIBE_FOR_FUNCTIONS,
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
)
TAG = ("ec2:CreateTags", "ec2:DeleteTags")
TAG_OF_GLUE = "aws-glue-service-resource"
"""Glue's mark on the interfaces that it creates."""
LOGGING = ("logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
"""Lambda and Glue write logs from networks of their own."""


class PrivateNetwork(Construct):
    """The private subnets and the groups in them, known by their SSM parameters."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, environment: Environment) -> None:
        super().__init__(scope, id_)
        self._lake = names.lake
        self._vpc = shared_value(self, names, Shared.VPC_ID)
        subnets = cdk.Fn.split(",", shared_value(self, names, Shared.PRIVATE_SUBNET_IDS))
        zones = environment.availability_zones
        self._subnets = [cdk.Fn.select(number, subnets) for number in range(len(zones))]
        self._job_group = shared_value(self, names, Shared.GLUE_SECURITY_GROUP_ID)
        self._function_group = shared_value(self, names, Shared.FUNCTION_SECURITY_GROUP_ID)
        self.connections = [names.connection(zone) for zone in zones]

    @classmethod
    def of(cls, scope: Construct, *, names: Names, environment: Environment) -> PrivateNetwork | None:
        """The network of an environment that has one for its jobs and functions."""
        if not environment.private_network:
            return None
        return cls(scope, "PrivateNetwork", names=names, environment=environment)

    def hold_function(self, function: lambda_.Function, role: iam.Role) -> None:
        """Run a function in the subnets, without the managed policy that CDK would add to its role."""
        resource = function.node.default_child
        if not isinstance(resource, lambda_.CfnFunction):
            raise TypeError(f"{function.node.path} has no function resource")
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=self._subnets, security_group_ids=[self._function_group]
        )
        self._allow_interfaces(role, self._function_group, DESCRIBE_FOR_FUNCTIONS)
        # Lambda adds the function's ARN to the calls of its code, but not when it creates interfaces
        functions = self._arn(role, "lambda", f"function:{self._lake}-*")
        in_code = {"ArnLike": {"lambda:SourceFunctionArn": functions}}
        self._bind(role, in_code, {"Null": {"lambda:SourceFunctionArn": "false"}}, DESCRIBE_FOR_FUNCTIONS)

    def hold_jobs(self, role: iam.Role) -> None:
        """Run jobs of a role through the connections, which each job must name."""
        connections = [self._arn(role, "glue", f"connection/{name}") for name in self.connections]
        allow(role, ["glue:GetConnection"], [self._arn(role, "glue", "catalog"), *connections])
        self._allow_interfaces(role, self._job_group, DESCRIBE_FOR_JOBS)
        interfaces = self._arn(role, "ec2", "network-interface/*")
        because = "EC2 makes up the ids of interfaces; Glue marks its own with one tag."
        tag_of_glue = {"ForAllValues:StringEquals": {"aws:TagKeys": [TAG_OF_GLUE]}}
        allow(role, TAG, [interfaces], because=because, conditions=tag_of_glue)
        # of the sessions of a job's role, Glue marks those that it hands to the script
        in_script = {"StringEquals": {"glue:CredentialIssuingService": "glue.amazonaws.com"}}
        self._bind(role, in_script, in_script, (*DESCRIBE_FOR_JOBS, *TAG))

    def _allow_interfaces(self, role: iam.Role, group: str, describe: Sequence[str]) -> None:
        """Let the service create interfaces in these subnets with this group."""
        subnets = [self._arn(role, "ec2", f"subnet/{subnet}") for subnet in self._subnets]
        made = [
            *subnets,
            self._arn(role, "ec2", f"security-group/{group}"),
            self._arn(role, "ec2", "network-interface/*"),
        ]
        allow(role, MAKE, made, because="EC2 makes up the ids of interfaces.")
        # as the user guide of Lambda writes it: with less than every resource id, functions do not reach the VPC
        allow(role, CHANGE, [self._arn(role, "ec2", "*/*")], because="The service looks for interfaces that it made.")
        allow(role, describe, ["*"], because="EC2 describes whole Regions and knows no resources here.")

    def _bind(
        self,
        role: iam.Role,
        in_code: Mapping[str, Mapping[str, str]],
        anywhere: Mapping[str, Mapping[str, str]],
        describe: Sequence[str],
    ) -> None:
        """Deny the service's rights to the code itself, and every call from outside the VPC."""
        cdk.Tags.of(role).add(PRIVATE_NETWORK_TAG, self._lake)
        interfaces = iam.PolicyStatement(
            sid="InterfacesAreMadeByTheServiceAlone",
            effect=iam.Effect.DENY,
            actions=[*MAKE, *CHANGE, *describe, "ec2:DetachNetworkInterface"],
            resources=["*"],
            conditions=in_code,
        )
        outside = iam.PolicyStatement(
            sid="OnlyFromThisNetwork",
            effect=iam.Effect.DENY,
            not_actions=list(LOGGING),
            resources=["*"],
            conditions={
                **anywhere,
                "StringNotEqualsIfExists": {"aws:SourceVpc": self._vpc},
                "BoolIfExists": {"aws:ViaAWSService": "false"},
            },
        )
        for statement in (interfaces, outside):
            role.add_to_principal_policy(statement)

    @staticmethod
    def _arn(role: iam.Role, service: str, resource: str) -> str:
        stack = cdk.Stack.of(role)
        return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"
