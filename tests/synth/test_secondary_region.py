"""What a secondary Region has, and what it leaves alone: the names of the primary, and what AWS holds once."""

from __future__ import annotations

import json
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from deployment_account.apps import add_component
from deployment_account.stages import EnvironmentStage
from rehearsal.pipeline.registry import needed_actions
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.execution_policy.policies import policies_of
from tests.synth.configurations import configured_app, platform_of
from tests.synth.secondary_regions import (
    ACCOUNTS,
    PIPELINES,
    PREFIX_LISTS,
    PRIMARY,
    REGIONS,
    SECONDARY,
    both,
    document,
    in_primary,
    in_secondary,
    region_of,
    stacks,
)
from tests.synth.synthesis import APPS, Template, flags
from tests.tools.scripts.bootstrap.physical_names import named_resources

NAMED_ONCE = {
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::S3::Bucket": "BucketName",
}
"""What AWS holds once in an account or in the world, whatever the Region, and the property that names it."""
LONGEST_ROLE_NAME, LONGEST_BUCKET_NAME, LONGEST_STACK_NAME = 64, 63, 128
LINK = "RegionLink"
"""Stacks that begin so are about both Regions."""
NAMES = ("Name", "Id", "Identifier")
"""The ends of properties that name a resource; a change of such a one replaces it."""


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_both_regions_have_the_same_stacks(environment: str, app: str) -> None:
    primary, secondary = in_primary(environment, app), in_secondary(environment, app)
    there = {name for name in secondary if not name.startswith(LINK)}
    assert there == primary.keys()
    assert {"infra": "Storage", "etl": "Replication"}[app] in there
    assert {region_of(template) for template in primary.values()} == {PRIMARY}
    assert {region_of(secondary[name]) for name in there} == {SECONDARY}


def test_a_secondary_takes_and_renames_nothing_of_the_primary(environment: str, app: str) -> None:
    """A bucket, a table or a role with another name or logical id would be another one, and the first one lost."""
    before, after = in_primary(environment, app, with_secondary=False), in_primary(environment, app)
    assert before.keys() == after.keys()
    for name, template in before.items():
        for id_, resource in template.body["Resources"].items():
            kept = after[name].body["Resources"][id_]
            assert kept["Type"] == resource["Type"]
            assert physical_names(kept) == physical_names(resource), f"{name}: {id_}"


def physical_names(resource: dict[str, Any]) -> dict[str, Any]:
    properties = resource.get("Properties", {})
    return {key: value for key, value in properties.items() if key.endswith(NAMES)}


def test_what_aws_holds_once_has_another_name_in_each_region(environment: str) -> None:
    found = Counter(
        (resource["Type"], name)
        for app in APPS
        for of_region in (in_primary(environment, app), in_secondary(environment, app))
        for template in of_region.values()
        for resource in template.body["Resources"].values()
        if isinstance(name := resource.get("Properties", {}).get(NAMED_ONCE.get(resource["Type"], "")), str)
    )
    assert [name for name, times in found.items() if times > 1] == []
    for type_, name in found:
        assert len(name) <= (LONGEST_BUCKET_NAME if type_ == "AWS::S3::Bucket" else LONGEST_ROLE_NAME)
    roles = {name for type_, name in found if type_ == "AWS::IAM::Role"}
    for role in ("reader", "dms-default", "replication-operator"):
        assert {f"odp-{environment}-{role}", f"odp-{environment}-{role}-{SECONDARY}"} <= roles


def test_all_that_the_stacks_need_is_allowed_where_they_are_deployed(
    environment: str, app: str, tmp_path: Path
) -> None:
    platform = platform_of(document(), tmp_path)
    seen = set()
    for name, template in stacks(app).items():
        if not name.startswith(f"odp-{environment}-"):
            continue
        is_of_pipelines = f"odp-{environment}-{app}-Pipeline" in name
        place = Place(PIPELINES if is_of_pipelines else ACCOUNTS[environment], region_of(template))
        # CDK deploys what a pipeline leaves in another Region by the roles of the pipelines' own bootstrap
        bootstrap = Place(PIPELINES, PRIMARY) if is_of_pipelines else place
        may = [
            (f"{one.service}:{action}", resource)
            for policy in policies_of(platform, platform.environments[environment], bootstrap)
            for one in policy.grants
            for action in one.actions
            for resource in one.resources
        ]
        for type_ in template.types():
            assert needed_actions(type_) <= {action for action, _ in may}, f"{name} in {place}: {type_}"
        resources = [(each["Type"], each.get("Properties", {})) for each in template.body["Resources"].values()]
        for named in named_resources(place, resources):
            patterns = [pattern for action, pattern in may if action == named.action]
            assert any(fnmatchcase(named.arn, pattern) for pattern in patterns), f"{name}: {named.arn}"
            seen.add((place.account, place.region))
    assert seen == {(account, region) for account in (PIPELINES, ACCOUNTS[environment]) for region in REGIONS}


