"""The build that checks and tests a commit: it runs what only tests need, so it may change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from constructs import Construct

from deployment_account.pipeline_builds import reading_role
from deployment_account.pipeline_steps import NODE_VERSION, PYTHON_VERSION, runtimes

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs

    from deployment_account.pipeline_artifacts import PipelineArtifacts

AFTER_SYNTHESIS = 3
"""A new account runs one build of a size at a time; the second one is the build that pins the artifact."""


class Tests(Construct):
    """An action after synthesis; when it fails, nothing later in the pipeline begins.

    Tests install a hundred packages, synthesis a few. In the build that writes the templates, any one of the hundred
    could change them. This build hands nothing on, and its role can write neither artifacts nor anything else but logs.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        pipeline: codepipeline.Pipeline,
        artifacts: PipelineArtifacts,
        log: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        project = codebuild.PipelineProject(
            self,
            "Project",
            description="Checks and tests a commit; it hands nothing on",
            build_spec=_build_spec(),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log)),
            # CDK would let it use the key of the artifacts, also to encrypt, and make reports
            role=reading_role(self, artifacts, log).without_policy_updates(),
            timeout=cdk.Duration.minutes(30),
        )
        (source,) = pipeline.stage("Source").actions[0].action_properties.outputs or []
        pipeline.stage("Build").add_action(
            actions.CodeBuildAction(action_name=id_, input=source, project=project, run_order=AFTER_SYNTHESIS)
        )


def _build_spec() -> codebuild.BuildSpec:
    install = {**runtimes(python=PYTHON_VERSION, nodejs=NODE_VERSION), "commands": ["make install"]}
    checks = {"commands": ["make check", "make test-synth"]}
    return codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"install": install, "build": checks}})
