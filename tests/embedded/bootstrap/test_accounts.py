"""Accounts become what the pipelines need, whoever else asks is refused, and nothing is done twice."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator
from scripts.bootstrap.cdk_cli import BOOTSTRAP_VERSION, VERSION_PARAMETER, role_name
from tests.embedded.bootstrap.conftest import DEPLOYMENT, DEV, PROD, STAGING, TARGETS, TEST, Bootstrap, Run

REGION = "us-east-1"
PARTS = ("identity", "network", "processing", "storage")
POLICIES = [f"odp-dev-deployment-{part}" for part in PARTS]


def attached(emulator: Emulator, account: str) -> list[str]:
    iam = emulator.client("iam", account=account)
    role = iam.list_attached_role_policies(RoleName=role_name("cfn-exec", account, REGION))
    return sorted(policy["PolicyName"] for policy in role["AttachedPolicies"])


def role_arn(account: str, which: str) -> str:
    return f"arn:aws:iam::{account}:role/{role_name(which, account, REGION)}"


def test_a_dry_run_shows_policies_and_command_and_changes_nothing(emulator: Emulator, bootstrap: Bootstrap) -> None:
    run = bootstrap(STAGING, "target-account", "staging", "--dry-run")
    assert run.returncode == 0, run.stderr
    shown = [line for line in run.stdout.splitlines() if line.startswith("would run: ")]
    assert len(shown) == len(POLICIES) + 1
    assert all("aws iam create-policy --policy-name odp-staging-deployment-" in line for line in shown[:-1])
    assert f"cdk bootstrap aws://{STAGING}/us-east-1 --cloudformation-execution-policies arn:aws:iam::" in shown[-1]
    assert shown[-1].endswith(f"--trust {DEPLOYMENT}")
    assert emulator.client("iam", account=STAGING).list_policies(Scope="Local")["Policies"] == []
    assert emulator.client("cloudformation", account=STAGING).describe_stacks()["Stacks"] == []


@pytest.mark.usefixtures("bootstrapped")
def test_cloudformation_may_do_what_our_policies_say_and_nothing_else(emulator: Emulator) -> None:
    for name, account in TARGETS.items():
        assert attached(emulator, account) == [f"odp-{name}-deployment-{part}" for part in PARTS]
    parts = ("artifacts", "delivery")
    assert attached(emulator, DEPLOYMENT) == [f"odp-pipelines-us-east-1-deployment-{part}" for part in parts]


@pytest.mark.usefixtures("bootstrapped")
@pytest.mark.parametrize("account", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("which", ["deploy", "file-publishing", "lookup"])
def test_the_deployment_account_is_let_in_and_a_stranger_is_not(emulator: Emulator, which: str, account: str) -> None:
    arn = role_arn(account, which)
    trusted = emulator.client("sts", account=DEPLOYMENT)
    assert trusted.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]["SessionToken"]
    with pytest.raises(ClientError, match="AccessDenied"):
        emulator.client("sts", account="999999999999").assume_role(RoleArn=arn, RoleSessionName="test")


@pytest.mark.usefixtures("bootstrapped")
def test_a_second_run_changes_nothing(bootstrap: Bootstrap) -> None:
    run = bootstrap(DEV, "target-account", "dev")
    assert run.returncode == 0, run.stderr
    assert "aws iam" not in run.stdout
    assert "bootstrapped (no changes)" in run.stdout + run.stderr


def test_a_policy_that_someone_changed_is_found_and_brought_back_even_when_it_has_five_versions(
    bootstrapped: None, emulator: Emulator, bootstrap: Bootstrap
) -> None:
    iam, arn = emulator.client("iam", account=DEV), f"arn:aws:iam::{DEV}:policy/{POLICIES[1]}"
    before = current(iam, arn)
    for number in range(4):
        statement = {"Effect": "Allow", "Action": f"s3:Get{number}", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    check = bootstrap(DEPLOYMENT, "check", "dev")
    assert check.returncode == 1
    assert "not as this version of the scripts writes them: odp-dev-deployment-network" in check.stdout
    assert "python -m scripts.bootstrap target-account dev" in check.stdout
    assert bootstrap(DEV, "target-account", "dev").returncode == 0
    assert current(iam, arn) == before
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5
    assert bootstrap(DEPLOYMENT, "check", "dev").returncode == 0


def current(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def test_credentials_of_another_account_are_refused_before_anything_is_read(bootstrap: Bootstrap) -> None:
    run = bootstrap(PROD, "target-account", "test")
    assert run.returncode == 1
    assert f"the credentials are those of account {PROD}, but environment test is account {TEST}" in run.stderr
    assert f"name a profile of account {TEST} with --profile" in run.stderr


@pytest.mark.usefixtures("bootstrapped")
def test_a_check_says_what_is_fine_what_is_wrong_and_what_it_could_not_see(bootstrap: Bootstrap) -> None:
    run = bootstrap(DEPLOYMENT, "check")
    assert run.returncode == 1
    rows = states(run)
    for name, account in TARGETS.items():
        assert rows[f"{name}: trust"] == rows[f"{name}: bootstrap of aws://{account}/us-east-1"] == "✓"
        assert rows[f"{name}: execution policies in us-east-1"] == "✓"
    assert rows["CDK command line"] == "✓"
    assert rows["staging: trust"] == "✗"
    assert rows["source"] == rows["dev: VPCs per Region (vpc)"] == "?"
    assert "could not be checked: GetConnection" in run.stdout
    assert run.stdout.rstrip().endswith("python -m scripts.bootstrap target-account staging")


@pytest.mark.usefixtures("bootstrapped")
def test_a_check_that_finds_nothing_wrong_ends_with_success(bootstrap: Bootstrap) -> None:
    assert bootstrap(DEPLOYMENT, "check", "dev").returncode == 0


def states(run: Run) -> dict[str, str]:
    """The mark of every row, by its subject."""
    rows = (line for line in run.stdout.splitlines() if line[:1] in ("✓", "✗", "?"))
    return {row[1:].strip().split("  ")[0]: row[0] for row in rows}


@pytest.mark.usefixtures("bootstrapped")
def test_a_check_expects_the_version_that_the_pinned_command_brings(emulator: Emulator) -> None:
    parameter = emulator.client("ssm", account=DEV).get_parameter(Name=VERSION_PARAMETER)["Parameter"]
    assert parameter["Value"] == str(BOOTSTRAP_VERSION)
