"""Whatever costs carries the tags by which a company divides its bill, in lakes, in their pipelines and abroad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

BILLED = {
    "AWS::Athena::WorkGroup",
    "AWS::Backup::BackupVault",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeBuild::Project",
    "AWS::CodePipeline::Pipeline",
    "AWS::DynamoDB::Table",
    "AWS::EC2::NatGateway",
    "AWS::EC2::VPCEndpoint",
    "AWS::Glue::Job",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
}
"""Types that stand on a bill and that CloudFormation can tag; schedules are in groups, and those alone have tags."""


def tags_of(properties: dict[str, Any]) -> dict[str, str]:
    """The tags of a resource, which types write in one of two ways and under several names."""
    (tags,) = [value for name, value in properties.items() if name.endswith("Tags")] or [{}]
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}


def billed(template: Template) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{template.stack} {id_}", resource.get("Properties", {}))
        for id_, resource in template.body["Resources"].items()
        if resource["Type"] in BILLED
    ]


def assert_tagged(template: Template, environment: str) -> None:
    expected = {"environment": environment, "cost-center": "data-platform", "odp:lake": f"odp-{environment}"}
    for name, properties in billed(template):
        assert expected.items() <= tags_of(properties).items(), name


def test_everything_that_costs_carries_the_tags_of_its_environment(synthesis: Synthesis, environment: str) -> None:
    stacks = [each for name, each in synthesis.templates.items() if name.startswith(f"odp-{environment}-")]
    assert [each for each in stacks if each.stack.endswith("-Pipeline")]
    assert all(billed(each) for each in stacks)
    for template in stacks:
        assert_tagged(template, environment)


def test_what_a_pipeline_keeps_in_another_region_carries_them_too(tmp_path: Path) -> None:
    document = known()
    zones = ["eu-west-1a", "eu-west-1b"]
    abroad = {"region": "eu-west-1", "availability_zones": zones, "nat_gateways": 1}
    document["environments"] = {"dev": document["environments"]["dev"] | abroad}
    found = synthesised(document, tmp_path)
    assert [name for name in found if "-support-" in name]
    for template in found.values():
        assert_tagged(template, "dev")


@pytest.mark.parametrize("key", ["odp:data-writer", "cost-center"])
def test_a_tag_of_the_configuration_takes_no_tag_away_that_policies_read(tmp_path: Path, key: str) -> None:
    """A configured tag that roles of jobs carry by themselves keeps the value that lets them work."""
    document = known()
    document["environments"] = {"dev": document["environments"]["dev"] | {"tags": {key: "other"}}}
    role = synthesised(document, tmp_path, app="etl", direct="dev")["odp-dev-etl-Odp"].only(
        "AWS::IAM::Role", "FileProcessorJobsRole"
    )
    assert tags_of(role)["odp:data-writer"] == "odp-dev"
