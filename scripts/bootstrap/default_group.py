"""The default security group of an environment's network: AWS opens it, and CloudFormation cannot close it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployment_account.names import Names
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import Finding, fine, unknown, wrong
from scripts.bootstrap.stacks import stacks_of
from scripts.bootstrap.steps import Step

_DIRECTIONS = {"IpPermissions": "revoke_security_group_ingress", "IpPermissionsEgress": "revoke_security_group_egress"}


def closing_steps(account: Account, names: Names) -> list[Step]:
    """The calls that take every rule from the default groups of an environment; none if they have none."""
    return [
        account.call("ec2", operation, GroupId=group["GroupId"], IpPermissions=group[rules])
        for group in _default_groups(account, names)
        for rules, operation in _DIRECTIONS.items()
        if group[rules]
    ]


def default_group_finding(subject: str, account: Account, names: Names, *, mend: str) -> Finding:
    """Whether the default group has rules: resources without a group of their own would use it."""
    groups = list(_default_groups(account, names))
    if not groups:
        return unknown(subject, "the network is not deployed yet")
    if found := [group["GroupId"] for group in groups if any(group[rules] for rules in _DIRECTIONS)]:
        return wrong(subject, f"{', '.join(found)} has rules", mend=mend)
    return fine(subject, "no rules")


def _default_groups(account: Account, names: Names) -> Iterator[dict[str, Any]]:
    networks = [
        vpc for stack in stacks_of(account, f"{names.stage('infra')}-") for vpc in stack.resources("AWS::EC2::VPC")
    ]
    if networks:
        filters = [{"Name": "vpc-id", "Values": networks}, {"Name": "group-name", "Values": ["default"]}]
        yield from account.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
