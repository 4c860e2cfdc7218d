"""What the network of every environment promises."""

from __future__ import annotations

import json
from ipaddress import ip_network
from itertools import combinations
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from infra_cdk.infra_stage import InfraStage

from deployment_account.environments import Environment, Platform, load_platform
from tests.configuration import KNOWN
from tests.synth.synthesis import Template, flags


def network_with(**changes: object) -> assertions.Template:
    """The network of the dev environment, configured otherwise."""
    platform = load_platform(KNOWN)
    dev = Environment.model_validate(platform.environments["dev"].model_dump() | changes)
    changed = Platform(name=platform.name, deployment=platform.deployment, environments={"dev": dev})
    return assertions.Template.from_stack(InfraStage(cdk.App(context=flags()), "Infra", changed, dev).network)


def zones_of(letters: str) -> tuple[str, ...]:
    return tuple(f"us-east-1{letter}" for letter in letters)


def test_synthesis_asks_no_account_for_its_zones(network: Template) -> None:
    manifests = [json.loads(path.read_text()) for path in Path(network.folder).glob("**/manifest.json")]
    assert not [manifest["missing"] for manifest in manifests if manifest.get("missing")]


def test_each_configured_zone_has_a_private_subnet(network: Template) -> None:
    subnets = network.resources("AWS::EC2::Subnet").values()
    assert sorted(subnet["AvailabilityZone"] for subnet in subnets) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert not [subnet for subnet in subnets if subnet.get("MapPublicIpOnLaunch")]


def test_subnets_do_not_run_out_of_addresses(network: Template) -> None:
    """Defect 31 of the reference: /27 subnets, 27 addresses for all Glue workers of a zone."""
    vpc = ip_network(network.only("AWS::EC2::VPC")["CidrBlock"])
    ranges = [ip_network(subnet["CidrBlock"]) for subnet in network.resources("AWS::EC2::Subnet").values()]
    assert all(range_.num_addresses >= 8192 for range_ in ranges)
    assert all(range_.subnet_of(vpc) for range_ in ranges)  # type: ignore[arg-type]


@pytest.mark.parametrize(("cidr", "zones", "addresses"), [("10.0.0.0/20", "abcdef", 512), ("10.0.0.0/16", "a", 8192)])
def test_each_zone_has_an_eighth_of_the_smallest_and_the_largest_network(cidr: str, zones: str, addresses: int) -> None:
    template = network_with(vpc_cidr=cidr, availability_zones=zones_of(zones))
    subnets = template.find_resources("AWS::EC2::Subnet").values()
    assert {ip_network(subnet["Properties"]["CidrBlock"]).num_addresses for subnet in subnets} == {addresses}
    assert len(subnets) == len(zones)


@pytest.mark.parametrize("nat_gateways", [0, 1])
def test_one_more_zone_leaves_every_subnet_where_it_was(nat_gateways: int) -> None:
    """CloudFormation can neither change a subnet's range nor make one that overlaps an existing one."""

    def subnets(zones: str) -> dict[str, tuple[str, str]]:
        template = network_with(availability_zones=zones_of(zones), nat_gateways=nat_gateways)
        found = {id_: each["Properties"] for id_, each in template.find_resources("AWS::EC2::Subnet").items()}
        return {id_: (each["AvailabilityZone"], each["CidrBlock"]) for id_, each in found.items()}

    before = subnets("a")
    for zones in ("ab", "abc", "abcd", "abcde", "abcdef"):
        after = subnets(zones)
        assert before.items() < after.items()
        ranges = [ip_network(range_) for _, range_ in after.values()]
        assert not [(one, other) for one, other in combinations(ranges, 2) if one.overlaps(other)]
        before = after


def interface_endpoints(network: Template) -> list[dict[str, Any]]:
    endpoints = network.resources("AWS::EC2::VPCEndpoint").values()
    return [each for each in endpoints if each["VpcEndpointType"] == "Interface"]


