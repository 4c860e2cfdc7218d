"""What is made for one environment's pipelines reaches no other's, whatever a push writes into its templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deployment_account.environments import Platform
from scripts.bootstrap.execution_policy.policies import boundary_of
from tests.tools.scripts.bootstrap.granted import PIPELINES, allowed, changed, execution_policies, grants
from tests.tools.scripts.bootstrap.iam_evaluation import Statement, allows
from tests.tools.scripts.bootstrap.test_granted_actions import WITHOUT_RESOURCE_TYPES

ACCOUNT, PROD = "111111111111", "444444444444"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/odp-dev-infra-Pipeline-Evil"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/odp-dev-pipeline-boundary"
OTHERS = [
    None,
    f"arn:aws:iam::{ACCOUNT}:policy/odp-prod-pipeline-boundary",
    f"arn:aws:iam::{ACCOUNT}:policy/odp-dev-pipeline-boundary-2",
    f"arn:aws:iam::{PROD}:policy/odp-dev-pipeline-boundary",
    "arn:aws:iam::aws:policy/AdministratorAccess",
]
GIVING_POWER = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
EVERYTHING: list[Statement] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
"""What a push may write into the policy of a role."""


@pytest.fixture
def execution(platform: Platform) -> list[Statement]:
    """The policies of the execution role of dev's pipelines."""
    return [one.statement() for one in grants(execution_policies(platform, PIPELINES))]


def context(boundary: str | None) -> dict[str, str]:
    return {"iam:PermissionsBoundary": boundary} if boundary else {}


@pytest.mark.parametrize("action", [*GIVING_POWER, "iam:DeleteRolePolicy"])
def test_a_role_is_made_and_changed_with_the_boundary_of_its_environment(
    execution: list[Statement], action: str
) -> None:
    assert allows(execution, action, ROLE, context(BOUNDARY))


@pytest.mark.parametrize("action", GIVING_POWER)
@pytest.mark.parametrize("boundary", OTHERS)
def test_a_role_gets_no_power_without_it(execution: list[Statement], action: str, boundary: str | None) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html: delegation by a condition."""
    assert not allows(execution, action, ROLE, context(boundary))


@pytest.mark.parametrize(
    "action",
    [
        "iam:DeleteRolePermissionsBoundary",
        "iam:AttachRolePolicy",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:DeletePolicyVersion",
        "iam:CreateUser",
        "iam:CreateAccessKey",
    ],
)
@pytest.mark.parametrize("resource", [ROLE, BOUNDARY, f"arn:aws:iam::{ACCOUNT}:user/odp-dev-evil"])
def test_nobody_takes_the_boundary_off_or_changes_it(execution: list[Statement], action: str, resource: str) -> None:
    assert not allows(execution, action, resource, context(BOUNDARY))


def resources_of(environment: str, account: str = ACCOUNT) -> list[str]:
    """Resources in the account of the pipelines, as an environment's are named."""
    lake, here = f"odp-{environment}", f"us-east-1:{account}"
    kinds = [
        "codebuild:{}:project/{}-infra-Pipeline-Blueprint-UpdatePipeline-SelfMutation",
        "codepipeline:{}:{}-infra",
        "events:{}:rule/{}-infra-Pipeline-Failed",
        "sns:{}:{}-infra-Pipeline-Topic",
        "sqs:{}:{}-infra-Pipeline-Queue",
        "logs:{}:log-group:{}-infra-Pipeline-BuildLog",
        "kms:{}:alias/{}-infra-Pipeline",
    ]
    return [
        *(f"arn:aws:{kind.format(here, lake)}" for kind in kinds),
        f"arn:aws:s3:::{lake}-infra-pipeline-artifacts",
        f"arn:aws:s3:::{lake}-infra-pipeline-artifacts/source.zip",
        f"arn:aws:s3:::cdk-odp{environment}-assets-{account}-us-east-1/code.zip",
        f"arn:aws:iam::{account}:role/{lake}-infra-Pipeline-BlueprintPipelineRole",
        *(f"arn:aws:iam::{account}:role/cdk-odp{environment}-{which}-role-{account}-us-east-1" for which in ROLES),
        f"arn:aws:cloudformation:{here}:stack/CDKToolkit-{lake}/0",
        f"arn:aws:cloudformation:{here}:stack/{lake}-infra-Pipeline/0",
    ]


ROLES = ("deploy", "lookup", "file-publishing", "cfn-exec")
OF_THE_PIPELINES = {
    "iam:PermissionsBoundary": BOUNDARY,
    "iam:PassedToService": "codebuild.amazonaws.com",
    "kms:ViaService": "sns.us-east-1.amazonaws.com",
}


@pytest.mark.parametrize("other", ["prod", "test", "de", "dev2", "devs"])
def test_cloudformation_touches_nothing_of_another_environment(
    platform: Platform, execution: list[Statement], other: str
) -> None:
    reached = {
        action
        for action in allowed(platform, PIPELINES)
        for arn in resources_of(other)
        if allows(execution, action, arn, OF_THE_PIPELINES)
    }
    assert reached <= WITHOUT_RESOURCE_TYPES, "of these IAM compares no resource"
    assert not [action for action in reached if action.split(":")[0] in ("iam", "codebuild", "codepipeline", "s3")]


def test_its_own_it_does_touch(platform: Platform, execution: list[Statement]) -> None:
    untouched = [
        arn
        for arn in resources_of("dev")
        if not any(
            allows(execution, one, arn, OF_THE_PIPELINES) for one in allowed(platform, PIPELINES) if ":*" not in one
        )
    ]
    bootstrap = [arn for arn in untouched if ":role/cdk-" in arn or ":cloudformation:" in arn]
    assert untouched == bootstrap, "roles and stacks of the bootstrap are changed by people"


