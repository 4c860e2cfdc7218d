"""CloudFormation neither takes out nor changes an export that another stack imports; ministack only keeps the stack."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Outputs = tuple[list[Any], dict[str, Any]]
Resolve = Callable[..., Outputs]


def install() -> None:
    """Fail an update that would, when its outputs are known: then the stack rolls back."""
    patches.STACK_OUTPUTS.replace(_compared)


def _compared(resolve: Resolve) -> Resolve:
    def resolve_outputs(*arguments: Any) -> Outputs:  # noqa: ANN401 - handed through
        outputs, exports = resolve(*arguments)
        if refusal := _refusal(exports, stack_id=arguments[-1]):
            raise ValueError(refusal)
        return outputs, exports

    return resolve_outputs


def _refusal(exports: Mapping[str, Any], *, stack_id: str) -> str:
    for name, export in patches.EXPORTS.value.items():
        if export["StackId"] != stack_id or exports.get(name, {}).get("Value") == export["Value"]:
            continue
        for other, stack in patches.STACKS.value.items():
            if stack.get("StackStatus") != "DELETE_COMPLETE" and name in patches.IMPORTED_EXPORTS.value(stack, other):
                done = "updated" if name in exports else "deleted"
                return f"Export {name} cannot be {done} as it is in use by {other}"
    return ""