def test_an_idle_network_costs_nothing_by_the_hour_but_for_the_endpoints_of_a_private_one(
    network: Template, is_prod: bool
) -> None:
    """Defect 32 of the reference: three NAT gateways and fifteen endpoint interfaces, some 208 USD a month."""
    assert not network.types() & {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::InternetGateway"}
    assert len(interface_endpoints(network)) == (4 if is_prod else 0)


def test_s3_and_dynamodb_are_reached_from_every_subnet_without_the_internet(network: Template) -> None:
    endpoints = [each for each in network.resources("AWS::EC2::VPCEndpoint").values() if "RouteTableIds" in each]
    services = {json.dumps(endpoint["ServiceName"]).rsplit(".", 1)[-1].strip('"]}') for endpoint in endpoints}
    assert services == {"s3", "dynamodb"}
    route_tables = set(network.resources("AWS::EC2::RouteTable"))
    for endpoint in endpoints:
        assert {table["Ref"] for table in endpoint["RouteTableIds"]} == route_tables


def test_all_traffic_is_logged_to_the_access_log_bucket(network: Template, storage: Template) -> None:
    log = network.only("AWS::EC2::FlowLog")
    assert (log["TrafficType"], log["LogDestinationType"]) == ("ALL", "s3")
    assert (
        log["LogDestination"]
        == f"arn:aws:s3:::{storage.only('AWS::S3::Bucket', 'AccessLogs')['BucketName']}/vpc-flow-logs/"
    )


def test_members_of_the_glue_security_group_reach_each_other_and_nobody_else_reaches_them(network: Template) -> None:
    (group,) = [id_ for id_ in network.resources("AWS::EC2::SecurityGroup") if id_.startswith("GlueConnections")]
    own = {"Fn::GetAtt": [group, "GroupId"]}
    rules = network.resources("AWS::EC2::SecurityGroupIngress").values()
    (ingress,) = [rule for rule in rules if rule["GroupId"] == own]
    assert ingress["SourceSecurityGroupId"] == own
    assert (ingress["IpProtocol"], ingress["FromPort"], ingress["ToPort"]) == ("tcp", 0, 65535)
    assert "SecurityGroupIngress" not in network.only("AWS::EC2::SecurityGroup", "GlueConnections")


def test_interface_endpoints_come_by_configuration_and_serve_glue_jobs_only() -> None:
    template = network_with(interface_endpoints=("glue", "kms"))
    endpoints = template.find_resources("AWS::EC2::VPCEndpoint", {"Properties": {"VpcEndpointType": "Interface"}})
    assert {each["Properties"]["ServiceName"] for each in endpoints.values()} == {
        "com.amazonaws.us-east-1.glue",
        "com.amazonaws.us-east-1.kms",
    }
    for endpoint in endpoints.values():
        assert endpoint["Properties"]["PrivateDnsEnabled"] is True
        assert all("Private" in subnet["Ref"] for subnet in endpoint["Properties"]["SubnetIds"])
    ingress = template.find_resources("AWS::EC2::SecurityGroupIngress", {"Properties": {"ToPort": 443}}).values()
    sources = {each["Properties"]["SourceSecurityGroupId"]["Fn::GetAtt"][0][:14] for each in ingress}
    assert (len(ingress), sources) == (2, {"GlueConnection"})
    groups = template.find_resources("AWS::EC2::SecurityGroup").values()
    assert not [each for each in groups if "SecurityGroupIngress" in each["Properties"]], "not the whole network"


@pytest.mark.parametrize("count", [1, 3])
def test_nat_gateways_come_by_configuration_and_leave_private_ranges_where_they_were(count: int) -> None:
    def private_ranges(template: assertions.Template) -> set[str]:
        subnets = template.find_resources("AWS::EC2::Subnet")
        return {subnet["Properties"]["CidrBlock"] for id_, subnet in subnets.items() if "Private" in id_}

    with_nat = network_with(nat_gateways=count)
    with_nat.resource_count_is("AWS::EC2::NatGateway", count)
    assert private_ranges(with_nat) == private_ranges(network_with())
