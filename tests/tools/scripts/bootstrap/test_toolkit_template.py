"""The bootstrap lets in the roles of one environment's pipelines; what is not known in CDK's template stops it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from scripts.bootstrap import toolkit_template as module
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.toolkit_template import Narrowing, toolkit_template
from tests.tools.scripts.bootstrap.toolkit import DEPLOYS, OWN, PASSES, TRUSTED, bootstrap_template, statement

Json = dict[str, Any]
ROLES = ("DeploymentActionRole", "FilePublishingRole", "ImagePublishingRole", "LookupRole")
PIPELINES = "arn:aws:iam::111111111111:role/odp-dev-*"
NO_EXTERNAL_ID = {"Null": {"sts:ExternalId": "true"}}
NAMED = {"ArnLike": {"aws:PrincipalArn": PIPELINES}}
NAMED_WITHOUT_EXTERNAL_ID = {"Fn::If": ["ShouldDenyExternalId", {"Null": {"sts:ExternalId": "true"}, **NAMED}, NAMED]}


def narrowed(*, is_of_pipelines: bool = False) -> Json:
    narrowing = Narrowing("odp-dev", trusted_roles=PIPELINES, stacks="odp-dev-*", is_of_pipelines=is_of_pipelines)
    template: Json = json.loads(toolkit_template(narrowing))
    return template


def trust(template: Json, role: str) -> list[Json]:
    """The statements of a role's trust, conditional ones too."""
    found = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in found]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("is_of_pipelines", [True, False])
def test_every_way_in_from_another_account_names_the_roles_of_the_pipelines(role: str, is_of_pipelines: bool) -> None:
    ways = [one for one in trust(narrowed(is_of_pipelines=is_of_pipelines), role) if one["Principal"]["AWS"] == TRUSTED]
    assert [one["Action"] for one in ways] == [["sts:AssumeRole"], ["sts:TagSession"]]
    assert [one["Condition"] for one in ways] == [NAMED_WITHOUT_EXTERNAL_ID, NAMED]


@pytest.mark.parametrize("role", ROLES)
def test_in_the_account_of_the_pipelines_every_other_role_of_it_stays_out(role: str) -> None:
    ways = [one for one in trust(narrowed(is_of_pipelines=True), role) if one["Principal"]["AWS"] == OWN]
    assert [one["Condition"] for one in ways] == [NAMED_WITHOUT_EXTERNAL_ID, NAMED]


@pytest.mark.parametrize("role", ROLES)
def test_the_environments_own_account_is_let_in_as_cdk_does(role: str) -> None:
    before = [one for one in trust(bootstrap_template(), role) if one["Principal"]["AWS"] == OWN]
    assert [one for one in trust(narrowed(), role) if one["Principal"]["AWS"] == OWN] == before


