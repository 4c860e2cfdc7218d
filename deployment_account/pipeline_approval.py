"""A person approves, told whether anyone's permissions, any network access or the pipeline itself would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from deployment_account.npm_tools import CDK
from deployment_account.pipeline_steps import NODE_VERSION
from deployment_account.qualifiers import bootstrap_role

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs

    from deployment_account.names import Names

SELF_MUTATION = "UpdatePipeline"
"""The name of the stage in which CDK lets a pipeline change itself."""
BROADENED = "PERMISSIONS ARE BROADENED: read the log of PermissionsCheck before you approve."
NOT_BROADENED = "No permissions are broadened."
CHANGED_PIPELINE = "THE PIPELINE CHANGES ITSELF, perhaps what it asks approval for: read the log of PermissionsCheck."


class Approval(Construct):
    """A stage of the pipeline in which nothing goes on before a person approves.

    CDK puts approvals behind self-mutation, so that a push could remove the one that should have stopped it. The stage
    therefore stands where the pipeline has changed nothing yet.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        pipeline: codepipeline.Pipeline,
        stage: cdk.Stage,
        names: Names,
        log: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        self._names = names
        check = actions.CodeBuildAction(
            action_name="PermissionsCheck",
            input=_assembly(pipeline),
            project=self._check(stage, cdk.Stack.of(pipeline), log),
        )
        approve = actions.ManualApprovalAction(
            action_name="Approve",
            run_order=2,
            additional_information=f"{check.variable('MESSAGE')} {check.variable('LINK')}",
            external_entity_link=check.variable("LINK"),
        )
        pipeline.add_stage(
            stage_name=id_,
            placement=codepipeline.StagePlacement(right_before=pipeline.stage(SELF_MUTATION)),
            actions=[check, approve],
        )

    def _check(self, stage: cdk.Stage, own: cdk.Stack, log: logs.ILogGroup) -> codebuild.PipelineProject:
        project = codebuild.PipelineProject(
            self,
            "PermissionsCheck",
            description="Compares what would be deployed with what is",
            build_spec=_build_spec(_commands(f"'{stage.node.path}/*'", own.stack_name)),
            environment=codebuild.BuildEnvironment(build_image=codebuild.LinuxBuildImage.STANDARD_7_0),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log)),
        )
        roles = [self._lookup_role(one.account, one.region) for one in (stage, own)]
        project.add_to_role_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=roles))
        return project

    def _lookup_role(self, account: str | None, region: str | None) -> str:
        """The bootstrap role that may read what is deployed, and nothing else."""
        name = bootstrap_role(self._names.qualifier, "lookup", str(account), str(region))
        return f"arn:aws:iam::{account}:role/{name}"


def _assembly(pipeline: codepipeline.Pipeline) -> codepipeline.Artifact:
    """What the synth step made; CDK hands it to no one but its own steps, and the tests beside it make nothing."""
    (assembly,) = [
        made for action in pipeline.stage("Build").actions for made in action.action_properties.outputs or []
    ]
    return assembly


def _build_spec(commands: list[str]) -> codebuild.BuildSpec:
    install = {"runtime-versions": {"nodejs": NODE_VERSION}, "commands": CDK.install_commands}
    return codebuild.BuildSpec.from_object(
        {
            "version": "0.2",
            "env": {"exported-variables": ["MESSAGE", "LINK"]},
            "phases": {"install": install, "build": {"commands": commands}},
        }
    )


def _commands(stacks: str, own: str) -> list[str]:
    """CDK's own check installs whatever CLI npm calls the latest, and passes an error off as a finding.

    The first comparison shows every change and fails the build when the deployed stacks cannot be read; only then
    does a failure of the later ones mean what it says. Bucket and key for artifacts in another Region, which no
    lookup role of a bootstrap reads, are left out.
    """
    compare = "cdk diff --app . --method=template --exclusively"
    everything = f"{compare} {own} {stacks}"
    check = f"{everything} --security-only --fail-on=broadening"
    return [
        everything,
        f'if {check}; then MESSAGE="{NOT_BROADENED}"; else MESSAGE="{BROADENED}"; fi',
        f'{compare} {own} --fail-on=any-change || MESSAGE="$MESSAGE {CHANGED_PIPELINE}"',
        "export MESSAGE",
        'export LINK="$CODEBUILD_BUILD_URL"',
    ]
