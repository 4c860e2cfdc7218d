"""The default security group of a network lets nobody in or out after one command."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from deployment_account.environments import Platform
from deployment_account.names import Names
from scripts.bootstrap import default_group
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import Finding, State
from scripts.bootstrap.steps import carry_out
from tests import moto_session
from tests.tools.scripts.bootstrap.answers import PLACE


class InMoto(Account):
    def client(self, service: str) -> Any:
        return moto_session.client(service)


class WithNetwork:
    def __init__(self, *networks: str) -> None:
        self._networks = networks

    def resources(self, type_: str) -> list[str]:
        return list(self._networks) if type_ == "AWS::EC2::VPC" else []


@pytest.fixture
def ec2() -> Any:
    with mock_aws():
        yield moto_session.client("ec2")


@pytest.fixture
def account() -> Account:
    return InMoto(PLACE, boto3.Session())


@pytest.fixture
def names(platform: Platform) -> Names:
    return Names.of(platform, platform.environments["dev"])


def network(ec2: Any) -> str:
    """A network as AWS makes it: members of its default group reach each other; moto leaves that rule out."""
    vpc = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    group = default_of(ec2, vpc)["GroupId"]
    itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[itself])
    return vpc


def default_of(ec2: Any, vpc: str) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    group: dict[str, Any]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return group


def rules(ec2: Any, vpc: str) -> int:
    """How many rules the default group of a network has."""
    group = default_of(ec2, vpc)
    return len(group["IpPermissions"]) + len(group["IpPermissionsEgress"])


def close(account: Account, names: Names, *, dry_run: bool = False) -> str:
    console = Console(file=io.StringIO(), width=400)
    carry_out(default_group.closing_steps(account, names), console, dry_run=dry_run)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def found(account: Account, names: Names) -> Finding:
    return default_group.default_group_finding("dev: default security group", account, names, mend="close it")


def test_the_group_of_this_network_loses_its_rules_and_that_of_another_keeps_them(
    ec2: Any, account: Account, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = network(ec2), network(ec2)
    monkeypatch.setattr(default_group, "stacks_of", lambda *_: [WithNetwork(own)])
    assert rules(ec2, own) == 2, "AWS lets its members reach each other, and everything"
    assert found(account, names).state is State.WRONG
    assert "revoke-security-group-ingress" in close(account, names, dry_run=True)
    assert rules(ec2, own) == 2
    close(account, names)
    assert (rules(ec2, own), rules(ec2, other)) == (0, 2)
    assert found(account, names).state is State.FINE
    assert "There is nothing to do." in close(account, names)


def test_a_network_that_is_not_deployed_has_nothing_to_close_and_is_not_called_fine(
    ec2: Any, account: Account, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = network(ec2)
    monkeypatch.setattr(default_group, "stacks_of", lambda *_: [])
    assert found(account, names).state is State.UNKNOWN
    assert "There is nothing to do." in close(account, names)
    assert rules(ec2, stray) == 2, "no stack, no network of ours"
