"""The plan of a tear-down: stacks to delete, their order, and what stays."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy.policies import environment_policies
from scripts.bootstrap.stacks import DeployedStack, stacks_of
from scripts.bootstrap.steps import Step

COMPONENTS = ("infra", "etl")
"""In the order of their deployment; the later one reads what the earlier one publishes."""
LINK = "infra-link"
"""The stage that comes last in the pipeline of infra where there are two Regions."""


@dataclass(frozen=True)
class TearDown:
    """A plan: stacks to delete, those that need it first, and stacks that stay because they hold buckets."""

    deleted: tuple[DeployedStack, ...]
    kept: tuple[DeployedStack, ...]

    def steps(self, account: Account) -> list[Step]:
        """Delete one stack after the other; none begins before the one before it is gone."""
        return [
            step
            for stack in self.deleted
            for step in (
                account.call("cloudformation", "delete_stack", StackName=stack.name),
                account.wait("cloudformation", "stack_delete_complete", StackName=stack.name),
            )
        ]


def plan_tear_down(account: Account, names: Names) -> TearDown:
    """A stack with a bucket stays whole, key and policies included, so that its data stays readable."""
    in_order: list[DeployedStack] = []
    for component in (LINK, *reversed(COMPONENTS)):
        in_order += [stack for stack in _deletion_order(account, names, component) if stack not in in_order]
    kept: list[DeployedStack] = []
    for stack in in_order:
        if stack.resources("AWS::S3::Bucket") or stack.importers() & {needing.name for needing in kept}:
            kept.append(stack)
    deleted = [stack for stack in in_order if stack not in kept]
    _refuse_protected(deleted)
    return TearDown(tuple(deleted), tuple(kept))


def what_stays(plan: TearDown, platform: Platform, environment: Environment) -> list[str]:
    """What a tear-down leaves, in sentences."""
    place = Place.of(environment)
    lines = [
        f"stack {stack.name} with its key and its buckets: {', '.join(stack.resources('AWS::S3::Bucket'))}"
        for stack in plan.kept
    ]
    names = Names.of(platform, environment)
    pipelines = " and ".join(names.pipeline_stack(component) for component in COMPONENTS)
    policies = ", ".join(policy.name for policy in environment_policies(platform, environment))
    deployment = platform.deployment_of(environment).account
    return [
        *lines,
        "tables, keys and logs whose removal policy is to be retained",
        f"pipelines {pipelines} in account {deployment}: the next push deploys the environment again",
        f"the bootstrap of {place} (stack {names.toolkit_stack}) and its policies {policies}",
    ]


def _deletion_order(account: Account, names: Names, component: str) -> list[DeployedStack]:
    """Whoever imports from a stack goes before it; without imports the one created last goes first."""
    pipeline = names.pipeline_stack(component)
    deployed = stacks_of(account, f"{names.stage(component)}-")
    stacks = {stack.name: stack for stack in reversed(deployed) if stack.name != pipeline}
    graph = {name: sorted(stack.importers() & set(stacks)) for name, stack in stacks.items()}
    return [stacks[name] for name in TopologicalSorter(graph).static_order()]


def _refuse_protected(stacks: list[DeployedStack]) -> None:
    protected = [stack.name for stack in stacks if stack.is_protected]
    if protected:
        command = "aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name"
        raise BootstrapError(
            f"termination protection is on for {', '.join(protected)}; nothing was deleted",
            mend="if this environment is really to go, " + " && ".join(f"{command} {name}" for name in protected),
        )
