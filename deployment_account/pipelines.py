"""Which pipelines an app has: one for each branch that its environments live on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployment_account.environments import Environment, Platform
from deployment_account.errors import ConfigurationError
from deployment_account.names import Names
from deployment_account.pipeline_stack import PipelineStack
from deployment_account.stages import BuildStage, environment_stage

if TYPE_CHECKING:
    import aws_cdk as cdk


def add_pipelines(app: cdk.App, platform: Platform, component: str, build_stage: BuildStage) -> list[PipelineStack]:
    """Add a component's pipelines, or the one that `-c pipeline=<its first environment>` names.

    Each is a stack of its own, named after its first environment, and its builds synthesise no other: what is
    configured or broken elsewhere cannot reach it.
    """

    def stage(environment: Environment) -> cdk.Stage:
        """Outside the pipeline's stack, whose path would change logical ids when a stage comes to another pipeline."""
        return environment_stage(app, platform, environment, component, build_stage)

    return [
        PipelineStack(
            app,
            Names.of(platform, environments[0]).pipeline_stack(component),
            platform=platform,
            component=component,
            environments=environments,
            stage_of=stage,
        )
        for environments in _chosen(environments_by_branch(platform), app.node.try_get_context("pipeline"))
    ]


def environments_by_branch(platform: Platform) -> list[list[Environment]]:
    """The environments of each pipeline: those of one branch together, all in the order of the configuration.

    A branch for each environment gives each a pipeline; one branch for all is trunk-based development, in which a
    commit moves from environment to environment with an approval between.
    """
    by_branch: dict[str, list[Environment]] = {}
    for environment in platform.environments.values():
        by_branch.setdefault(environment.branch, []).append(environment)
    return list(by_branch.values())


def _chosen(pipelines: Sequence[list[Environment]], first: str | None) -> Sequence[list[Environment]]:
    if first is None:
        return pipelines
    named = {environments[0].name: environments for environments in pipelines}
    if first not in named:
        raise ConfigurationError("-c pipeline", [f"no pipeline begins with {first}; there are {', '.join(named)}"])
    return [named[first]]
