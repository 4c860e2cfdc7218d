"""Takes from the builds of a pipeline what CDK gives them beyond their own environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam

from deployment_account.permissions import allow, service_of_this_account

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from constructs import Construct, IConstruct

    from deployment_account.build_sizes import BuildSize
    from deployment_account.pipeline_artifacts import PipelineArtifacts

LONGEST_PROJECT_NAME = 150
CODEBUILD = "codebuild.amazonaws.com"


def confine_builds(blueprint: IConstruct, *, image: str) -> None:
    """Name every project after its pipeline's stack, run it in the configured image, and let no build start another.

    CloudFormation would name projects after their construct, without the stack, so that no policy could tell those of
    one environment from another's. And CDK lets asset builds start builds of any project, with a buildspec of their
    choice and that project's role, which no build of ours does: the pipeline starts them. CodeBuild takes the roles of
    builds in the name of this account only.
    """
    for found in blueprint.node.find_all():
        if isinstance(found, codebuild.CfnProject):
            _name(found)
            found.add_property_override("Environment.Image", image)
        if isinstance(found, iam.CfnPolicy):
            _let_nobody_start_builds(found)
        if isinstance(found, iam.CfnRole):
            _let_codebuild_in_for_this_account(found)


def reading_role(
    scope: Construct, artifacts: PipelineArtifacts, log: logs.ILogGroup, *, name: str | None = None
) -> iam.Role:
    """A role of a build that reads artifacts, which CodePipeline demands, and logs; it hands nothing on."""
    role = iam.Role(scope, "Role", role_name=name, assumed_by=service_of_this_account(scope, CODEBUILD))
    objects = artifacts.bucket.arn_for_objects("*")
    because = "CodePipeline names the artifacts of each execution anew"
    allow(role, ["s3:GetObject", "s3:GetObjectVersion"], [objects], because=because)
    allow(role, ["kms:Decrypt"], [artifacts.key.key_arn])
    allow(role, ["logs:CreateLogStream", "logs:PutLogEvents"], [log.log_group_arn])
    return role


def size_builds(blueprint: IConstruct, size: BuildSize) -> None:
    """Give every build of a pipeline the size that is this pipeline's alone."""
    for found in blueprint.node.find_all():
        if isinstance(found, codebuild.CfnProject):
            found.add_property_override("Environment.ComputeType", size.value)


def _name(project: codebuild.CfnProject) -> None:
    stack = cdk.Stack.of(project)
    if stack.resolve(project.name) is None:
        path = project.node.path.removeprefix(f"{stack.node.path}/").removesuffix("/Resource")
        project.name = f"{stack.stack_name}-{path.replace('/', '-')}"[:LONGEST_PROJECT_NAME]


def _let_nobody_start_builds(policy: iam.CfnPolicy) -> None:
    document: dict[str, Any] = cdk.Stack.of(policy).resolve(policy.policy_document)
    kept = [statement for statement in document["Statement"] if not _starts_builds(statement)]
    if len(kept) < len(document["Statement"]):
        policy.policy_document = {**document, "Statement": kept}


def _let_codebuild_in_for_this_account(role: iam.CfnRole) -> None:
    document: dict[str, Any] = cdk.Stack.of(role).resolve(role.assume_role_policy_document)
    condition = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(role).account}}
    statements = [
        {**statement, "Condition": condition} if statement["Principal"] == {"Service": CODEBUILD} else statement
        for statement in document["Statement"]
    ]
    if statements != document["Statement"]:
        role.assume_role_policy_document = {**document, "Statement": statements}


def _starts_builds(statement: dict[str, Any]) -> bool:
    actions = statement["Action"]
    return "codebuild:StartBuild" in actions and statement["Resource"] == "*"
