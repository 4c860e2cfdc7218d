"""One pipeline: from one branch through checks to the environments that live on that branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines

from deployment_account.cdk_patterns import acknowledge_patterns_of_cdk
from deployment_account.environments import Environment, Platform
from deployment_account.log import Log, LogPolicy
from deployment_account.names import Names
from deployment_account.pipeline_approval import SELF_MUTATION, Approval
from deployment_account.pipeline_artifacts import PipelineArtifacts, acknowledge_no_access_log, forget
from deployment_account.pipeline_notices import PipelineNotices
from deployment_account.pipeline_source import allow_connection, source_of, start_on_push
from deployment_account.pipeline_steps import (
    ASSET_PUBLISHER_VERSION,
    CLI_VERSION,
    synth_step,
    with_node,
)
from deployment_account.repository import ConnectedRepository

if TYPE_CHECKING:
    from constructs import Construct

StageOf = Callable[[Environment], cdk.Stage]


class PipelineStack(cdk.Stack):
    """A self-mutating pipeline in the deployment account; it updates and deploys what is its own, and nothing else.

    Where its first environment waits for an approval, that comes before all of this. On a trunk, assets of later
    environments are published before theirs: files under the hash of their content, which nothing refers to yet.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        platform: Platform,
        component: str,
        environments: Sequence[Environment],
        stage_of: StageOf,
    ) -> None:
        deployment = platform.deployment
        names = [environment.name for environment in environments]
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=deployment.account, region=deployment.region),
            description=f"Pipeline of {component} for {', '.join(names)}",
            termination_protection=any(environment.is_protected for environment in environments),
        )
        self._deployment = deployment
        self._folder = deployment.repository.folder(component)
        self._branch = environments[0].branch
        self._artifacts = PipelineArtifacts(self, "Artifacts", days=deployment.artifact_days)
        self._log = Log(self, "BuildLog", policy=LogPolicy(self._artifacts.key, deployment.log_days))
        self.blueprint = self._blueprint(Names.of(platform, environments[0]).stage(component), names[0])
        self._deploy(environments, stage_of)
        self._watch(environments)

    def _blueprint(self, pipeline_name: str, first_environment: str) -> pipelines.CodePipeline:
        repository = self._deployment.repository
        source = source_of(self, repository, self._branch)
        requester = f"pipeline {pipeline_name}, {repository.name} {self._branch}"
        return pipelines.CodePipeline(
            self,
            "Blueprint",
            pipeline_name=pipeline_name,
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            artifact_bucket=self._artifacts.bucket,
            cross_account_keys=True,
            enable_key_rotation=True,
            synth=synth_step(source, self._folder, first_environment, requested_by=requester),
            cli_version=CLI_VERSION,
            cdk_assets_cli_version=ASSET_PUBLISHER_VERSION,
            # one build for all assets: other code is then no other pipeline, which would start itself anew
            publish_assets_in_parallel=False,
            use_pipeline_role_for_actions=True,
            # shared ones would let one pipeline's self-mutation change what another stands on
            reuse_cross_region_support_stacks=False,
            code_build_defaults=self._build_defaults(),
        )

    def _build_defaults(self) -> pipelines.CodeBuildOptions:
        cloud_watch = codebuild.CloudWatchLoggingOptions(log_group=self._log)
        return pipelines.CodeBuildOptions(
            logging=codebuild.LoggingOptions(cloud_watch=cloud_watch),
            partial_build_spec=with_node(),
        )

    def _deploy(self, environments: Sequence[Environment], stage_of: StageOf) -> None:
        stages = [stage_of(environment) for environment in environments]
        for stage in stages:
            self.blueprint.add_stage(stage)
        self.blueprint.build_pipeline()
        for environment, stage in zip(environments, stages, strict=True):
            is_first = stage is stages[0]
            if environment.waits_for_approval or not is_first:
                self._wait(environment, stage, before=SELF_MUTATION if is_first else stage.stage_name)
        acknowledge_patterns_of_cdk(self.blueprint)
        self._keep_no_artifacts_in_other_regions()

    def _keep_no_artifacts_in_other_regions(self) -> None:
        """What CDK puts beside a deployment in another Region are copies of what is in the bucket here."""
        for region in self.blueprint.pipeline.cross_region_support.values():
            bucket = region.replication_bucket
            if not isinstance(bucket, s3.Bucket):
                raise TypeError(f"{bucket.node.path} is not the bucket itself, its artifacts would stay")
            forget(bucket, days=self._deployment.artifact_days)
            acknowledge_no_access_log(bucket)

    def _wait(self, environment: Environment, stage: cdk.Stage, *, before: str) -> None:
        pipeline = self.blueprint.pipeline
        Approval(
            self.blueprint, f"Approve-{environment.name}", pipeline=pipeline, stage=stage, before=before, log=self._log
        )

    def _watch(self, environments: Sequence[Environment]) -> None:
        pipeline, repository = self.blueprint.pipeline, self._deployment.repository
        if isinstance(repository, ConnectedRepository):
            start_on_push(pipeline, self._branch, self._folder)
            allow_connection(pipeline.role, repository)
        own = {address for environment in environments for address in environment.notification_addresses}
        addresses = sorted(own | set(self._deployment.notification_addresses))
        PipelineNotices(self, "Notices", pipeline=pipeline, key=self._artifacts.key, addresses=addresses)
