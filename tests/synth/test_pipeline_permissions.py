"""What the roles of a pipeline may do: CDK writes their policies, and every pattern in them is known by heart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pytest

from deployment_account.cdk_patterns import REASONS, REASONS_ON_EVERYTHING, reason_of, reason_on_everything
from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, APPS, Template
from tests.synth.test_permissions import as_list, statements

READS = {"s3:GetBucket*", "s3:GetObject*", "s3:List*"}
WRITES = READS | {"s3:Abort*", "s3:DeleteObject*", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
KEY = {"kms:GenerateDataKey*", "kms:ReEncrypt*"}
ACTIONS = {
    "PipelineRole": WRITES,
    "BuildSynthCdkBuildProjectRole": WRITES,
    "SelfMutationRole": READS | KEY,
    "ReleaseCheckRole": READS | KEY,
    "ReleasePinRole": READS | KEY,
    "TestRole": set(),
    "AssetsFileRole": READS,
}
PROJECT = {
    "<artifacts>/*",
    "arn:aws:logs:us-east-1:111111111111:log-group:/aws/codebuild/<project>:*",
    "arn:aws:codebuild:us-east-1:111111111111:report-group/<project>-*",
}
RESOURCES = {
    "PipelineRole": {"<artifacts>/*"},
    "BuildSynthCdkBuildProjectRole": PROJECT,
    "SelfMutationRole": PROJECT | {"arn:*:iam::111111111111:role/*", "*"},
    "ReleaseCheckRole": PROJECT,
    "ReleasePinRole": PROJECT,
    "TestRole": {"<artifacts>/*"},
    "AssetsFileRole": {
        "<artifacts>/*",
        "arn:aws:logs:us-east-1:111111111111:log-group:/aws/codebuild/*",
        "arn:aws:codebuild:us-east-1:111111111111:report-group/*",
    },
}


ON_EVERYTHING = {"SelfMutationRole": {"cloudformation:DescribeStacks", "s3:ListBucket"}}
KEY_OF_ANOTHER_REGION = {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}


@dataclass(frozen=True)
class Pipelines:
    """Pipelines with an approval and without one, and what the role of the pipeline itself may do besides."""

    templates: Sequence[Template]
    resources: Set[str] = frozenset()
    on_everything: Set[str] = frozenset()


@pytest.fixture(scope="module")
def in_two_regions(tmp_path_factory: pytest.TempPathFactory) -> list[Template]:
    document = known()
    europe = {"region": "eu-west-1", "availability_zones": ["eu-west-1a", "eu-west-1b"]}
    addresses = {"prefix_lists": {"s3": "pl-00000001", "dynamodb": "pl-00000002"}}
    document["environments"]["dev"] |= europe
    document["environments"]["prod"] |= europe | addresses
    return [
        template
        for app in APPS
        for name, template in synthesised(document, tmp_path_factory.mktemp(app), app).items()
        if name in (f"odp-dev-{app}-Pipeline", f"odp-prod-{app}-Pipeline")
    ]


@pytest.fixture(params=["one Region", "two Regions"])
def found(request: pytest.FixtureRequest, synthesis: Synthesis) -> Pipelines:
    if request.param == "one Region":
        return Pipelines(list(pipelines(synthesis)))
    return Pipelines(request.getfixturevalue("in_two_regions"), {"<replication>/*", "*"}, KEY_OF_ANOTHER_REGION)


def written(resource: Any) -> str:
    match resource:
        case {"Fn::Join": [_, parts]}:
            return "".join(written(part) for part in parts)
        case {"Fn::GetAtt": _}:
            return "<artifacts>"
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": _}:
            return "<project>"
        case {"Fn::Sub": text}:
            return str(text).replace("${AWS::Partition}", "aws")
        case _:
            return re.sub(r"^arn:aws:s3:::[a-z-]+eplicationbucket[0-9a-f]+", "<replication>", str(resource))


def pipelines(synthesis: Synthesis) -> list[Template]:
    return [template for name, template in synthesis.templates.items() if name.endswith("-Pipeline")]


def kind(role: str) -> str:
    return next(known for known in ACTIONS if role.endswith(known))


def patterns(templates: Iterable[Template], part: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for template in templates:
        for role, statement in statements(template):
            values = {written(value) for value in as_list(statement[part])}
            found.setdefault(kind(role), set()).update(value for value in values if "*" in value)
    return found


def test_no_pattern_of_actions_is_new(found: Pipelines) -> None:
    assert patterns(found.templates, "Action") == ACTIONS


def test_no_pattern_of_resources_is_new(found: Pipelines) -> None:
    expected = {**RESOURCES, "PipelineRole": RESOURCES["PipelineRole"] | found.resources}
    assert patterns(found.templates, "Resource") == expected


def allowed_on_everything(templates: Iterable[Template]) -> dict[str, set[str]]:
    allowed: dict[str, set[str]] = {}
    for template in templates:
        for role, statement in statements(template):
            if "*" in as_list(statement["Resource"]):
                allowed.setdefault(kind(role), set()).update(as_list(statement["Action"]))
    return allowed


def test_what_is_allowed_on_everything_only_looks_or_uses_keys_of_other_regions(found: Pipelines) -> None:
    besides = {"PipelineRole": set(found.on_everything)} if found.on_everything else {}
    assert allowed_on_everything(found.templates) == ON_EVERYTHING | besides


def test_the_build_that_runs_the_tests_reads_and_logs_and_nothing_else(synthesis: Synthesis) -> None:
    """Its packages are a hundred; what it could write into the artifacts would be deployed."""
    for template in pipelines(synthesis):
        (role,) = {role for role, _ in statements(template) if kind(role) == "TestRole"}
        allowed = {
            action: as_list(statement["Resource"])
            for of, statement in statements(template)
            if of == role
            for action in as_list(statement["Action"])
        }
        assert set(allowed) == {
            *("s3:GetObject", "s3:GetObjectVersion", "kms:Decrypt"),
            *("logs:CreateLogStream", "logs:PutLogEvents"),
        }
        assert [resource for resources in allowed.values() for resource in resources if resource == "*"] == []
        (project,) = [
            one for id_, one in template.resources("AWS::CodeBuild::Project").items() if id_.startswith("BlueprintTest")
        ]
        assert project["ServiceRole"]["Fn::GetAtt"][0].startswith(role)


def assumed(template: Template) -> dict[str, set[str]]:
    roles: dict[str, set[str]] = {}
    for role, statement in statements(template):
        if statement["Action"] == "sts:AssumeRole":
            roles.setdefault(kind(role), set()).update(map(written, as_list(statement["Resource"])))
    return roles


@pytest.mark.parametrize("app", APPS)
def test_a_pipeline_takes_the_roles_of_its_own_environment_only(
    synthesis: Synthesis, app: str, environment: str
) -> None:
    """Defect 30 of the reference: CodeBuild could take any role of any account."""

    def bootstrap(role: str, account: str = ACCOUNTS[environment]) -> set[str]:
        return {f"arn:aws:iam::{account}:role/cdk-odp{environment}-{role}-role-{account}-us-east-1"}

    expected = {"PipelineRole": bootstrap("deploy")}
    expected |= {"AssetsFileRole": bootstrap("file-publishing")} if app == "etl" else {}
    if environment == "prod":
        expected["PipelineRole"] |= bootstrap("deploy", account="1" * 12)
        expected["ReleaseCheckRole"] = bootstrap("lookup") | bootstrap("lookup", account="1" * 12)
    else:
        expected["SelfMutationRole"] = {"arn:*:iam::111111111111:role/*"}
    assert assumed(synthesis.templates[f"odp-{environment}-{app}-Pipeline"]) == expected


def test_self_mutation_takes_bootstrap_roles_only(synthesis: Synthesis) -> None:
    for template in pipelines(synthesis):
        for role, statement in statements(template):
            if kind(role) == "SelfMutationRole" and statement["Action"] == "sts:AssumeRole":
                (tags,) = statement["Condition"].values()
                assert tags == {
                    "iam:ResourceTag/aws-cdk:bootstrap-role": ["image-publishing", "file-publishing", "deploy"]
                }


def test_the_connection_may_be_used_under_both_names_of_its_service(synthesis: Synthesis) -> None:
    """CDK grants the former name only, which connections of today's name refuse."""
    for template in pipelines(synthesis):
        granted = {
            (kind(role), action, resource)
            for role, statement in statements(template)
            for action in as_list(statement["Action"])
            for resource in map(written, as_list(statement["Resource"]))
            if action.endswith(":UseConnection")
        }
        connection = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
        assert granted == {
            ("PipelineRole", f"{service}:UseConnection", connection)
            for service in ("codeconnections", "codestar-connections")
        }


@pytest.mark.parametrize(
    "pattern",
    ["Action::s3:*", "Action::kms:*", "Resource::arn:aws:s3:::*", "Resource::arn:aws:s3:::data/*", "Resource::*"],
)
def test_a_pattern_that_nobody_judged_stops_synthesis(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{pattern}: CDK writes a pattern that has no reason yet")):
        reason_of(pattern)


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:*", "s3:GetObject", "codebuild:StartBuild"])
def test_an_action_on_everything_that_nobody_judged_stops_synthesis(action: str) -> None:
    """A reason to look at every stack is none to use every key."""
    with pytest.raises(ValueError, match=re.escape(f"{action}: CDK writes an action on every resource that has no")):
        reason_on_everything(action)


def test_every_reason_is_its_own_but_for_the_role_that_cdk_makes_before_its_project() -> None:
    reasons = [*REASONS.values(), *REASONS_ON_EVERYTHING.values()]
    shared = [reason for reason in set(reasons) if reasons.count(reason) > 1]
    assert shared == ["CDK makes the role of asset builds before the project."]
