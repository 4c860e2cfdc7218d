"""The network in which Glue connections and Lambda functions of an environment can run."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3

from deployment_account.environments import Environment
from deployment_account.names import FLOW_LOGS, Names, Shared
from deployment_account.networks import MOST_ZONES, SECRETS, private_subnet_prefix
from deployment_account.shared_values import publish
from deployment_account.sources import replications
from infra_cdk.perimeter import through_endpoint
from infra_cdk.private_network import (
    DMS,
    SERVICES_OF_FUNCTIONS,
    SERVICES_OF_JOBS,
    GlueConnections,
    InterfaceEndpoint,
    function_group,
    job_group,
    reach_gateways,
)
from infra_cdk.replication_network import replication_group

if TYPE_CHECKING:
    from constructs import Construct

    from deployment_account.networks import PrefixLists

PUBLIC_SUBNET_PREFIX = 28
"""A public subnet holds one NAT gateway and nothing else."""


class NetworkStack(cdk.Stack):
    """A VPC over the configured zones that reaches S3 and DynamoDB without leaving AWS and without hourly cost."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, environment: Environment) -> None:
        self._zones, self._organization = list(environment.availability_zones), environment.organization
        super().__init__(
            scope, id_, description="Network of the data lake", termination_protection=environment.is_protected
        )
        self.vpc = self._vpc(environment)
        cdk.Validations.of(self.vpc).acknowledge(
            cdk.Acknowledgment(
                id="CloudFormation-Validate::W3010", reason="Zones are configured, or synth would have to look them up."
            )
        )
        logs = s3.Bucket.from_bucket_name(self, "AccessLogs", names.access_log_bucket(environment.account))
        self.vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_s3(logs, f"{FLOW_LOGS}/"))
        self._gateway_endpoints()
        lists = environment.gateways if environment.private_network else None
        self.glue_security_group = job_group(self, self.vpc, is_private=lists is not None)
        self.function_security_group = self._private_network(names, environment, lists) if lists else None
        self.replication_security_group = self._replication_group(environment)
        self._endpoints(names, environment)
        self._publish(names)

    @builtins.property
    def availability_zones(self) -> list[str]:
        """The configured zones; the inherited answer is a look-up in the account, even for a VPC with given zones."""
        return self._zones

    def _vpc(self, environment: Environment) -> ec2.Vpc:
        return ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(environment.vpc_cidr),
            availability_zones=self._zones,
            reserved_azs=MOST_ZONES - len(self._zones),
            nat_gateways=environment.nat_gateways,
            subnet_configuration=_subnets(environment),
            # CDK would deploy a Lambda with rights over security groups to close it; `close-default-group` does it once
            restrict_default_security_group=False,
        )

    def _gateway_endpoints(self) -> None:
        """Gateway endpoints that admit only the lake's own buckets and tables."""
        for name, service in _GATEWAYS.items():
            endpoint = self.vpc.add_gateway_endpoint(name, service=service)
            endpoint.add_to_policy(through_endpoint(self, self._organization, names_resources=True))

    def _replication_group(self, environment: Environment) -> ec2.SecurityGroup | None:
        replicated = replications(environment.sources)
        # without the endpoint, a NAT gateway leads to Secrets Manager, whose addresses no list has
        lists = environment.gateways if environment.has_secrets_endpoint else None
        return replication_group(self, self.vpc, replicated, lists) if replicated else None

    def _endpoints(self, names: Names, environment: Environment) -> None:
        """Configured endpoints serve jobs; a private network also has the endpoints that its code needs."""
        of_jobs: set[str] = {*environment.interface_endpoints}
        callers = {self.glue_security_group: ("Glue jobs", of_jobs)}
        if self.function_security_group:
            of_jobs.update(SERVICES_OF_JOBS)
            of_functions = {*SERVICES_OF_FUNCTIONS, *((DMS,) if replications(environment.sources) else ())}
            callers[self.function_security_group] = ("Functions", of_functions)
        if self.replication_security_group:
            callers[self.replication_security_group] = ("DMS", of_jobs & {SECRETS})
        for service in sorted(set().union(*(services for _, services in callers.values()))):
            endpoint = InterfaceEndpoint(
                self, service.title(), vpc=self.vpc, service=service, organization=self._organization
            )
            for group, (whose, services) in callers.items():
                if service in services:
                    endpoint.open_to(group, whose)
            if service == SECRETS and self.replication_security_group:
                publish(endpoint, names, {Shared.SECRETS_ENDPOINT: endpoint.address})

    def _private_network(self, names: Names, environment: Environment, lists: PrefixLists) -> ec2.SecurityGroup:
        functions = function_group(self, self.vpc)
        reach_gateways([self.glue_security_group, functions], lists)
        GlueConnections(
            self,
            "Connections",
            names=names,
            environment=environment,
            subnet_ids=self._private_subnet_ids,
            group=self.glue_security_group,
        )
        return functions

    @builtins.property
    def _private_subnet_ids(self) -> list[str]:
        return self.vpc.select_subnets(subnet_group_name="Private").subnet_ids

    def _publish(self, names: Names) -> None:
        values = {
            Shared.VPC_ID: self.vpc.vpc_id,
            Shared.PRIVATE_SUBNET_IDS: ",".join(self._private_subnet_ids),
            Shared.GLUE_SECURITY_GROUP_ID: self.glue_security_group.security_group_id,
        }
        if self.function_security_group:
            values[Shared.FUNCTION_SECURITY_GROUP_ID] = self.function_security_group.security_group_id
        if self.replication_security_group:
            values[Shared.REPLICATION_SECURITY_GROUP_ID] = self.replication_security_group.security_group_id
        publish(self, names, values)


_GATEWAYS = {
    "S3": ec2.GatewayVpcEndpointAwsService.S3,
    "DynamoDb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
}


def _subnets(environment: Environment) -> list[ec2.SubnetConfiguration]:
    """Private subnets come first: their ranges stay when NAT gateways, public subnets or zones are added."""
    has_nat = environment.nat_gateways > 0
    private = ec2.SubnetConfiguration(
        name="Private",
        subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS if has_nat else ec2.SubnetType.PRIVATE_ISOLATED,
        cidr_mask=private_subnet_prefix(environment.vpc_cidr),
    )
    public = ec2.SubnetConfiguration(
        name="Public",
        subnet_type=ec2.SubnetType.PUBLIC,
        cidr_mask=PUBLIC_SUBNET_PREFIX,
        map_public_ip_on_launch=False,
    )
    return [private, public] if has_nat else [private]
