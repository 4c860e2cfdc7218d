"""One pipeline: from one branch through checks to the environments that live on that branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines

from deployment_account.build_sizes import BUILD_SIZES
from deployment_account.cdk_patterns import acknowledge_patterns_of_cdk
from deployment_account.environments import Environment, Platform
from deployment_account.key_users import keep_other_environments_out
from deployment_account.log import Log, LogPolicy
from deployment_account.names import Names
from deployment_account.npm_tools import CDK, CDK_ASSETS
from deployment_account.pipeline_approval import Approval
from deployment_account.pipeline_artifacts import PipelineArtifacts, acknowledge_no_access_log, forget
from deployment_account.pipeline_builds import confine_builds, size_builds
from deployment_account.pipeline_notices import PipelineNotices
from deployment_account.pipeline_replication import ReplicationSteps, replication_stack
from deployment_account.pipeline_source import allow_connection, source_of, start_on_push
from deployment_account.pipeline_steps import fetching, synth_step, with_node
from deployment_account.pipeline_tests import Tests
from deployment_account.repository import ConnectedRepository
from deployment_account.stages import tag_as_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct


class PipelineStack(cdk.Stack):
    """A self-mutating pipeline of one environment; it updates and deploys what is that environment's, nothing else.

    Every role in it carries the environment's permissions boundary, which no build can take off: the execution role
    that changes this stack makes no role without it. Where the environment waits for an approval, nothing
    is executed or published before it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        platform: Platform,
        component: str,
        environment: Environment,
        stages: Sequence[cdk.Stage],
    ) -> None:
        deployment = platform.deployment_of(environment)
        names = Names.of(platform, environment)
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=deployment.account, region=deployment.region),
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=names.qualifier),
            description=f"Pipeline of {component} for {environment.name}",
            termination_protection=environment.is_protected,
        )
        boundary = iam.ManagedPolicy.from_managed_policy_name(self, "Boundary", names.pipeline_boundary)
        iam.PermissionsBoundary.of(self).apply(boundary)
        tag_as_of(self, names, environment)
        self._deployment = deployment
        self._folder = deployment.repository.folder(component)
        self._environment, self._names = environment, names
        self._names_of_regions = {there.region: Names.of(platform, there) for there in environment.regions}
        self._artifacts = PipelineArtifacts(self, "Artifacts", names=names, days=deployment.artifact_days)
        self._log = Log(self, "BuildLog", policy=LogPolicy(self._artifacts.key, deployment.log_days))
        self.blueprint = self._blueprint(names.stage(component))
        self._deploy(stages)
        size_builds(self.blueprint, BUILD_SIZES[component])
        self._watch()

    def _blueprint(self, pipeline_name: str) -> pipelines.CodePipeline:
        repository, branch = self._deployment.repository, self._environment.branch
        source = source_of(self, repository, branch)
        requester = f"pipeline {pipeline_name}, {repository.name} {branch}"
        return pipelines.CodePipeline(
            self,
            "Blueprint",
            pipeline_name=pipeline_name,
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            artifact_bucket=self._artifacts.bucket,
            cross_account_keys=True,
            enable_key_rotation=True,
            synth=synth_step(source, self._folder, self._environment.name, requested_by=requester),
            cli_version=CDK.fetched,
            cdk_assets_cli_version=CDK_ASSETS.fetched,
            # one build for all assets: changed code then does not change the pipeline, which would restart it
            publish_assets_in_parallel=False,
            # where somebody approves, the pipeline changes itself by a change set that was approved
            self_mutation=not self._environment.waits_for_approval,
            use_pipeline_role_for_actions=True,
            # shared ones would let one pipeline's self-mutation change what another stands on
            reuse_cross_region_support_stacks=False,
            code_build_defaults=self._build_defaults(),
            self_mutation_code_build_defaults=fetching(CDK),
            asset_publishing_code_build_defaults=fetching(CDK_ASSETS),
        )

    def _build_defaults(self) -> pipelines.CodeBuildOptions:
        cloud_watch = codebuild.CloudWatchLoggingOptions(log_group=self._log)
        return pipelines.CodeBuildOptions(
            logging=codebuild.LoggingOptions(cloud_watch=cloud_watch),
            partial_build_spec=with_node(),
        )

    def _deploy(self, stages: Sequence[cdk.Stage]) -> None:
        around = self._steps_around_replications(stages)
        for stage in stages:
            self.blueprint.add_stage(stage, stack_steps=around.get(stage.stage_name))
        self.blueprint.build_pipeline()
        Tests(self.blueprint, "Test", pipeline=self.blueprint.pipeline, artifacts=self._artifacts, log=self._log)
        if self._environment.waits_for_approval:
            Approval(
                self.blueprint,
                "Release",
                pipeline=self.blueprint.pipeline,
                stages=stages,
                names=self._names,
                log=self._log,
            )
        confine_builds(self.blueprint, image=self._deployment.build_image)
        acknowledge_patterns_of_cdk(self.blueprint)
        self._keep_no_artifacts_in_other_regions()

    def _steps_around_replications(self, stages: Sequence[cdk.Stage]) -> dict[str, list[pipelines.StackSteps]]:
        """The steps around the stack of replications in each stage that has one."""
        stacks = {stage.stage_name: stack for stage in stages if (stack := replication_stack(stage))}
        if not stacks:
            return {}
        steps = ReplicationSteps(
            self.blueprint,
            "Replication",
            names=self._names,
            environment=self._environment,
            artifacts=self._artifacts,
            log=self._log,
        )
        return {name: [steps.around(stack, self._names_of_regions[stack.region])] for name, stack in stacks.items()}

    def _keep_no_artifacts_in_other_regions(self) -> None:
        """What CDK puts beside a deployment in another Region are copies of what is in the bucket here."""
        for region in self.blueprint.pipeline.cross_region_support.values():
            bucket = region.replication_bucket
            if not isinstance(bucket, s3.Bucket):
                raise TypeError(f"{bucket.node.path} is not the bucket itself, its artifacts would stay")
            if bucket.encryption_key:
                keep_other_environments_out(bucket.encryption_key, self._names)
            tag_as_of(region.stack, self._names, self._environment)
            forget(bucket, names=self._names, days=self._deployment.artifact_days)
            acknowledge_no_access_log(bucket)

    def _watch(self) -> None:
        pipeline, repository = self.blueprint.pipeline, self._deployment.repository
        if isinstance(repository, ConnectedRepository):
            start_on_push(pipeline, self._environment.branch, self._folder)
            allow_connection(pipeline.role, repository)
        addresses = {*self._environment.notification_addresses, *self._deployment.notification_addresses}
        PipelineNotices(self, "Notices", pipeline=pipeline, key=self._artifacts.key, addresses=sorted(addresses))
