"""What would be done, by what is there already: policies, bootstraps, secrets, and what a tear-down leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from deployment_account.environments import Platform
from scripts.bootstrap.accounts import Account, Place, open_account
from scripts.bootstrap.bootstrapping import bootstrap_steps
from scripts.bootstrap.cdk_cli import PROJECT
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy.grants import grant
from scripts.bootstrap.execution_policy.policies import Policy
from scripts.bootstrap.managed_policies import current_document, policy_arn, policy_steps
from scripts.bootstrap.secret_values import chosen_secret, deployed_secrets, set_value
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


def test_a_target_trusts_the_deployment_account_and_that_one_nobody(platform: Platform, account: Account) -> None:
    target = bootstrap_steps(platform, account)[-1].shown()
    own = bootstrap_steps(platform, Account(DEPLOYMENT, account.session))[-1].shown()
    assert f"bootstrap {DEV} " in target
    assert target.endswith("--trust 111111111111 --profile dev-admin")
    assert f"bootstrap {DEPLOYMENT} " in own
    assert "--trust" not in own
    assert "AdministratorAccess" not in target + own


def test_policies_are_there_before_the_role_that_carries_them(platform: Platform, account: Account) -> None:
    shown = [step.shown() for step in bootstrap_steps(platform, account)]
    assert all(line.startswith("aws iam create-policy ") for line in shown[:-1])
    created = [line.split("--policy-name ")[1].split()[0] for line in shown[:-1]]
    arns = shown[-1].split("--cloudformation-execution-policies ")[1].split()[0].split(",")
    assert [arn.rsplit("/", 1)[-1] for arn in arns] == created


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


def test_what_stays_names_pipelines_bootstrap_and_policies(platform: Platform) -> None:
    lines = "\n".join(what_stays(TearDown((), ()), platform, platform.environments["dev"]))
    assert "pipelines odp-dev-infra-Pipeline and odp-dev-etl-Pipeline in account 111111111111" in lines
    assert "stack CDKToolkit" in lines
    assert "odp-dev-deployment-network" in lines


def test_the_pipeline_of_a_shared_branch_bears_the_name_of_its_first_environment(platform: Platform) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["environments"]["test"]["branch"] = "main"
    trunk = Platform.model_validate(raw)
    lines = "\n".join(what_stays(TearDown((), ()), trunk, trunk.environments["test"]))
    assert "odp-dev-infra-Pipeline" in lines


def test_no_script_carries_the_path_of_a_machine() -> None:
    sources = [path.read_text() for path in Path(PROJECT / "scripts").rglob("*.py")]
    assert sources
    assert not [source for source in sources if str(PROJECT) in source]