def test_names_of_stacks_are_as_short_as_cloudformation_wants(app: str) -> None:
    assert all(len(name) <= LONGEST_STACK_NAME for name in stacks(app))


def test_what_people_type_is_named_as_in_the_primary(environment: str) -> None:
    for of_region in (in_primary(environment, "etl"), in_secondary(environment, "etl")):
        tables = [table["TableName"] for table in of_region["Tables"].resources("AWS::DynamoDB::Table").values()]
        machines = [
            machine["StateMachineName"]
            for machine in of_region["Odp"].resources("AWS::StepFunctions::StateMachine").values()
        ]
        assert "odpf_file_tracker" in tables
        assert machines == ["odpf_file_processor"]


def test_the_network_of_the_secondary_is_that_of_its_region(environment: str) -> None:
    network = in_secondary(environment, "infra")["Network"]
    assert network.only("AWS::EC2::VPC")["CidrBlock"] == f"10.{140 if environment == 'prod' else 150}.0.0/16"
    zones = {subnet["AvailabilityZone"] for subnet in network.resources("AWS::EC2::Subnet").values()}
    assert zones == {f"{SECONDARY}a", f"{SECONDARY}b"}
    services = json.dumps([each["ServiceName"] for each in network.resources("AWS::EC2::VPCEndpoint").values()])
    assert SECONDARY in services
    assert PRIMARY not in services


def test_a_private_network_leads_to_the_buckets_of_its_region() -> None:
    found = {region: json.dumps(stack.body) for region, stack in networks_of_prod().items()}
    assert all(list_ in found[SECONDARY] for list_ in PREFIX_LISTS.values())
    assert not [list_ for list_ in PREFIX_LISTS.values() if list_ in found[PRIMARY]]


def networks_of_prod() -> dict[str, Template]:
    return {PRIMARY: in_primary("prod", "infra")["Network"], SECONDARY: in_secondary("prod", "infra")["Network"]}


@pytest.mark.parametrize(
    ("app", "stack"), [("infra", "Network"), ("infra", "Secrets"), ("infra", "Backup"), ("etl", "Replication")]
)
def test_nothing_of_one_region_alone_names_the_other(app: str, stack: str) -> None:
    """Left behind in a copied ARN, the other Region's name would be a right on nothing, or a call into an outage."""
    secondary = json.dumps(in_secondary("prod", app)[stack].body)
    assert PRIMARY not in secondary
    assert SECONDARY not in json.dumps(in_primary("prod", app)[stack].body)


def test_dms_checks_servers_by_the_certificate_of_its_region(environment: str) -> None:
    (endpoint,) = (
        one
        for one in in_secondary(environment, "etl")["Replication"].resources("AWS::DMS::Endpoint").values()
        if one["EndpointType"] == "source"
    )
    assert f":{SECONDARY}:" in endpoint["CertificateArn"]


def test_what_protects_data_protects_it_in_the_secondary_too() -> None:
    for app in APPS:
        primary, secondary = in_primary("prod", app), in_secondary("prod", app)
        for name, template in primary.items():
            assert secondary[name].properties.get("terminationProtection") == template.properties.get(
                "terminationProtection"
            )
            for id_, resource in template.body["Resources"].items():
                there = secondary[name].body["Resources"].get(id_)
                # what the primary alone has is about both Regions
                assert there is None or there.get("DeletionPolicy") == resource.get("DeletionPolicy"), f"{name}: {id_}"


def test_a_person_deploys_both_regions_without_a_pipeline_in_their_order(tmp_path: Path, app: str) -> None:
    cdk_app = configured_app(document(), tmp_path, app, direct="dev")
    stages = [child for child in cdk_app.node.children if isinstance(child, cdk.Stage)]
    assert [stage.stage_name for stage in stages] == [f"odp-dev-{app}", f"odp-dev-{app}-{SECONDARY}"]
    assert [stage.region for stage in stages] == [PRIMARY, SECONDARY]


def test_each_region_is_deployed_by_the_bootstrap_of_the_environment(tmp_path: Path) -> None:
    """By its qualifier and in its own Region; the roles there are made for nothing else."""
    cdk_app = cdk.App(outdir=str(tmp_path / "out"), context={**flags(), "direct": "dev"}, analytics_reporting=False)

    class Small(EnvironmentStage):
        def __init__(self, *of_stage: Any) -> None:
            super().__init__(*of_stage)
            cdk.CfnResource(cdk.Stack(self, "Stack"), "Topic", type="AWS::SNS::Topic")

    add_component(cdk_app, platform_of(document(), tmp_path), "infra", Small)
    assembly = cdk_app.synth()
    roles = [stack.assume_role_arn for nested in assembly.nested_assemblies for stack in nested.nested_assembly.stacks]
    assert [str(role).rsplit("role/", 1)[-1] for role in roles] == [
        f"cdk-odpdev-deploy-role-222222222222-{region}" for region in (PRIMARY, SECONDARY)
    ]


def test_cdk_nag_finds_nothing_in_two_regions_and_their_pipelines(app: str) -> None:
    assert both(app)[1] == set()
