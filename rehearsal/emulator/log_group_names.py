"""CloudFormation names a log group without a name after its stack, as it names all else; ministack makes up a path."""

import hashlib
from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Operation = Callable[..., Any]
NAME = "LogGroupName"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SUFFIX_LENGTH = 12


def install() -> None:
    """Name log groups by the patterns that policies of AWS would compare."""
    operations = patches.RESOURCE_HANDLERS.value["AWS::Logs::LogGroup"]
    operations["create"] = _created(operations["create"])
    operations["update"] = _updated(operations["update"])


def made_up_name(stack: str, logical_id: str) -> str:
    """Stack, logical id and what looks like a random end; the same each time, as the place of a resource is."""
    digest = hashlib.sha256(f"{stack}/{logical_id}".encode()).digest()
    return f"{stack}-{logical_id}-{''.join(_LETTERS[byte % 32] for byte in digest[:_SUFFIX_LENGTH])}"


def _created(create: Operation) -> Operation:
    def create_log_group(logical_id: str, properties: dict[str, Any], stack: str) -> Any:  # noqa: ANN401 - ministack's
        name = properties.get(NAME) or made_up_name(stack, logical_id)
        return create(logical_id, {**properties, NAME: name}, stack)

    return create_log_group


def _updated(update: Operation) -> Operation:
    def update_log_group(physical_id: str, old: dict[str, Any], new: dict[str, Any], *place: Any) -> Any:  # noqa: ANN401
        named = ({**each, NAME: each.get(NAME) or physical_id} for each in (old, new))
        return update(physical_id, *named, *place)

    return update_log_group
