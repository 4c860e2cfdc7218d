"""A person approves the change sets that CloudFormation will execute, told what they lose, broaden and replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from deployment_account.pipeline_programs import publishing, release_step
from deployment_account.pipeline_release_order import CHANGE_SET, Asked, in_order
from deployment_account.qualifiers import bootstrap_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_logs as logs

    from deployment_account.names import Names

ASSETS = "Assets"
"""The name of the stage in which CDK publishes what the stacks refer to."""
CAPABILITIES = [cdk.CfnCapabilities.NAMED_IAM, cdk.CfnCapabilities.AUTO_EXPAND]


class Approval(Construct):
    """All that a release changes is prepared, checked, approved, and then executed as it was prepared.

    Of the pipeline itself, too: a push that removes the approval changes nothing before somebody approves that. One
    stage does it all, in both Regions, because CodePipeline lets no other release into a stage meanwhile: it would
    replace the change sets. Before the approval nothing that was pushed runs with a role of the environment, afterwards
    nothing either.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        pipeline: codepipeline.Pipeline,
        stages: Sequence[cdk.Stage],
        names: Names,
        log: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        self._own, self._stages, self._names, self._log = cdk.Stack.of(pipeline), stages, names, log
        self._assembly = _assembly(pipeline)
        prepare, execute = self._own_changes()
        asked = self._asked()
        stage_names = [stage.stage_name for stage in stages]
        for action in (prepare, asked.check, asked.approve, asked.verify, execute):
            pipeline.stage(stage_names[0]).add_action(action)
        if ASSETS in [each.stage_name for each in pipeline.stages]:
            pin = self._pin()
            asked = asked.with_pin(pin)
            pipeline.stage("Build").add_action(pin)
            publishing(scope)
        in_order(pipeline, stage_names, asked, self._stacks())

    def _own_changes(self) -> tuple[codepipeline.IAction, codepipeline.IAction]:
        """The pipeline changes itself as it changes everything else, and not by what CDK would run for it."""
        stack, role = self._own.stack_name, self._role("deploy")
        prepare = actions.CloudFormationCreateReplaceChangeSetAction(
            action_name="Pipeline.Prepare",
            template_path=self._assembly.at_path(self._own.template_file),
            admin_permissions=True,
            deployment_role=self._role("cfn-exec"),
            cfn_capabilities=CAPABILITIES,
            stack_name=stack,
            change_set_name=CHANGE_SET,
            role=role,
        )
        execute = actions.CloudFormationExecuteChangeSetAction(
            action_name="Pipeline.Deploy", stack_name=stack, change_set_name=CHANGE_SET, role=role
        )
        return prepare, execute

    def _asked(self) -> Asked:
        project = self._project("Check", "Reads the change sets of a release", ["MESSAGE", "FINGERPRINT", "LINK"])
        roles = list(dict.fromkeys(one["role"] for one in self._stacks()))
        project.add_to_role_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=roles))
        check = self._build("Check", project, STEP="check")
        approve = actions.ManualApprovalAction(
            action_name="Approve",
            additional_information=f"{check.variable('MESSAGE')} {check.variable('LINK')}",
            external_entity_link=check.variable("LINK"),
        )
        approved = check.variable("FINGERPRINT")
        return Asked(check, approve, self._build("Verify", project, STEP="verify", APPROVED_FINGERPRINT=approved))

    def _pin(self) -> actions.CodeBuildAction:
        """Nobody else's synthesis is in the same stage meanwhile, so that this is what this execution has made."""
        project = self._project("Pin", "Remembers what a synthesis made", ["DIGEST"])
        return self._build("Pin", project, run_order=2, STEP="pin")

    def _project(self, id_: str, description: str, exported: Sequence[str]) -> codebuild.PipelineProject:
        return codebuild.PipelineProject(
            self,
            id_,
            description=description,
            build_spec=codebuild.BuildSpec.from_object(release_step(self._stacks(), exported)),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self._log)),
        )

    def _build(
        self, name: str, project: codebuild.PipelineProject, *, run_order: int = 1, **variables: str
    ) -> actions.CodeBuildAction:
        """CodePipeline wants an input for every build; only `pin` reads it, as data."""
        return actions.CodeBuildAction(
            action_name=name,
            run_order=run_order,
            input=self._assembly,
            project=project,
            environment_variables={
                key: codebuild.BuildEnvironmentVariable(value=value) for key, value in variables.items()
            },
        )

    def _stacks(self) -> list[dict[str, str]]:
        """Every stack of a release, the pipeline's own first, with the role that reads its change set."""
        stacks = [
            stack for stage in self._stages for stack in sorted(_stacks_of(stage), key=lambda one: one.stack_name)
        ]
        return [
            {
                "stack": one.stack_name,
                "change_set": CHANGE_SET,
                "role": _lookup_role(self._names, one.account, one.region),
                "region": str(one.region),
            }
            for one in (self._own, *stacks)
        ]

    def _role(self, which: str) -> iam.IRole:
        """A bootstrap role in the account of the pipelines, named as CDK Pipelines names the roles of stages."""
        id_ = which.title().replace("-", "")
        if found := self.node.try_find_child(id_):
            return found  # type: ignore[return-value]
        account, region = self._own.account, self._own.region
        name = bootstrap_role(self._names.qualifier, which, account, region)
        arn = f"arn:aws:iam::{account}:role/{name}"
        return iam.Role.from_role_arn(self, id_, arn, mutable=False, add_grants_to_resources=True)


def _stacks_of(stage: cdk.Stage) -> list[cdk.Stack]:
    return [child for child in stage.node.find_all() if isinstance(child, cdk.Stack)]


def _lookup_role(names: Names, account: str | None, region: str | None) -> str:
    """The bootstrap role that may read what is deployed and prepared, and nothing else."""
    return f"arn:aws:iam::{account}:role/{bootstrap_role(names.qualifier, 'lookup', str(account), str(region))}"


def _assembly(pipeline: codepipeline.Pipeline) -> codepipeline.Artifact:
    """What the synth step made; CDK hands it to no one but its own steps, and the tests beside it make nothing."""
    (assembly,) = [
        made for action in pipeline.stage("Build").actions for made in action.action_properties.outputs or []
    ]
    return assembly
