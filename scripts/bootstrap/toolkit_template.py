"""The template of `cdk bootstrap`, narrowed to one environment.

CDK's own template trusts every role of a trusted account, and its deploy role may change every stack of its account.
With several environments' pipelines in one account, each would reach the others.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from scripts.bootstrap.cdk_cli import INSTALL, PACKAGE, PROJECT
from scripts.bootstrap.errors import BootstrapError

Json = dict[str, Any]
DEPLOY_ROLE, LOOKUP_ROLE = "DeploymentActionRole", "LookupRole"
ENTERED_ROLES = (DEPLOY_ROLE, "FilePublishingRole", "ImagePublishingRole", LOOKUP_ROLE)
"""The roles that people and pipelines take; CloudFormation alone takes the other one."""
READ_ONLY_ACCESS = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess"}
READING_STACKS = (
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
)
"""What `cdk diff --method=template` reads, with the templates of nested stacks, and the check before an approval."""
NO_IMPORT = {
    "Sid": "NoImportOfWhatOthersMade",
    "Effect": "Deny",
    "Action": "cloudformation:CreateChangeSet",
    "Resource": "*",
    "Condition": {"ForAnyValue:StringLike": {"cloudformation:ImportResourceTypes": "*"}},
}
"""A key or network of another team in a stack of this lake would get its tag, and could then be deleted with it."""
NO_EXTERNAL_ID = {"Null": {"sts:ExternalId": "true"}}
"""The one condition that CDK's own template has."""


@dataclass(frozen=True)
class Narrowing:
    """The roles that a bootstrap trusts, and the stacks that its deploy role changes."""

    lake: str
    trusted_roles: str
    """The pattern of the ARNs of the environment's roles in the account of its pipelines."""
    stacks: str
    """The pattern of the names of the environment's stacks."""
    is_of_pipelines: bool
    """In the account of pipelines, roles of that account itself are let in by their names, too."""


def toolkit_template(narrowing: Narrowing) -> str:
    """The template for `cdk bootstrap --template`.

    Its variant differs from CDK's, so `cdk bootstrap` without this template refuses to overwrite it.
    """
    template = _of_cdk()
    resources = template["Resources"]
    for name in ENTERED_ROLES:
        _let_in(resources[name]["Properties"]["AssumeRolePolicyDocument"], narrowing)
    _read_own_stacks(resources[LOOKUP_ROLE]["Properties"], narrowing.stacks)
    for policy in resources[DEPLOY_ROLE]["Properties"]["Policies"]:
        document = policy["PolicyDocument"]
        document["Statement"] = [
            *(_of_own_stacks(one, narrowing.stacks) for one in document["Statement"] if not _refactors(one)),
            copy.deepcopy(NO_IMPORT),
        ]
    template["Parameters"]["BootstrapVariant"]["Default"] = f"{narrowing.lake}: for this environment alone"
    return json.dumps(template, indent=1)


@cache
def _text() -> str:
    path = PROJECT / PACKAGE / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BootstrapError("the CDK command line is not installed", mend=INSTALL) from error


def _of_cdk() -> Json:
    template: Json = yaml.safe_load(_text())
    return template


def _let_in(trust: Json, narrowing: Narrowing) -> None:
    """Add the condition on the caller's role to each statement that trusts an account."""
    for statement in _trusting(trust["Statement"]):
        is_own_account = statement["Principal"]["AWS"] == {"Ref": "AWS::AccountId"}
        if is_own_account and not narrowing.is_of_pipelines:
            continue  # whatever there is in the environment's own account is the environment's
        named = {"ArnLike": {"aws:PrincipalArn": narrowing.trusted_roles}}
        match statement.get("Condition"):
            case None:
                statement["Condition"] = named
            case {"Fn::If": [condition, dict(wanted), {"Ref": "AWS::NoValue"}]} if wanted == NO_EXTERNAL_ID:
                statement["Condition"] = {"Fn::If": [condition, {**wanted, **named}, named]}
            case other:
                raise ValueError(f"the bootstrap of CDK has a condition that is not known here: {other}")


def _trusting(statements: list[Json]) -> Iterator[Json]:
    for statement in statements:
        match statement:
            case {"Fn::If": [_, dict(inner), {"Ref": "AWS::NoValue"}]}:
                yield from _trusting([inner])
            case {"Effect": "Allow", "Principal": {"AWS": _}}:
                yield statement
            case other:
                raise ValueError(f"the bootstrap of CDK lets somebody in who is not known here: {other}")


def _read_own_stacks(lookup: Json, stacks: str) -> None:
    """Let the lookup role read only what a comparison needs.

    A build takes this role before the approval, and runs code of whoever pushed.
    """
    managed = lookup.pop("ManagedPolicyArns", None)
    if managed != [READ_ONLY_ACCESS]:
        raise ValueError(f"the lookup role of CDK's bootstrap has policies that are not known here: {managed}")
    own = f"arn:${{AWS::Partition}}:cloudformation:*:${{AWS::AccountId}}:stack/{stacks}/*"
    version = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/cdk-bootstrap/${Qualifier}/version"
    reads = [
        {"Effect": "Allow", "Action": list(READING_STACKS), "Resource": {"Fn::Sub": own}},
        {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": {"Fn::Sub": version}},
    ]
    policy = {"PolicyName": "ReadOwnStacks", "PolicyDocument": {"Version": "2012-10-17", "Statement": reads}}
    lookup["Policies"] = [*lookup.get("Policies", []), policy]


def _refactors(statement: Json) -> bool:
    """Refactoring knows no stack that could be named, and no pipeline needs it."""
    return all(action.endswith("StackRefactor") for action in _actions(statement))


def _of_own_stacks(statement: Json, stacks: str) -> Json:
    if not any(action.startswith(("cloudformation:", "*")) for action in _actions(statement)):
        return statement
    # in any Region: the stack through which a pipeline hands artifacts to another one is deployed by this role, too
    arn = f"arn:${{AWS::Partition}}:cloudformation:*:${{AWS::AccountId}}:stack/{stacks}/*"
    return {**statement, "Resource": {"Fn::Sub": arn}}


def _actions(statement: Json) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)
