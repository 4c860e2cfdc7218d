"""Finds the entries in a file: a list, one object, an object per line, or a DynamoDB export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from odp_cli.reference_import.errors import ReferenceFileError
from odp_cli.reference_import.reference_fields import is_known, section_of

_MANIFEST = {"batch_configs", "raw_table_configs"}
_REST_FOLLOWS = ("LastEvaluatedKey", "NextToken")
_SHAPES = (
    "must hold a list of entries, one entry, one entry a line, or an export of the DynamoDB table (aws dynamodb scan)"
)
_SCALARS = {"S", "N", "BOOL", "NULL"}
_TYPES = {*_SCALARS, "B", "SS", "NS", "BS", "L", "M"}


def entries_of(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the entries of a file as flat objects.

    Raises:
        ReferenceFileError: the file has another shape, or holds a part of an export.
    """
    found = [entry for value in values for entry in _listed(value)]
    if not found:
        raise ReferenceFileError("holds no entry; name a file that holds entries, or leave it out")
    return [_flat(entry, position) for position, entry in enumerate(found, start=1)]


def _listed(value: object) -> Iterator[object]:
    if isinstance(value, list):
        yield from value
    elif not isinstance(value, dict):
        raise ReferenceFileError(_SHAPES)
    elif _MANIFEST & value.keys():
        raise ReferenceFileError("is a manifest already; `odp config validate` checks it")
    elif any(is_known(name) for name in value) or _request_item(value) is not None:
        yield value
    else:
        yield from _only_list(value)


def _only_list(document: Mapping[str, Any]) -> Sequence[object]:
    """The list in an object that has no other: `Items` of a scan, or the name of a table in a batch of requests."""
    for name in _REST_FOLLOWS:
        if document.get(name) is not None:
            raise ReferenceFileError(
                f"is a part of the table ({name}): export all of it, without --max-items and --no-paginate"
            )
    lists = [value for value in document.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise ReferenceFileError(_SHAPES)
    return lists[0]


def _request_item(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """The entry in a line of an export to S3 (`Item`), or in a request to write it (`PutRequest`)."""
    inner = entry.get("PutRequest", entry)
    item = inner.get("Item") if isinstance(inner, dict) else None
    return item if isinstance(item, dict) else None


def _flat(entry: object, position: int) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ReferenceFileError(f"entry {position} must be an object, not {entry!r}")
    fields = _request_item(entry) or entry
    if section_of(fields) is None:
        raise ReferenceFileError(
            f"entry {position}: is neither a batch config (glue_job_name, …) nor a raw table config "
            f"(source_table_name, …); it has {', '.join(map(str, fields)) or 'no field'}"
        )
    return {name: _untyped(value, f"entry {position}: {name}") for name, value in fields.items()}


def _untyped(value: object, place: str) -> object:
    """Take the value out of its DynamoDB type: `{"N": "5"}` holds `"5"`."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((type_name, inner),) = value.items()
    if type_name not in _TYPES:
        return value
    if type_name not in _SCALARS:
        raise ReferenceFileError(
            f"{place}: holds the DynamoDB type {type_name}; write it as text, number or truth value (S, N, BOOL)"
        )
    return None if type_name == "NULL" else inner
