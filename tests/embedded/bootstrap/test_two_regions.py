"""An account is bootstrapped for both Regions of an environment; each bootstrap makes what is in its own Region."""

import json

import pytest

from rehearsal.emulator.process import Emulator
from scripts.bootstrap.cdk_cli import BOOTSTRAP_VERSION
from tests.embedded.bootstrap.conftest import DEPLOYMENT, Bootstrap, Run

ACCOUNT, REGIONS = "666666666666", ("us-east-1", "us-west-2")
PARTS = ("experiments", "identity", "network", "processing", "storage")


@pytest.fixture(scope="module")
def target(bootstrap: Bootstrap) -> Run:
    """The account of an environment with two Regions, bootstrapped from nothing."""
    account, secondary = f"environment.account={ACCOUNT}", "environment.secondary.region=us-west-2"
    configured = bootstrap(DEPLOYMENT, "configure", "spare", "--no-ask", "--set", account, "--set", secondary)
    assert configured.returncode == 0, configured.stderr
    return bootstrap(ACCOUNT, "target-account", "spare")


def test_both_regions_are_bootstrapped_by_one_command(emulator: Emulator, target: Run) -> None:
    assert target.returncode == 0, target.stderr
    for region in REGIONS:
        cloudformation = emulator.client("cloudformation", account=ACCOUNT, region=region)
        stacks = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
        assert stacks == ["CDKToolkit-odp-spare"]
        ssm = emulator.client("ssm", account=ACCOUNT, region=region)
        version = ssm.get_parameter(Name="/cdk-bootstrap/odpspare/version")["Parameter"]["Value"]
        assert int(version) >= BOOTSTRAP_VERSION


def test_each_region_has_roles_and_policies_of_its_own(emulator: Emulator, target: Run) -> None:
    assert target.returncode == 0, target.stderr
    iam = emulator.client("iam", account=ACCOUNT)
    for region, lake in zip(REGIONS, ("odp-spare", "odp-spare-us-west-2"), strict=True):
        role = f"cdk-odpspare-cfn-exec-role-{ACCOUNT}-{region}"
        policies = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert sorted(each["PolicyName"] for each in policies) == [f"{lake}-deployment-{part}" for part in PARTS]
        deploy = iam.get_role(RoleName=f"cdk-odpspare-deploy-role-{ACCOUNT}-{region}")["Role"]
        trusted = json.dumps(deploy["AssumeRolePolicyDocument"])
        assert f"arn:aws:iam::{DEPLOYMENT}:role/odp-spare-*" in trusted


def test_a_check_finds_both_bootstraps_as_they_should_be(bootstrap: Bootstrap, target: Run) -> None:
    assert target.returncode == 0, target.stderr
    lines = bootstrap(ACCOUNT, "check", "spare").stdout.splitlines()
    for subject in (
        "spare: trust in us-east-1",
        "spare: execution policies in us-east-1",
        "spare in us-west-2: trust in us-west-2",
        "spare in us-west-2: execution policies in us-west-2",
    ):
        (line,) = [line for line in lines if f" {subject} " in f" {line} "]
        assert line.lstrip().startswith("✓"), line


def test_nothing_is_done_twice(bootstrap: Bootstrap, target: Run) -> None:
    assert target.returncode == 0, target.stderr
    again = bootstrap(ACCOUNT, "target-account", "spare", "--dry-run")
    assert again.returncode == 0, again.stderr
    assert "create-policy" not in again.stdout
