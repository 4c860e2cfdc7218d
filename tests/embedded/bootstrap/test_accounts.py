"""Accounts become what the pipelines need, whoever else asks is refused, and nothing is done twice."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator
from scripts.bootstrap.cdk_cli import BOOTSTRAP_VERSION, node
from tests.embedded.bootstrap.conftest import DEPLOYMENT, DEV, PROD, PROJECT, STAGING, TARGETS, TEST, Bootstrap, Run

CDK = PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
REGION = "us-east-1"
PARTS = ("identity", "network", "processing", "storage")
POLICIES = [f"odp-dev-deployment-{part}" for part in PARTS]


def role_name(environment: str, account: str, which: str) -> str:
    return f"cdk-odp{environment}-{which}-role-{account}-{REGION}"


def attached(emulator: Emulator, environment: str, account: str) -> list[str]:
    iam = emulator.client("iam", account=account)
    role = iam.list_attached_role_policies(RoleName=role_name(environment, account, "cfn-exec"))
    return sorted(policy["PolicyName"] for policy in role["AttachedPolicies"])


def role_arn(environment: str, account: str, which: str) -> str:
    return f"arn:aws:iam::{account}:role/{role_name(environment, account, which)}"


def test_a_dry_run_shows_policies_and_command_and_changes_nothing(emulator: Emulator, bootstrap: Bootstrap) -> None:
    run = bootstrap(STAGING, "target-account", "staging", "--dry-run")
    assert run.returncode == 0, run.stderr
    shown = [line for line in run.stdout.splitlines() if line.startswith("would run: ")]
    assert len(shown) == len(POLICIES) + 2
    assert all("aws iam create-policy --policy-name odp-staging-deployment-" in line for line in shown[:-2])
    assert "would run: write " in shown[-2]
    assert f"cdk bootstrap aws://{STAGING}/us-east-1 --qualifier odpstaging " in shown[-1]
    assert " --toolkit-stack-name CDKToolkit-odp-staging --template " in shown[-1]
    assert shown[-1].endswith(f"--trust {DEPLOYMENT}")
    assert emulator.client("iam", account=STAGING).list_policies(Scope="Local")["Policies"] == []
    assert emulator.client("cloudformation", account=STAGING).describe_stacks()["Stacks"] == []


@pytest.mark.usefixtures("bootstrapped")
def test_cloudformation_may_do_what_our_policies_say_and_nothing_else(emulator: Emulator) -> None:
    for name, account in TARGETS.items():
        parts = ["backups", *PARTS] if name == "prod" else PARTS
        assert attached(emulator, name, account) == [f"odp-{name}-deployment-{part}" for part in parts]
        parts = [f"odp-{name}-pipelines-us-east-1-deployment-{part}" for part in ("artifacts", "delivery")]
        assert attached(emulator, name, DEPLOYMENT) == parts


Caller = Callable[[str], Any]


@pytest.fixture(scope="module")
def as_role(emulator: Emulator) -> Caller:
    """An STS client of a role in the pipelines' account that may take any role that trusts it."""
    iam = emulator.client("iam", account=DEPLOYMENT)
    root = f"arn:aws:iam::{DEPLOYMENT}:root"

    def caller(name: str) -> Any:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy("sts:AssumeRole", Principal={"AWS": root}))
        iam.put_role_policy(RoleName=name, PolicyName="any", PolicyDocument=policy("sts:AssumeRole", Resource="*"))
        sts = emulator.client("sts", account=DEPLOYMENT)
        arn = f"arn:aws:iam::{DEPLOYMENT}:role/{name}"
        found = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            "sts",
            endpoint_url=emulator.endpoint,
            region_name=REGION,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

    return cache(caller)


def policy(action: str, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})


