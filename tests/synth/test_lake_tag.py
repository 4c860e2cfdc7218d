"""Whatever only a tag tells from another team's carries the tag of its lake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployment_account.errors import ConfigurationError
from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis

UNNAMED = {
    "AWS::Backup::BackupPlan",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::KMS::Key",
}
"""AWS makes up the ids of these; the execution role may change those alone that carry its lake's tag."""


def tags_of(properties: dict[str, object]) -> str:
    return json.dumps([value for name, value in properties.items() if name.endswith("Tags")])


def test_every_key_and_part_of_a_network_carries_the_tag_of_its_lake(synthesis: Synthesis) -> None:
    seen = set()
    for name, template in synthesis.templates.items():
        lake = "-".join(name.split("-")[:2])
        for resource in template.body["Resources"].values():
            if resource["Type"] in UNNAMED:
                seen.add(resource["Type"])
                tags = tags_of(resource["Properties"])
                assert '"odp:lake"' in tags, f"{name}: {resource['Type']}"
                assert f'"{lake}"' in tags, f"{name}: {resource['Type']}"
    assert {"AWS::KMS::Key", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint", "AWS::EC2::FlowLog"} <= seen


def test_networks_with_gateways_and_pipelines_abroad_carry_it_too(tmp_path: Path) -> None:
    document = known()
    zones = ["eu-west-1a", "eu-west-1b"]
    abroad = {"region": "eu-west-1", "availability_zones": zones, "nat_gateways": 1, "interface_endpoints": ["glue"]}
    document["environments"] = {"dev": document["environments"]["dev"] | abroad}
    seen = set()
    for name, template in synthesised(document, tmp_path).items():
        for resource in template.body["Resources"].values():
            if resource["Type"] in UNNAMED:
                seen.add((resource["Type"], "-support-" in name))
                assert '"odp-dev"' in tags_of(resource["Properties"]), f"{name}: {resource['Type']}"
    assert {("AWS::EC2::NatGateway", False), ("AWS::EC2::EIP", False), ("AWS::KMS::Key", True)} <= seen


def test_no_tag_of_the_configuration_replaces_it(tmp_path: Path) -> None:
    document = known()
    document["environments"] = {"dev": document["environments"]["dev"] | {"tags": {"odp:lake": "odp-prod"}}}
    for template in synthesised(document, tmp_path).values():
        assert '"odp-prod"' not in json.dumps(template.body)


def test_a_manifest_names_no_database_that_the_deployment_may_not_make(tmp_path: Path) -> None:
    document = known()
    document["environments"] = {"dev": document["environments"]["dev"] | {"catalog_names": ["sales_*"]}}
    with pytest.raises(ConfigurationError, match="odpf_demo_taxi_trips_raw"):
        synthesised(document, tmp_path, app="etl")
