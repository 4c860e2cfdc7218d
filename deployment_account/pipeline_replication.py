"""Stops the replications that a deployment changes, right before it, and lets them go on right after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_dms as dms
from aws_cdk import pipelines
from constructs import Construct

from deployment_account.names import stopped_replication
from deployment_account.permissions import allow
from deployment_account.pipeline_builds import reading_role
from deployment_account.pipeline_programs import replication_build
from deployment_account.pipeline_release_order import CHANGE_SET, RESUME, STOP
from deployment_account.secondary import regions_json

if TYPE_CHECKING:
    from typing import Any

    from aws_cdk import aws_logs as logs

    from deployment_account.environments import Environment
    from deployment_account.names import Names
    from deployment_account.pipeline_artifacts import PipelineArtifacts

_LONGEST = cdk.Duration.minutes(120)
"""DMS may need minutes for each state between two others; the program gives up sooner."""


def replication_stack(stage: cdk.Stage) -> cdk.Stack | None:
    """The stack of a stage in which replications are, if the environment has any."""
    kinds = (dms.CfnReplicationConfig, dms.CfnReplicationTask)
    found = {cdk.Stack.of(child) for child in stage.node.find_all() if isinstance(child, kinds)}
    return next(iter(found), None)


class ReplicationSteps(Construct):
    """A build before the deployment of a stack of replications and one after it, with one role of no other use.

    What they run is part of the pipeline that is deployed: of the artifact they read nothing. Each Region has a build
    of its own, which takes the operator role of that Region.
    """

    def __init__(
        self,
        scope: pipelines.CodePipeline,
        id_: str,
        *,
        names: Names,
        environment: Environment,
        artifacts: PipelineArtifacts,
        log: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        self._environment, self._log = environment, log
        self._assembly = scope.cloud_assembly_file_set
        self._role = reading_role(self, artifacts, log, name=names.replication_step)

    def around(self, stack: cdk.Stack, names: Names) -> pipelines.StackSteps:
        """The steps around the stack of a Region, whose names are given."""
        operator = f"arn:aws:iam::{stack.account}:role/{names.replication_operator}"
        place = {
            "role": operator,
            "region": stack.region,
            "account": stack.account,
            "stack": stack.stack_name,
            "change_set": CHANGE_SET,
            "environment": self._environment.name,
            "prefix": names.prefix,
            "memory": names.parameter(stopped_replication("")),
            "regions": regions_json(names, self._environment),
        }
        allow(self._role, ["sts:AssumeRole"], [operator])
        where = f" in {names.secondary_region}" if names.secondary_region else ""
        project = codebuild.PipelineProject(
            self,
            f"Project{names.secondary_region}",
            description=f"Stops the replications that a deployment changes{where}, and lets them go on",
            build_spec=codebuild.BuildSpec.from_object(replication_build(place)),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self._log)),
            # CDK would let it use the key of the artifacts, also to encrypt, and make reports
            role=self._role.without_policy_updates(),
            timeout=_LONGEST,
        )
        return pipelines.StackSteps(
            stack=stack,
            change_set=[_Build(STOP, "stop", project, self._assembly)],
            post=[_Build(RESUME, "resume", project, self._assembly)],
        )


@jsii.implements(pipelines.ICodePipelineActionFactory)
class _Build(pipelines.Step):
    """An action whose build carries out one of the two steps."""

    def __init__(self, name: str, step: str, project: codebuild.IProject, assembly: pipelines.FileSet) -> None:
        super().__init__(name)
        self._name, self._step, self._project, self._assembly = name, step, project, assembly

    def produce_action(
        self,
        stage: codepipeline.IStage,
        *,
        run_order: int | float,
        artifacts: pipelines.ArtifactMap,
        **_: Any,  # noqa: ANN401
    ) -> pipelines.CodePipelineActionFactoryResult:
        """Add the action; CodePipeline wants an input for every build."""
        step = codebuild.BuildEnvironmentVariable(value=self._step)
        stage.add_action(
            actions.CodeBuildAction(
                action_name=self._name,
                run_order=run_order,
                input=artifacts.to_code_pipeline(self._assembly),
                project=self._project,
                environment_variables={"STEP": step},
            )
        )
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=1)
