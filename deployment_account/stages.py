"""A component's stage for one environment, the same whether a pipeline deploys it or a person does."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
from constructs import Construct

from deployment_account.environments import Environment, Platform
from deployment_account.errors import ConfigurationError
from deployment_account.names import LAKE_TAG, Names

QUALIFIER = "@aws-cdk/core:bootstrapQualifier"
"""The context key of the bootstrap that deploys the stacks of a stage."""


class EnvironmentStage(cdk.Stage):
    """A stage in an environment's account and Region, deployed by the roles of that environment's own bootstrap."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, environment: Environment) -> None:
        super().__init__(scope, id_, env=cdk.Environment(account=environment.account, region=environment.region))
        self.node.set_context(QUALIFIER, Names.of(platform, environment).qualifier)


BuildStage = Callable[[Construct, str, Platform, Environment], cdk.Stage]


def environment_stages(
    scope: Construct, platform: Platform, environment: Environment, component: str, build_stage: BuildStage
) -> list[cdk.Stage]:
    """Build a component's stages in the order of their deployment: the primary Region's, then the secondary's."""
    return [_stage(scope, platform, there, component, build_stage) for there in environment.regions]


def _stage(
    scope: Construct, platform: Platform, environment: Environment, component: str, build_stage: BuildStage
) -> cdk.Stage:
    """Build the stage under its own name, with the environment's tags on all its resources."""
    names = Names.of(platform, environment)
    stage = build_stage(scope, names.stage_id(component), platform, environment)
    tag_as_of(stage, names, environment)
    return stage


def tag_as_of(scope: Construct, names: Names, environment: Environment) -> None:
    """Tag all resources of the scope: tags divide the bill, and policies use one of them."""
    for key, value in {**environment.tags, LAKE_TAG: names.lake}.items():
        cdk.Tags.of(scope).add(key, value)


def add_direct_stages(app: cdk.App, platform: Platform, component: str, build_stage: BuildStage) -> bool:
    """Add the stages of the environment that `-c direct=<environment>` names, without a pipeline; False if none is.

    So a sandbox account needs neither a deployment account nor a repository.
    """
    name = app.node.try_get_context("direct")
    if name is None:
        return False
    if name not in platform.environments:
        known = ", ".join(platform.environments)
        raise ConfigurationError("-c direct", [f"there is no environment {name}; there are {known}"])
    environment_stages(app, platform, platform.environments[name], component, build_stage)
    return True
