"""Which pipelines an app has: one for each environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployment_account.environments import Environment, Platform
from deployment_account.errors import ConfigurationError
from deployment_account.names import Names
from deployment_account.pipeline_stack import PipelineStack
from deployment_account.stages import BuildStage, environment_stages

if TYPE_CHECKING:
    import aws_cdk as cdk


def add_pipelines(app: cdk.App, platform: Platform, component: str, build_stage: BuildStage) -> list[PipelineStack]:
    """Add a component's pipelines, or the one of the environment that `-c pipeline=<environment>` names.

    Each is a stack of its own, and its builds synthesise no other: what is configured or broken elsewhere cannot
    reach it. Environments may share a branch, not a pipeline: its builds would have rights in all of them.
    """
    return [
        PipelineStack(
            app,
            Names.of(platform, environment).pipeline_stack(component),
            platform=platform,
            component=component,
            environment=environment,
            # outside the pipeline's stack: the logical ids of a stage do not depend on who deploys it
            stages=environment_stages(app, platform, environment, component, build_stage),
        )
        for environment in _chosen(platform, app.node.try_get_context("pipeline"))
    ]


def _chosen(platform: Platform, name: str | None) -> Sequence[Environment]:
    if name is None:
        return list(platform.environments.values())
    if name not in platform.environments:
        known = ", ".join(platform.environments)
        raise ConfigurationError("-c pipeline", [f"there is no environment {name}; there are {known}"])
    return [platform.environments[name]]
