"""Where a pipeline takes its code from and which pushes start it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines

from deployment_account.permissions import allow
from deployment_account.repository import CodeCommitRepository, ConnectedRepository

if TYPE_CHECKING:
    from constructs import Construct

SHARED_PATHS = (
    *("config/**", "deployment_account/**", "etl-repo/src/json_documents/**", "tests/**"),
    *("{Makefile,pyproject.toml}", "package*.json", "requirements*.txt"),
)
"""What both apps are built from and checked by; CodePipeline takes eight patterns at most."""


def source_of(
    scope: Construct, repository: ConnectedRepository | CodeCommitRepository, branch: str
) -> pipelines.CodePipelineSource:
    """The source step for a branch; a connected repository starts the pipeline by its trigger, not by this step."""
    if isinstance(repository, CodeCommitRepository):
        existing = codecommit.Repository.from_repository_name(scope, "Repository", repository.name)
        return pipelines.CodePipelineSource.code_commit(existing, branch)
    return pipelines.CodePipelineSource.connection(
        repository.name,
        branch,
        connection_arn=repository.connection_arn,
        action_name="Source",
        # a trigger with filters replaces the detection of changes, with both a push would start the pipeline twice
        trigger_on_push=False,
    )


def start_on_push(pipeline: codepipeline.Pipeline, branch: str, folder: str) -> None:
    """Start on pushes to the branch that change what the app is built from."""
    push = codepipeline.GitPushFilter(
        branches_includes=[branch], file_paths_includes=None if folder == "." else [f"{folder}/**", *SHARED_PATHS]
    )
    pipeline.add_trigger(
        provider_type=codepipeline.ProviderType.CODE_STAR_SOURCE_CONNECTION,
        git_configuration=codepipeline.GitConfiguration(
            source_action=pipeline.stages[0].actions[0], push_filter=[push]
        ),
    )


def allow_connection(role: iam.IRole, repository: ConnectedRepository) -> None:
    """CDK grants the action under the service's former name only, even for connections of today's name."""
    actions = ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
    allow(role, actions, [repository.connection_arn])