def test_the_deploy_role_changes_its_environments_stacks_in_every_region_and_no_others() -> None:
    """A pipeline hands artifacts to another Region through a stack that this role deploys there."""
    (policy,) = narrowed()["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    own = "arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stack/odp-dev-*/*"
    deploys, passes, _ = policy["PolicyDocument"]["Statement"]
    assert [deploys, passes] == [{**DEPLOYS, "Resource": {"Fn::Sub": own}}, PASSES]


def test_the_deploy_role_takes_nothing_of_other_teams_into_a_stack() -> None:
    """Imported, it would get the lake's tag, and be deleted with the stack by the next push."""
    (policy,) = narrowed()["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    *_, denied = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "cloudformation:CreateChangeSet")
    assert denied["Condition"] == {"ForAnyValue:StringLike": {"cloudformation:ImportResourceTypes": "*"}}


@pytest.mark.parametrize("action", ["cloudformation:*", "*", ["iam:PassRole", "cloudformation:DeleteStack"]])
def test_a_right_to_change_stacks_is_narrowed_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, action: str | list[str]
) -> None:
    template = bootstrap_template()
    (policy,) = template["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    policy["PolicyDocument"]["Statement"] = [{"Effect": "Allow", "Action": action, "Resource": "*"}]
    monkeypatch.setattr(module, "_text", lambda: json.dumps(template))
    (policy,) = narrowed()["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    found, _ = policy["PolicyDocument"]["Statement"]
    assert found["Resource"]["Fn::Sub"].endswith(":stack/odp-dev-*/*")


def test_everything_else_is_kept() -> None:
    before, after = bootstrap_template(), narrowed()
    for name in ("StagingBucket", "CloudFormationExecutionRole"):
        assert after["Resources"][name] == before["Resources"][name]
    assert after["Resources"].keys() == before["Resources"].keys()


def test_cdk_without_this_template_refuses_to_overwrite_it() -> None:
    """`cdk bootstrap` compares the variants: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html."""
    before, after = bootstrap_template(), narrowed()
    assert before["Parameters"]["BootstrapVariant"]["Default"] != after["Parameters"]["BootstrapVariant"]["Default"]


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param(statement(TRUSTED, Condition={"Bool": {"aws:SecureTransport": "true"}}), id="a condition"),
        pytest.param(
            statement(TRUSTED, Condition={"Fn::If": ["Other", {"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}]}),
            id="a conditional condition",
        ),
        pytest.param(
            statement(TRUSTED, Condition={"Fn::If": ["Other", NAMED, {"Ref": "AWS::NoValue"}]}), id="another such"
        ),
        pytest.param(
            statement(TRUSTED, Condition={"Fn::If": ["Other", NO_EXTERNAL_ID | NAMED, {"Ref": "AWS::NoValue"}]}),
            id="one more condition",
        ),
        pytest.param({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}, id="everybody"),
        pytest.param({**statement(TRUSTED), "Effect": "Deny"}, id="a denial, which a condition would weaken"),
        pytest.param(
            {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "idp"}},
            id="an identity provider",
        ),
        pytest.param({"Fn::If": ["Other", {"Ref": "AWS::NoValue"}, statement(TRUSTED)]}, id="the other way round"),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_a_way_in_that_is_not_known_stops_the_bootstrap(
    monkeypatch: pytest.MonkeyPatch, role: str, unknown: Json
) -> None:
    template = bootstrap_template()
    trusting = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trusting.append(copy.deepcopy(unknown))
    monkeypatch.setattr(module, "_text", lambda: json.dumps(template))
    with pytest.raises(ValueError, match="the bootstrap of CDK"):
        narrowed()


def test_an_alternative_that_lets_somebody_in_stops_the_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    template = bootstrap_template()
    trusting = template["Resources"]["LookupRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trusting.append({"Fn::If": ["Other", statement(TRUSTED), statement(OWN)]})
    monkeypatch.setattr(module, "_text", lambda: json.dumps(template))
    with pytest.raises(ValueError, match="the bootstrap of CDK"):
        narrowed()


def test_without_the_command_line_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    module._text.cache_clear()
    with pytest.raises(BootstrapError, match="is not installed") as refusal:
        narrowed()
    assert "install-cdk" in refusal.value.mend


def test_a_build_reads_the_stacks_of_its_environment_before_the_approval_and_nothing_else() -> None:
    """ReadOnlyAccess showed logs, parameters, objects and tables of prod to whoever may push to its branch."""
    lookup = narrowed()["Resources"]["LookupRole"]["Properties"]
    assert "ManagedPolicyArns" not in lookup
    documents = [policy["PolicyDocument"]["Statement"] for policy in lookup["Policies"]]
    statements = [one for document in documents for one in document]
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    assert {action.split(":")[0] for one in allowed for action in one["Action"]} == {"cloudformation", "ssm"}
    for one in allowed:
        assert not [action for action in one["Action"] if "*" in action]
        text = one["Resource"]["Fn::Sub"]
        assert text.endswith((":stack/odp-dev-*/*", ":parameter/cdk-bootstrap/${Qualifier}/version"))
    assert [one["Action"] for one in statements if one["Effect"] == "Deny"] == [["kms:Decrypt"]]


@pytest.mark.parametrize("policies", [[], ["arn:aws:iam::aws:policy/AdministratorAccess"], None])
def test_a_lookup_role_that_is_not_known_stops_the_bootstrap(
    monkeypatch: pytest.MonkeyPatch, policies: list[str] | None
) -> None:
    template = bootstrap_template()
    template["Resources"]["LookupRole"]["Properties"]["ManagedPolicyArns"] = policies
    monkeypatch.setattr(module, "_text", lambda: json.dumps(template))
    with pytest.raises(ValueError, match="lookup role"):
        narrowed()
