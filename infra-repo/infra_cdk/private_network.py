"""The private network of jobs and functions: endpoints of the services that they call, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_glue as glue
from constructs import Construct

from infra_cdk.perimeter import through_endpoint

if TYPE_CHECKING:
    from deployment_account.environments import Environment
    from deployment_account.names import Names
    from deployment_account.networks import PrefixLists

SERVICES_OF_JOBS = ("glue", "logs")
"""The Data Catalog, and the logs of workers. Spark and boto3 reach S3 and DynamoDB by gateway endpoints."""
SERVICES_OF_FUNCTIONS = ("glue", "sns", "states")
"""Commits without a JVM are calls of the Data Catalog. Lambda itself polls queues and writes logs, outside the VPC."""
DMS = "dms"
"""Also called by functions where a source is replicated: the sweep looks for suspended tables."""
HTTPS = ec2.Port.tcp(443)


def job_group(scope: Construct, vpc: ec2.IVpc, *, is_private: bool) -> ec2.SecurityGroup:
    """Create the security group of jobs: Glue demands that its members reach each other on every TCP port."""
    group = ec2.SecurityGroup(
        scope,
        "GlueConnections",
        vpc=vpc,
        description="Workers of Glue jobs that run in the VPC",
        allow_all_outbound=not is_private,
    )
    group.add_ingress_rule(group, ec2.Port.all_tcp(), "Spark workers among themselves")
    if is_private:
        group.add_egress_rule(group, ec2.Port.all_tcp(), "Spark workers among themselves")
    return group


def function_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    """Create the security group of functions, which accepts no connections."""
    return ec2.SecurityGroup(
        scope, "Functions", vpc=vpc, description="Functions that run in the VPC", allow_all_outbound=False
    )


def reach_gateways(groups: Sequence[ec2.SecurityGroup], lists: PrefixLists) -> None:
    """Allow groups to reach S3 and DynamoDB; the gateway endpoints decide on buckets and tables."""
    for group in groups:
        for name, id_ in (("S3", lists.s3), ("DynamoDB", lists.dynamodb)):
            group.add_egress_rule(ec2.Peer.prefix_list(id_), HTTPS, f"{name} by its gateway endpoint")


class InterfaceEndpoint(Construct):
    """One service in the private subnets, open to the groups that call it and to nobody else."""

    def __init__(self, scope: Construct, id_: str, *, vpc: ec2.Vpc, service: str, organization: str | None) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description=f"Endpoint of {service}", allow_all_outbound=False
        )
        self._endpoint = vpc.add_interface_endpoint(
            id_,
            service=ec2.InterfaceVpcEndpointAwsService(service),
            subnets=ec2.SubnetSelection(subnet_group_name="Private"),
            security_groups=[group],
            open=False,
        )
        self._endpoint.add_to_policy(through_endpoint(stack, organization, names_resources=False))

    @property
    def address(self) -> str:
        """The name by which callers that do not use the service's own name reach it."""
        return cdk.Fn.select(1, cdk.Fn.split(":", cdk.Fn.select(0, self._endpoint.vpc_endpoint_dns_entries)))

    def open_to(self, group: ec2.SecurityGroup, whose: str) -> None:
        """Let the members of a group call the service."""
        self._endpoint.connections.allow_default_port_from(group, whose)


class GlueConnections(Construct):
    """A connection for each zone: a run works in the subnet of one, and Glue takes another if a zone fails."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        environment: Environment,
        subnet_ids: Sequence[str],
        group: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, id_)
        for zone, subnet in zip(environment.availability_zones, subnet_ids, strict=True):
            requirements = glue.CfnConnection.PhysicalConnectionRequirementsProperty(
                availability_zone=zone, subnet_id=subnet, security_group_id_list=[group.security_group_id]
            )
            glue.CfnConnection(
                self,
                zone,
                catalog_id=cdk.Stack.of(self).account,
                connection_input=glue.CfnConnection.ConnectionInputProperty(
                    name=names.connection(zone),
                    description="The private subnet of a zone, for jobs of the data lake",
                    connection_type="NETWORK",
                    connection_properties={},
                    physical_connection_requirements=requirements,
                ),
            )