@pytest.mark.usefixtures("bootstrapped")
@pytest.mark.parametrize("environment", TARGETS)
@pytest.mark.parametrize("which", ["deploy", "file-publishing", "image-publishing", "lookup"])
@pytest.mark.parametrize("where", ["target", "deployment"])
def test_the_roles_of_an_environments_pipelines_are_let_in_and_nobody_else(
    emulator: Emulator, as_role: Caller, which: str, environment: str, where: str
) -> None:
    arn = role_arn(environment, TARGETS[environment] if where == "target" else DEPLOYMENT, which)
    own = as_role(f"odp-{environment}-infra-Pipeline-Any")
    assert own.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]["SessionToken"]
    others = [as_role(f"odp-{other}-infra-Pipeline-Any") for other in TARGETS if other != environment]
    strangers = [emulator.client("sts", account=account) for account in ("999999999999", DEPLOYMENT)]
    for caller in [*others, as_role("Developer"), as_role(f"odp-{environment}2-Any"), *strangers]:
        with pytest.raises(ClientError, match="AccessDenied"):
            caller.assume_role(RoleArn=arn, RoleSessionName="test")


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
    check = bootstrap(DEPLOYMENT, "check", "dev", *profile_of(DEPLOYMENT, DEV))
    assert check.returncode == 1
    assert "not as this version of the scripts writes them: odp-dev-deployment-network" in check.stdout
    assert "python -m scripts.bootstrap target-account dev" in check.stdout
    assert bootstrap(DEV, "target-account", "dev").returncode == 0
    assert current(iam, arn) == before
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5
    assert bootstrap(DEPLOYMENT, "check", "dev", *profile_of(DEPLOYMENT, DEV)).returncode == 0


def profile_of(*accounts: str) -> list[str]:
    return [word for account in accounts for word in ("--profile", account)]


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
    run = bootstrap(DEPLOYMENT, "check", *profile_of(DEPLOYMENT, DEV, TEST, STAGING))
    assert run.returncode == 1
    rows = states(run)
    for name in TARGETS:
        pipelines = f"{name} pipelines"
        assert rows[f"{pipelines}: trust in us-east-1"] == "✓"
        assert rows[f"{pipelines}: bootstrap of aws://{DEPLOYMENT}/us-east-1"] == "✓"
        assert rows[f"{pipelines}: execution policies in us-east-1"] == "✓"
        assert rows[f"{pipelines}: permissions boundary"] == "✓"
    for name, account in (("dev", DEV), ("test", TEST)):
        assert rows[f"{name}: trust in us-east-1"] == rows[f"{name}: bootstrap of aws://{account}/us-east-1"] == "✓"
        assert rows[f"{name}: execution policies in us-east-1"] == "✓"
    assert rows["CDK command line"] == "✓"
    assert rows["staging: trust in us-east-1"] == rows["staging pipelines: permissions boundary"] == "✗"
    assert rows["prod"] == rows["dev pipelines: source"] == rows["dev: VPCs per Region (vpc)"] == "?"
    assert f"no credentials of account {PROD} were given" in run.stdout
    assert "could not be checked: GetConnection" in run.stdout
    commands = run.stdout.rstrip().splitlines()[-2:]
    assert [line.strip() for line in commands] == [
        "python -m scripts.bootstrap deployment-account staging",
        "python -m scripts.bootstrap target-account staging",
    ]


@pytest.mark.usefixtures("bootstrapped")
def test_a_check_that_finds_nothing_wrong_ends_with_success(bootstrap: Bootstrap) -> None:
    assert bootstrap(DEPLOYMENT, "check", "dev", *profile_of(DEPLOYMENT, DEV)).returncode == 0


@pytest.mark.usefixtures("bootstrapped")
def test_cdks_own_bootstrap_does_not_open_again_what_the_scripts_closed(bootstrap: Bootstrap, run_as: Any) -> None:
    """Its variant is another, which the command line refuses to overwrite."""
    words = ("--qualifier", "odpdev", "--toolkit-stack-name", "CDKToolkit-odp-dev", "--trust", DEPLOYMENT)
    policies = ("--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess")
    run = run_as(DEV, str(node()), str(CDK), "bootstrap", f"aws://{DEV}/{REGION}", *words, *policies)
    assert "Bootstrap stack already exists" in run.stdout + run.stderr
    assert bootstrap(DEPLOYMENT, "check", "dev", *profile_of(DEPLOYMENT, DEV)).returncode == 0


def states(run: Run) -> dict[str, str]:
    """The mark of every row, by its subject."""
    rows = (line for line in run.stdout.splitlines() if line[:1] in ("✓", "✗", "?"))
    return {row[1:].strip().split("  ")[0]: row[0] for row in rows}


@pytest.mark.usefixtures("bootstrapped")
def test_a_check_expects_the_version_that_the_pinned_command_brings(emulator: Emulator) -> None:
    parameter = emulator.client("ssm", account=DEV).get_parameter(Name="/cdk-bootstrap/odpdev/version")["Parameter"]
    assert parameter["Value"] == str(BOOTSTRAP_VERSION)
