"""A check finds whom the roles of a bootstrap let in, role by role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from deployment_account.environments import Platform
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.findings import Finding, State
from scripts.bootstrap.trust import default_bootstrap_finding, trust_finding

DEV = Place("222222222222", "us-east-1")
ROLES = [f"cdk-odpdev-{which}-role-222222222222-us-east-1" for which in ("deploy", "file-publishing", "lookup")]
ROLES.insert(2, "cdk-odpdev-image-publishing-role-222222222222-us-east-1")
OF_THE_PIPELINES = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/odp-dev-*"}}
Statement = dict[str, Any]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", DEV.account)
    with mock_aws():
        yield Account(DEV, boto3.Session())


def statement(principal: str = "arn:aws:iam::111111111111:root", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}, **more}


GOOD = statement(Condition=OF_THE_PIPELINES)
OWN = statement("arn:aws:iam::222222222222:root")


def found(platform: Platform, account: Account, **trusts: list[Statement]) -> Finding:
    """What is found where all roles let in whom they should, but these."""
    iam = account.client("iam")
    for role in ROLES:
        which = role.split("odpdev-")[1].split("-role")[0].replace("-", "_")
        statements = trusts.get(which, [OWN, GOOD])
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)
    return trust_finding("dev: trust", platform, platform.environments["dev"], account, mend="mend it")


def test_roles_that_let_in_their_own_pipelines_and_account_are_fine(platform: Platform, account: Account) -> None:
    finding = found(platform, account)
    assert finding.state is State.FINE
    assert finding.seen == "222222222222 trusts arn:aws:iam::111111111111:role/odp-dev-*"


@pytest.mark.parametrize("which", ["deploy", "file_publishing", "image_publishing", "lookup"])
@pytest.mark.parametrize(
    ("trust", "seen"),
    [
        pytest.param([OWN, statement()], "lets others in than", id="the whole account"),
        pytest.param([GOOD, statement()], "lets others in than", id="one statement too many"),
        pytest.param(
            [statement(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/odp-*"}})],
            "lets others in than",
            id="all environments",
        ),
        pytest.param([statement("*")], "lets others in than", id="everybody"),
        pytest.param([GOOD, statement("arn:aws:iam::999999999999:root")], "lets others in than", id="a stranger"),
        pytest.param([OWN], "lets nobody of 111111111111 in", id="nobody"),
    ],
)
def test_one_role_that_lets_in_others_is_wrong(
    platform: Platform, account: Account, which: str, trust: list[Statement], seen: str
) -> None:
    finding = found(platform, account, **{which: trust})
    assert (finding.state, finding.mend) == (State.WRONG, "mend it")
    assert seen in finding.seen


def test_an_account_without_bootstrap_is_wrong(platform: Platform, account: Account) -> None:
    finding = trust_finding("dev: trust", platform, platform.environments["dev"], account, mend="mend it")
    assert (finding.state, finding.seen) == (State.WRONG, f"there is no role {ROLES[0]}")


@pytest.mark.parametrize("which", ["deploy", "file-publishing", "image-publishing", "lookup"])
@pytest.mark.parametrize(
    ("trust", "state"),
    [([OWN], State.FINE), ([OWN, statement()], State.WRONG), ([statement("*")], State.WRONG)],
)
def test_a_bootstrap_of_an_earlier_release_that_still_lets_everybody_in_is_wrong(
    account: Account, which: str, trust: list[Statement], state: State
) -> None:
    assert default_bootstrap_finding("dev", account, "111111111111").state is State.FINE
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = f"cdk-hnb659fds-{which}-role-222222222222-us-east-1"
    account.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=document)
    finding = default_bootstrap_finding("dev", account, "111111111111")
    assert finding.state is state
    assert ("docs/deployment.md" in finding.mend) == (state is State.WRONG)
