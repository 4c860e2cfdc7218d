"""What AWS says and does with change sets and exports, and ministack does not.

Change sets say values before and after, and become obsolete:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html (BeforeContext, AfterContext),
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ChangeSetSummary.html (OBSOLETE)
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import parameter

Parameters = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Parameters], Answer]
Outputs = tuple[list[Any], dict[str, Any]]
_OK = 200
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "Metadata", "Condition", "DependsOn")


def install() -> None:
    """Say the values where they are asked for; let an update outdate what was prepared; keep exports that are used."""
    patches.STACK_OUTPUTS.wrap(_resolve_outputs)
    handlers = patches.STACK_OPERATIONS.value
    handlers["DescribeChangeSet"] = partial(_with_values, handlers["DescribeChangeSet"])
    handlers["UpdateStack"] = partial(_outdating, handlers["UpdateStack"])


def _with_values(describe: Handler, parameters: Parameters) -> Answer:
    status, headers, body = describe(parameters)
    if status != _OK or parameter(parameters, "IncludePropertyValues").lower() != "true":
        return status, headers, body
    text = body.decode()
    for id_, which, context in _contexts(parameters):
        name = f"<LogicalResourceId>{escape(id_)}</LogicalResourceId>"
        value = escape(json.dumps(context), {'"': "&quot;"})
        text = text.replace(name, f"{name}<{which}Context>{value}</{which}Context>")
    return status, headers, text.encode()


def _contexts(parameters: Parameters) -> Iterator[tuple[str, str, Any]]:
    """Each resource that changes, as it is and as it would be, parameters and references resolved where they can be."""
    (change_set,) = _change_sets(parameter(parameters, "StackName"), parameter(parameters, "ChangeSetName"))
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
        for change_set in _change_sets(parameter(parameters, "StackName")):
            if change_set["ExecutionStatus"] == "AVAILABLE":
                change_set["ExecutionStatus"] = "OBSOLETE"
    return answer


def _change_sets(stack: str, name: str = "") -> list[dict[str, Any]]:
    """Those of a stack, or the one of a name, whether they are called by name or by ARN."""
    return [
        change_set
        for id_, change_set in patches.CHANGE_SETS.value.items()
        if (id_ == name or stack in (change_set["StackName"], change_set["StackId"]))
        and name in ("", id_, change_set["ChangeSetName"])
    ]


def _resolve_outputs(resolve: Callable[..., Outputs], *arguments: Any) -> Outputs:  # noqa: ANN401 - ministack has no types
    """CloudFormation neither takes out nor changes an export that another stack imports: the stack rolls back.

    Ministack only keeps the stack.
    """
    outputs, exports = resolve(*arguments)
    if refusal := _refusal(exports, stack_id=arguments[-1]):
        raise ValueError(refusal)
    return outputs, exports


def _refusal(exports: Mapping[str, Any], *, stack_id: str) -> str:
    for name, export in patches.EXPORTS.value.items():
        if export["StackId"] != stack_id or exports.get(name, {}).get("Value") == export["Value"]:
            continue
        for other, stack in patches.STACKS.value.items():
            if stack.get("StackStatus") != "DELETE_COMPLETE" and name in patches.IMPORTED_EXPORTS.value(stack, other):
                done = "updated" if name in exports else "deleted"
                return f"Export {name} cannot be {done} as it is in use by {other}"
    return ""
