"""What AWS says and does with change sets, and ministack does not: values before and after, and becoming obsolete.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html (BeforeContext, AfterContext),
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ChangeSetSummary.html (OBSOLETE)
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.emulator import ministack_patches as patches

Parameters = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Parameters], Answer]
_OK = 200
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "Metadata", "Condition", "DependsOn")


def install() -> None:
    """Include the values if the request wants them; let an update of a stack outdate what was prepared for it."""
    handlers = patches.STACK_OPERATIONS.value
    handlers["DescribeChangeSet"] = partial(_with_values, handlers["DescribeChangeSet"])
    handlers["UpdateStack"] = partial(_outdating, handlers["UpdateStack"])


def _with_values(describe: Handler, parameters: Parameters) -> Answer:
    status, headers, body = describe(parameters)
    if status != _OK or _one(parameters, "IncludePropertyValues").lower() != "true":
        return status, headers, body
    text = body.decode()
    for id_, which, context in _contexts(parameters):
        name = f"<LogicalResourceId>{escape(id_)}</LogicalResourceId>"
        value = escape(json.dumps(context), {'"': "&quot;"})
        text = text.replace(name, f"{name}<{which}Context>{value}</{which}Context>")
    return status, headers, text.encode()


def _contexts(parameters: Parameters) -> Iterator[tuple[str, str, Any]]:
    """Each changed resource before and after, with parameters and references resolved where possible."""
    (change_set,) = _change_sets(_one(parameters, "StackName"), _one(parameters, "ChangeSetName"))
    stack = patches.STACKS.value.get(change_set["StackName"]) or {}
    resolve = patches.RESOLVED_FOR_DIFFERENCE.value
    of_stack = change_set["StackName"], change_set["StackId"]
    sides = {
        "Before": resolve(stack.get("_template", {}), stack.get("_resolved_params", {}), *of_stack),
        "After": resolve(change_set["_template"], change_set["_resolved_params"], *of_stack),
    }
    for change in change_set["Changes"]:
        id_ = change["ResourceChange"]["LogicalResourceId"]
        for which, side in sides.items():
            if resource := side.get("Resources", {}).get(id_):
                attributes = {name: resource[name] for name in _ATTRIBUTES if name in resource}
                yield id_, which, {"Properties": resource.get("Properties", {}), **attributes}


def _outdating(update: Handler, parameters: Parameters) -> Answer:
    """A change set whose stack was changed otherwise since cannot be executed."""
    answer = update(parameters)
    if answer[0] == _OK:
        for change_set in _change_sets(_one(parameters, "StackName")):
            if change_set["ExecutionStatus"] == "AVAILABLE":
                change_set["ExecutionStatus"] = "OBSOLETE"
    return answer


def _change_sets(stack: str, name: str = "") -> list[dict[str, Any]]:
    """The change sets of a stack, or the one with a name; accepts names and ARNs."""
    return [
        change_set
        for id_, change_set in patches.CHANGE_SETS.value.items()
        if (id_ == name or stack in (change_set["StackName"], change_set["StackId"]))
        and name in ("", id_, change_set["ChangeSetName"])
    ]


def _one(parameters: Parameters, name: str) -> str:
    value = parameters.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
