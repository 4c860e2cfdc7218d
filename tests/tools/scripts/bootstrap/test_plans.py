"""What would be done, by what is there already: policies, bootstraps, secrets, and what a tear-down leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from deployment_account.environments import Platform
from scripts.bootstrap.accounts import Account, Place, open_account
from scripts.bootstrap.bootstrapping import bootstrap_steps, deployment_places
from scripts.bootstrap.cdk_cli import PROJECT
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy.grants import grant
from scripts.bootstrap.execution_policy.policies import Policy
from scripts.bootstrap.managed_policies import current_document, policy_arn, policy_steps
from scripts.bootstrap.secret_values import chosen_secret, deployed_secrets, set_value
from scripts.bootstrap.steps import Step, WriteFile
from scripts.bootstrap.tear_down import TearDown, what_stays

DEV = Place("222222222222", "us-east-1")
DEPLOYMENT = Place("111111111111", "us-east-1")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", DEV.account)
    with mock_aws():
        yield Account(DEV, boto3.Session(), "dev-admin")


def policy(*actions: str) -> Policy:
    return Policy("odp-dev-deployment-test", (grant("s3", " ".join(actions), "*"),))


def operations(account: Account, wanted: Policy) -> list[str]:
    return [step.shown().split()[2] for step in policy_steps(account, [wanted])]


def bring_about(account: Account, wanted: Policy) -> None:
    for step in policy_steps(account, [wanted]):
        step.run()


def test_a_policy_is_created_then_left_alone_then_given_a_new_version(account: Account) -> None:
    assert operations(account, policy("GetObject")) == ["create-policy"]
    bring_about(account, policy("GetObject"))
    assert operations(account, policy("GetObject")) == []
    assert operations(account, policy("PutObject")) == ["create-policy-version"]
    bring_about(account, policy("PutObject"))
    assert current_document(account.client("iam"), policy_arn(DEV, policy())) == policy("PutObject").document


def test_a_sixth_version_takes_the_place_of_the_oldest(account: Account) -> None:
    for number in range(5):
        bring_about(account, policy(f"Get{number}"))
    assert operations(account, policy("Last")) == ["delete-policy-version", "create-policy-version"]
    bring_about(account, policy("Last"))
    versions = account.client("iam").list_policy_versions(PolicyArn=policy_arn(DEV, policy()))["Versions"]
    assert sorted(version["VersionId"] for version in versions) == ["v2", "v3", "v4", "v5", "v6"]


def steps_of(platform: Platform, environment: str, account: Account) -> list[Step]:
    return bootstrap_steps(platform, platform.environments[environment], account)


def test_a_target_trusts_the_account_of_its_pipelines_and_that_one_nobody(platform: Platform, account: Account) -> None:
    target = steps_of(platform, "dev", account)[-1].shown()
    own = steps_of(platform, "dev", Account(DEPLOYMENT, account.session))[-1].shown()
    assert f"bootstrap {DEV} " in target
    assert target.endswith("--trust 111111111111 --profile dev-admin")
    assert f"bootstrap {DEPLOYMENT} " in own
    assert "--trust" not in own
    assert "AdministratorAccess" not in target + own


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_each_environment_has_a_bootstrap_of_its_own_in_the_account_that_they_share(
    platform: Platform, account: Account, environment: str
) -> None:
    command = steps_of(platform, environment, Account(DEPLOYMENT, account.session))[-1].shown()
    assert f" --qualifier odp{environment} --toolkit-stack-name CDKToolkit-odp-{environment} --template " in command
    attached = command.split("--cloudformation-execution-policies ")[1].split()[0].split(",")
    assert all(arn.startswith(f"arn:aws:iam::111111111111:policy/odp-{environment}-") for arn in attached)


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_the_bootstraps_that_are_deployed_let_in_and_change_what_is_of_one_environment(
    platform: Platform, account: Account, environment: str
) -> None:
    """Narrowed to anything wider, a push to dev would deploy prod's pipeline by the bootstrap of dev."""
    roles = f"arn:aws:iam::{DEPLOYMENT.account}:role/odp-{environment}-*"
    for place in (DEPLOYMENT, Place(platform.environments[environment].account, "us-east-1")):
        steps = steps_of(platform, environment, Account(place, account.session))
        resources = json.loads(next(step.content for step in steps if isinstance(step, WriteFile)))["Resources"]
        (policy,) = resources["DeploymentActionRole"]["Properties"]["Policies"]
        allowed = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
        stacks = [one["Resource"]["Fn::Sub"] for one in allowed if "cloudformation:" in json.dumps(one["Action"])]
        assert stacks
        assert all(stack.endswith(f":stack/odp-{environment}-*/*") for stack in stacks)
        for name in ("DeploymentActionRole", "FilePublishingRole", "ImagePublishingRole", "LookupRole"):
            trust = resources[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            unnamed = [one for one in trust if json.dumps(one).count(roles) == 0]
            own = [one for one in unnamed if '"Ref": "AWS::AccountId"' in json.dumps(one)]
            assert len(unnamed) < len(trust)
            assert unnamed == ([] if place == DEPLOYMENT else own), "whatever is in a lake's own account is the lake's"


def test_policies_are_there_before_the_role_that_carries_them(platform: Platform, account: Account) -> None:
    *creations, template, bootstrap = [step.shown() for step in steps_of(platform, "dev", account)]
    assert all(line.startswith("aws iam create-policy ") for line in creations)
    created = [line.split("--policy-name ")[1].split()[0] for line in creations]
    arns = bootstrap.split("--cloudformation-execution-policies ")[1].split()[0].split(",")
    assert [arn.rsplit("/", 1)[-1] for arn in arns] == created
    written = bootstrap.split("--template ")[1].split()[0]
    assert template == f"write {written}: the bootstrap of CDK, for odp-dev alone"


def test_the_boundary_is_there_before_any_role_that_must_carry_it(platform: Platform, account: Account) -> None:
    first, *others, _, _ = steps_of(platform, "dev", Account(DEPLOYMENT, account.session))
    assert "create-policy --policy-name odp-dev-pipeline-boundary " in first.shown()
    assert not [step for step in others if "boundary --policy-document" in step.shown()]


def abroad(platform: Platform, **dev: str) -> Platform:
    """The lake of dev is in Ireland, its pipelines at home."""
    raw = platform.model_dump(by_alias=True)
    raw["environments"]["dev"] |= {"region": "eu-west-1", "availability_zones": ["eu-west-1a"], **dev}
    raw["environments"] = {"dev": raw["environments"]["dev"]}
    return Platform.model_validate(raw)


def test_the_role_of_the_pipelines_region_makes_what_they_leave_in_the_lakes_region(
    platform: Platform, account: Account
) -> None:
    """CDK deploys that stack by the roles of the pipelines' own bootstrap, as its manifest says."""
    lake = abroad(platform)
    assert deployment_places(lake, lake.environments["dev"]) == [DEPLOYMENT]
    command = steps_of(lake, "dev", Account(DEPLOYMENT, account.session))[-1].shown()
    policies = command.split("--cloudformation-execution-policies ")[1].split()[0].split(",")
    regions = ("us-east-1", "eu-west-1")
    assert [arn.rsplit("/", 1)[-1] for arn in policies] == [
        f"odp-dev-pipelines-{region}-deployment-{part}" for region in regions for part in ("delivery", "artifacts")
    ]


def test_a_sandbox_with_pipelines_in_another_region_has_two_bootstraps_and_each_policy_once(
    platform: Platform, account: Account
) -> None:
    sandbox = abroad(platform, account=DEPLOYMENT.account)
    places = deployment_places(sandbox, sandbox.environments["dev"])
    assert places == [DEPLOYMENT, Place(DEPLOYMENT.account, "eu-west-1")]
    shown = [step.shown() for place in places for step in steps_of(sandbox, "dev", Account(place, account.session))]
    created = [line.split("--policy-name ")[1].split()[0] for line in shown if "create-policy" in line]
    assert len(created) == len(set(created)) == 1 + 4 + 4
    assert len([line for line in shown if " bootstrap aws://" in line]) == 2


def test_pipelines_in_an_account_of_their_own_are_the_only_ones_let_in(platform: Platform, account: Account) -> None:
    own = "666666666666"
    raw = platform.model_dump(by_alias=True)
    raw["environments"]["prod"]["deployment"] = json.loads(
        json.dumps(raw["deployment"]).replace(DEPLOYMENT.account, own)
    )
    two = Platform.model_validate(raw)
    assert deployment_places(two, two.environments["dev"]) == [DEPLOYMENT]
    assert deployment_places(two, two.environments["prod"]) == [Place(own, "us-east-1")]
    steps = steps_of(two, "prod", Account(Place("444444444444", "us-east-1"), account.session))
    assert steps[-1].shown().endswith(f"--trust {own}")
    template = next(step.content for step in steps if isinstance(step, WriteFile))
    assert f"arn:aws:iam::{own}:role/odp-prod-*" in template
    assert DEPLOYMENT.account not in template


def test_the_account_is_opened_only_with_its_own_credentials(account: Account) -> None:
    assert open_account(DEV, None, needed_for="dev").place == DEV
    with pytest.raises(BootstrapError, match="those of account 222222222222, but dev is account 111111111111"):
        open_account(DEPLOYMENT, None, needed_for="dev")


def test_a_secret_is_known_by_its_name_or_the_end_of_it_and_gets_its_value(
    platform: Platform, account: Account
) -> None:
    client = account.client("secretsmanager")
    client.create_secret(Name="odp/dev/source-database", SecretString="old")
    secrets = deployed_secrets(account, platform, platform.environments["dev"])
    assert [(secret.name, secret.purpose) for secret in secrets] == [
        ("odp/dev/source-database", platform.secrets["source-database"])
    ]
    secret = chosen_secret(secrets, "source-database")
    assert secret == chosen_secret(secrets, "odp/dev/source-database")
    call = set_value(account, secret, "new")
    assert "new" not in call.shown() + repr(call.hidden)
    call.run()
    assert client.get_secret_value(SecretId=secret.name)["SecretString"] == "new"


def test_a_secret_that_is_not_deployed_is_told_with_what_makes_it(platform: Platform, account: Account) -> None:
    with pytest.raises(BootstrapError, match="odp/dev/source-database is not in account 222222222222") as refusal:
        deployed_secrets(account, platform, platform.environments["dev"])
    assert refusal.value.mend == "deploy the infra stage first"


def test_a_configuration_without_secrets_is_told(platform: Platform, account: Account) -> None:
    without = Platform.model_validate({**platform.model_dump(by_alias=True), "secrets": {}})
    with pytest.raises(BootstrapError, match="names no secrets"):
        deployed_secrets(account, without, without.environments["dev"])


def test_what_stays_names_pipelines_bootstrap_and_policies(platform: Platform, account: Account) -> None:
    lines = "\n".join(what_stays(TearDown(account, (), ()), platform, platform.environments["dev"]))
    assert "pipelines odp-dev-infra-Pipeline and odp-dev-etl-Pipeline in account 111111111111" in lines
    assert "stack CDKToolkit-odp-dev)" in lines
    assert "odp-dev-deployment-network" in lines


def test_an_environment_of_a_shared_branch_has_pipelines_of_its_own_name(platform: Platform) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["environments"]["test"]["branch"] = "main"
    trunk = Platform.model_validate(raw)
    lines = "\n".join(
        what_stays(
            TearDown(Account(Place("333333333333", "us-east-1"), boto3.Session()), (), ()),
            trunk,
            trunk.environments["test"],
        )
    )
    assert "odp-test-infra-Pipeline and odp-test-etl-Pipeline" in lines


def test_no_script_carries_the_path_of_a_machine() -> None:
    sources = [path.read_text() for path in Path(PROJECT / "scripts").rglob("*.py")]
    assert sources
    assert not [source for source in sources if str(PROJECT) in source]
