"""The order of a release: everything prepared, checked, approved and verified; only then anything executed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions

Action = dict[str, Any]
CHANGE_SET = "PipelineChange"
"""CDK's name for what it prepares."""
STOP, RESUME = "StopReplications", "ResumeReplications"
"""The actions around the deployment of replications."""
PREPARE, CHECK, APPROVE, VERIFY, CHANGE_PIPELINE, PUBLISH, DEPLOY = range(1, 8)
"""Run orders; from the last one on, stacks are deployed in the order of their dependencies."""


@dataclass(frozen=True)
class Asked:
    """The actions around a person's answer."""

    check: actions.CodeBuildAction
    approve: actions.ManualApprovalAction
    verify: actions.CodeBuildAction
    pin: actions.CodeBuildAction | None = None

    def with_pin(self, pin: actions.CodeBuildAction) -> Asked:
        """The same, where assets are published."""
        return replace(self, pin=pin)


def in_order(
    pipeline: codepipeline.Pipeline, stage_names: Sequence[str], asked: Asked, stacks: Sequence[Mapping[str, str]]
) -> None:
    """Give the actions of the stages, and the publication of assets, their places in the written definition.

    CDK prepares a stack right before it executes it, publishes assets in a stage before all that, and has a stage for
    each Region. All of it becomes the first of the stages; there the later ones are executed after the earlier ones.
    """
    written = pipeline.node.default_child
    if not isinstance(written, codepipeline.CfnPipeline):
        raise TypeError(f"{pipeline.node.path} writes no pipeline")
    own = cdk.Stack.of(pipeline)
    digest = own.resolve(asked.pin.variable("DIGEST")) if asked.pin else None
    stages = {stage["Name"]: stage for stage in map(_spelt, own.resolve(written.stages))}
    assets = stages.pop("Assets", {"Actions": []})
    released = [stages[name]["Actions"] for name in stage_names]
    _require([action for found in released for action in found], stacks, str(own.region))
    first, *later = stage_names
    ordered = _ordered(released, own.stack_name)
    for name, actions_of_stage in zip(later, ordered[1:], strict=True):
        del stages[name]
        for action in actions_of_stage:
            action["Name"] = f"{name.removeprefix(first + '-')}.{action['Name']}"
    published = [{**_pinned(action, digest), "RunOrder": PUBLISH} for action in assets["Actions"]]
    together = [action for found in ordered for action in found] + published
    stages[first]["Actions"] = sorted(together, key=lambda one: int(one["RunOrder"]))
    written.add_property_override("Stages", list(stages.values()))


def _spelt(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The constructs' spelling as CloudFormation's; a provider's own configuration has that already."""
    if isinstance(value, list):
        return [_spelt(inner) for inner in value]
    if isinstance(value, Mapping):
        return {
            key[0].upper() + key[1:]: inner if key == "configuration" else _spelt(inner) for key, inner in value.items()
        }
    return value


def _require(found: Sequence[Action], stacks: Sequence[Mapping[str, str]], own_region: str) -> None:
    """What is checked is what is prepared and what is executed, or nobody knows what was approved."""
    wanted = {(one["region"], one["stack"], one["change_set"]) for one in stacks}
    for mode in ("CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"):
        named = {
            (
                str(action.get("Region") or own_region),
                action["Configuration"]["StackName"],
                action["Configuration"]["ChangeSetName"],
            )
            for action in found
            if action["Configuration"].get("ActionMode") == mode
        }
        if named != wanted:
            raise ValueError(f"{mode} names {sorted(named)}, the check {sorted(wanted)}")


def _ordered(released: Sequence[Sequence[Action]], own: str) -> list[list[Action]]:
    """The actions of each stage with their run orders; a stage is executed after the one before it."""
    places = {"Check": CHECK, "Approve": APPROVE, "Verify": VERIFY}
    ordered, before = [], DEPLOY
    for found in released:
        orders = sorted({int(action["RunOrder"]) for action in found if _is_deployed(action, own)})

        def order(action: Action, orders: list[int] = orders, before: int = before) -> int:
            if _mode(action) == "CHANGE_SET_REPLACE":
                return PREPARE
            if _is_deployed(action, own):
                return before + orders.index(int(action["RunOrder"]))
            if _mode(action) == "CHANGE_SET_EXECUTE":
                return CHANGE_PIPELINE
            return places[action["Name"]]

        ordered.append([{**action, "RunOrder": order(action)} for action in found])
        before += len(orders)
    return ordered


def _is_deployed(action: Action, own: str) -> bool:
    """Whether an action deploys a stack of the environment, or belongs to the deployment of one."""
    if action["Name"] in (STOP, RESUME):
        return True
    return _mode(action) == "CHANGE_SET_EXECUTE" and not _is_of(action, own)


def _mode(action: Action) -> str:
    return str(action["Configuration"].get("ActionMode", ""))


def _is_of(action: Action, stack: str) -> bool:
    return bool(action["Configuration"]["StackName"] == stack)


def _pinned(action: Action, digest: str | None) -> Action:
    """A build of assets is told what the artifact was when somebody approved."""
    variables = [{"name": "APPROVED_DIGEST", "type": "PLAINTEXT", "value": digest}]
    configuration = {**action["Configuration"], "EnvironmentVariables": json.dumps(variables)}
    return {**action, "Configuration": configuration}
