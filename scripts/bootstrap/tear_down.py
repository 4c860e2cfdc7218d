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


@dataclass(frozen=True)
class TearDown:
    """A plan for one Region: stacks to delete, those that need it first, and stacks that stay with their buckets."""

    account: Account
    deleted: tuple[DeployedStack, ...]
    kept: tuple[DeployedStack, ...]

    def steps(self) -> list[Step]:
        """Delete one stack after the other; none begins before the one before it is gone."""
        return [
            step
            for stack in self.deleted
            for step in (
                self.account.call("cloudformation", "delete_stack", StackName=stack.name),
                self.account.wait("cloudformation", "stack_delete_complete", StackName=stack.name),
            )
        ]


def plans_of(
    account: Account, platform: Platform, environment: Environment, *, secondary_alone: bool = False
) -> list[TearDown]:
    """One plan for each Region, the secondary first: it was deployed last.

    A stage of the secondary may have stacks in both Regions.
    """
    if secondary_alone and environment.secondary is None:
        raise BootstrapError(f"{environment.name} has no secondary Region", mend="leave out --secondary")
    last = environment.regions[-1]
    return [
        plan_tear_down(account.at(Place.of(there)), Names.of(platform, last if secondary_alone else there))
        for there in reversed(environment.regions)
    ]


def plan_tear_down(account: Account, names: Names) -> TearDown:
    """A stack with a bucket stays whole, key and policies included, so that its data stays readable."""
    in_order = [stack for component in reversed(COMPONENTS) for stack in _deletion_order(account, names, component)]
    kept: list[DeployedStack] = []
    for stack in in_order:
        if stack.resources("AWS::S3::Bucket") or stack.importers() & {needing.name for needing in kept}:
            kept.append(stack)
    deleted = [stack for stack in in_order if stack not in kept]
    _refuse_protected(deleted)
    return TearDown(account, tuple(deleted), tuple(kept))


def what_stays(plan: TearDown, platform: Platform, environment: Environment) -> list[str]:
    """What a tear-down leaves in a Region, in sentences."""
    place = plan.account.place
    lines = [
        f"stack {stack.name} with its key and its buckets: {', '.join(stack.resources('AWS::S3::Bucket'))}"
        for stack in plan.kept
    ]
    names = Names.of(platform, environment)
    pipelines = " and ".join(names.pipeline_stack(component) for component in COMPONENTS)
    here = [there for there in environment.regions if Place.of(there) == place]
    policies = ", ".join(policy.name for there in here for policy in environment_policies(platform, there))
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
    deployed = stacks_of(account, f"{names.stage_id(component)}-")
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