@pytest.fixture
def boundary(platform: Platform) -> list[Statement]:
    return list(boundary_of(platform, platform.environments["dev"]).document["Statement"])


def may(boundary: list[Statement], action: str, resource: str) -> bool:
    """Whether a role with the boundary may do it, whose own policy allows everything."""
    return allows(EVERYTHING, action, resource) and allows(boundary, action, resource)


def others_bootstrap_roles() -> Iterator[str]:
    for qualifier, accounts in (("odpprod", (ACCOUNT, PROD)), ("odptest", (ACCOUNT, "333333333333"))):
        for account in accounts:
            yield from (
                f"arn:aws:iam::{account}:role/cdk-{qualifier}-{which}-role-{account}-us-east-1" for which in ROLES
            )
    yield f"arn:aws:iam::{PROD}:role/cdk-hnb659fds-deploy-role-{PROD}-us-east-1"
    yield f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-deploy-role-{ACCOUNT}-us-east-1"
    yield f"arn:aws:iam::{PROD}:role/cdk-odpdev-deploy-role-{PROD}-us-east-1"
    yield f"arn:aws:iam::{ACCOUNT}:role/odp-prod-infra-Pipeline-BlueprintPipelineRole"
    yield f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"


@pytest.mark.parametrize("role", list(others_bootstrap_roles()))
@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession"])
def test_a_role_of_a_pushers_making_takes_no_role_of_another_environment(
    boundary: list[Statement], action: str, role: str
) -> None:
    assert not may(boundary, action, role)


@pytest.mark.parametrize("account", [ACCOUNT, "222222222222"])
def test_it_takes_those_of_its_own_bootstraps(boundary: list[Statement], account: str) -> None:
    for which in ROLES:
        role = f"arn:aws:iam::{account}:role/cdk-odpdev-{which}-role-{account}-us-east-1"
        assert may(boundary, "sts:AssumeRole", role)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("codebuild:StartBuild", f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/odp-prod-infra-Pipeline-SelfMutation"),
        ("codebuild:UpdateProject", f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/odp-dev-infra-Pipeline-Synth"),
        ("codepipeline:StartPipelineExecution", f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:odp-prod-infra"),
        (
            "codepipeline:PutApprovalResult",
            f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:odp-prod-infra/Approve-prod/Approve",
        ),
        (
            "codepipeline:PutApprovalResult",
            f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:odp-dev-infra/Approve-dev/Approve",
        ),
        ("s3:GetObject", "arn:aws:s3:::odp-prod-infra-pipeline-artifacts/source.zip"),
        ("s3:PutObject", f"arn:aws:s3:::cdk-odpprod-assets-{PROD}-us-east-1/code.zip"),
        ("iam:CreateRole", ROLE),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/odp-prod-infra-Pipeline-BlueprintPipelineRole"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/evil"),
        ("cloudformation:UpdateStack", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/odp-prod-infra-Pipeline/0"),
        ("kms:PutKeyPolicy", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0"),
        ("kms:Decrypt", f"arn:aws:kms:us-east-1:{PROD}:key/0"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:odp-dev-evil"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:odp/dev/x"),
    ],
)
def test_it_does_nothing_else_either(boundary: list[Statement], action: str, resource: str) -> None:
    assert not may(boundary, action, resource)


SERVICES_OF_CONNECTIONS = ("codeconnections", "codestar-connections")
READING = ("GetBranch", "GetUploadArchiveToS3Status", "GitPull", "ListBranches", "StartUploadArchiveToS3")
WRITING = (
    *("GitPush", "CreateBranch", "CreateCommit", "CreateCommitStatus", "CreatePullRequest", "UpdatePullRequest"),
    *("CreateRepository", "DeleteRepository"),
)
"""https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html#permissions-reference-connections-access"""


def connected(boundary: list[Statement], service: str) -> str:
    (arn,) = {one["Resource"][0] for one in boundary if f"{service}:UseConnection" in one["Action"]}
    return str(arn)


@pytest.mark.parametrize("service", SERVICES_OF_CONNECTIONS)
@pytest.mark.parametrize("provider_action", WRITING)
def test_no_build_pushes_to_the_branch_of_another_environment_through_the_connection(
    boundary: list[Statement], service: str, provider_action: str
) -> None:
    """All environments share the repository, and the connection may write: a build of dev would deploy to test."""
    action, connection = f"{service}:UseConnection", connected(boundary, service)
    for prefix in SERVICES_OF_CONNECTIONS:
        assert not allows(boundary, action, connection, {f"{prefix}:ProviderAction": provider_action})


@pytest.mark.parametrize("service", SERVICES_OF_CONNECTIONS)
def test_a_pipeline_reads_its_source_through_the_connection(boundary: list[Statement], service: str) -> None:
    action, connection = f"{service}:UseConnection", connected(boundary, service)
    assert allows(boundary, action, connection), "CodePipeline does not always say what for"
    for provider_action in READING:
        assert allows(boundary, action, connection, {f"{service}:ProviderAction": provider_action})


def test_the_names_of_another_platform_are_not_those_of_this_one(platform: Platform) -> None:
    other = changed(platform, "lake", {"dev": {}})
    theirs: list[Any] = [one.statement() for one in grants(execution_policies(other, PIPELINES))]
    assert not allows(theirs, "iam:PutRolePolicy", ROLE, OF_THE_PIPELINES)
    assert "odp-dev" not in json.dumps(theirs)
