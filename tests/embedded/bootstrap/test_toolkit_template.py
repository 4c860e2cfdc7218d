"""The scripts narrow the template of the pinned CDK, and change nothing else in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from scripts.bootstrap.toolkit_template import Narrowing, toolkit_template
from tests.embedded.bootstrap.conftest import PROJECT

Json = dict[str, Any]
TEMPLATE = PROJECT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
PIPELINES = "arn:aws:iam::111111111111:role/odp-dev-*"
ENTERED = {"DeploymentActionRole", "FilePublishingRole", "ImagePublishingRole", "LookupRole"}


@pytest.fixture
def before() -> Json:
    template: Json = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    return template


@pytest.fixture(params=[True, False], ids=["of pipelines", "of a lake"])
def is_of_pipelines(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def after(is_of_pipelines: bool) -> Json:
    narrowing = Narrowing("odp-dev", trusted_roles=PIPELINES, stacks="odp-dev-*", is_of_pipelines=is_of_pipelines)
    template: Json = json.loads(toolkit_template(narrowing))
    return template


def trusts(template: Json) -> dict[str, list[Json]]:
    """The statements by which roles let accounts in, conditional ones too."""
    found: dict[str, list[Json]] = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            statements = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            plain = [one["Fn::If"][1] if "Fn::If" in one else one for one in statements]
            if ways := [one for one in plain if "AWS" in one["Principal"]]:
                found[name] = ways
    return found


def test_the_roles_that_let_accounts_in_are_those_four(before: Json) -> None:
    assert trusts(before).keys() == ENTERED


def test_each_way_in_of_the_pipelines_account_has_the_condition(after: Json, is_of_pipelines: bool) -> None:
    for ways in trusts(after).values():
        assert len(ways) >= 4
        for one in ways:
            is_own = one["Principal"]["AWS"] == {"Ref": "AWS::AccountId"}
            assert (PIPELINES in json.dumps(one.get("Condition", {}))) == (is_of_pipelines or not is_own)


def test_no_right_to_change_stacks_is_left_that_names_none(after: Json) -> None:
    """AWSCloudFormationReadOnlyAccess stays: it reads."""
    role = after["Resources"]["DeploymentActionRole"]["Properties"]
    assert role["ManagedPolicyArns"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSCloudFormationReadOnlyAccess"}
    ]
    changing = [
        one
        for policy in role["Policies"]
        for one in policy["PolicyDocument"]["Statement"]
        if "cloudformation:" in json.dumps(one["Action"]) and one["Effect"] == "Allow"
    ]
    assert [one["Sid"] for one in changing] == ["DeployPermissions", "CliPermissions"]
    own = "arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stack/odp-dev-*/*"
    assert [one["Resource"] for one in changing] == [{"Fn::Sub": own}] * 2


def test_nothing_else_changes(before: Json, after: Json) -> None:
    """Put back what the scripts change, and it is CDK's template."""
    after["Parameters"]["BootstrapVariant"] = before["Parameters"]["BootstrapVariant"]
    for name in ENTERED:
        mine, theirs = after["Resources"][name]["Properties"], before["Resources"][name]["Properties"]
        mine["AssumeRolePolicyDocument"] = theirs["AssumeRolePolicyDocument"]
    (mine,) = after["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    (theirs,) = before["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    kept = [one for one in theirs["PolicyDocument"]["Statement"] if one.get("Sid") != "Refactor"]
    *narrowed, denied = mine["PolicyDocument"]["Statement"]
    assert denied["Sid"] == "NoImportOfWhatOthersMade"
    assert [{**one, "Resource": 0} for one in narrowed] == [{**one, "Resource": 0} for one in kept]
    unchanged = [one for one in kept if one.get("Sid") not in ("DeployPermissions", "CliPermissions")]
    assert [one for one in narrowed if one in unchanged] == unchanged
    mine["PolicyDocument"] = theirs["PolicyDocument"]
    lookup = after["Resources"]["LookupRole"]["Properties"]
    *kept, reads = lookup["Policies"]
    assert reads["PolicyName"] == "ReadOwnStacks"
    lookup |= {"ManagedPolicyArns": before["Resources"]["LookupRole"]["Properties"]["ManagedPolicyArns"]}
    lookup["Policies"] = kept
    assert after == before
