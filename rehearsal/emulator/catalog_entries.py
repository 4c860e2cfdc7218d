"""What the Data Catalog refuses in an entry of a table, and that an update replaces the whole entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

LONGEST_PARAMETER, LONGEST_COMMENT, LONGEST_NAME = 512_000, 255, 255
"""Bytes and characters (https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html)."""
_REPLACED = {"Description": "", "Owner": "", "StorageDescriptor": {}, "PartitionKeys": [], "Parameters": {}}
"""What an update that leaves it out empties."""

Operation = Callable[..., Any]


def install() -> None:
    """Check each entry that is made or updated."""
    patches.GLUE_CREATE_TABLE.wrap(lambda create, request: _checked(create, request, {}))
    patches.GLUE_UPDATE_TABLE.wrap(lambda update, request: _checked(update, request, _REPLACED))


def refusals(entry: Mapping[str, Any]) -> Iterator[str]:
    """Say what AWS takes in no entry."""
    for name, text in (entry.get("Parameters") or {}).items():
        if len(name) > LONGEST_NAME:
            yield f"parameter {name[:20]}… has a key of more than {LONGEST_NAME} characters"
        if len(str(text).encode()) > LONGEST_PARAMETER:
            yield f"parameter {name} has more than {LONGEST_PARAMETER} bytes"
    columns = (entry.get("StorageDescriptor") or {}).get("Columns") or []
    for column in [*columns, *(entry.get("PartitionKeys") or [])]:
        if len(column["Name"]) > LONGEST_NAME:
            yield f"column {column['Name'][:20]}… has more than {LONGEST_NAME} characters"
        if len(column.get("Comment") or "") > LONGEST_COMMENT:
            yield f"the comment of column {column['Name']} has more than {LONGEST_COMMENT} characters"


def _checked(operation: Operation, request: dict[str, Any], defaults: Mapping[str, Any]) -> Any:  # noqa: ANN401 - ministack has no types
    entry = request.get("TableInput", {})
    if problems := [*refusals(entry)]:
        return patches.JSON_ERROR.value("ValidationException", "; ".join(problems), 400)
    return operation({**request, "TableInput": {**defaults, **entry}})
