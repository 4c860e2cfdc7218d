"""Reads the files of one source table, in the order of application, from odpf_file_tracker or its history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import read_items

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_LOADS = "0/"
_AFTER_CHANGES = "10"
"""The first text after all texts that begin with `1/`."""
_DAY = len("1/20260101")
_MANY = 10
"""So many files of a day are read together: DynamoDB charges a Query by bytes, and a key of a BatchGetItem as 4 kB."""
_FILES_OF_A_UNIT = 5


@dataclass(frozen=True, slots=True)
class FilesTable:
    """A table that threads can share, because it uses the client."""

    client: DynamoDBClient
    name: str


def range_of_changes(from_name: str) -> tuple[str, str]:
    """Return the range of sort keys of a table's changes, from a file name on."""
    return f"1/{from_name}", _AFTER_CHANGES


def loads_and_changes(
    table: FilesTable, source_table_name: str, most_changes: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read all parts of loads and the oldest changes up to a limit, in one request if they are not many."""
    loads: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    first_change, last = range_of_changes("")
    values = {":name": source_table_name, ":first": _LOADS, ":last": last}
    keys = "source_table_name = :name AND file_id BETWEEN :first AND :last"
    for item in query(table, keys, values, page_size=most_changes):
        file_id = str(item["file_id"])
        if file_id >= first_change:
            changes.append(item)
        elif file_id.startswith(_LOADS):  # an id of format 1 may lie between the two
            loads.append(item)
        if len(changes) == most_changes:
            break
    return loads, changes


def loads_of(table: FilesTable, source_table_name: str, *, most: int | None = None) -> list[dict[str, Any]]:
    """Read the parts of loads, up to a limit."""
    values = {":name": source_table_name, ":loads": _LOADS}
    return list(query(table, "source_table_name = :name AND begins_with(file_id, :loads)", values, most=most))


def changes_of(
    table: FilesTable, source_table_name: str, from_name: str = "", most: int | None = None
) -> list[dict[str, Any]]:
    """Read the changes from a file name on, up to a limit."""
    first, last = range_of_changes(from_name)
    values = {":name": source_table_name, ":first": first, ":last": last}
    return list(query(table, "source_table_name = :name AND file_id BETWEEN :first AND :last", values, most=most))


def known_ids(table: FilesTable, keys: Iterable[Mapping[str, str]]) -> set[str]:
    """Return the ids of those files that a table has; files of one day are read together if they are many."""
    of_days: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        of_days[key["source_table_name"], key["file_id"][:_DAY]].append(key["file_id"])
    known: set[str] = set()
    alone: list[dict[str, str]] = []
    for (source_table_name, _), ids in of_days.items():
        left = sorted(ids)
        if len(left) >= _MANY:
            found, read_until = _known_of_day(table, source_table_name, left)
            known |= found
            left = [file_id for file_id in left if file_id > read_until]
        alone += ({"source_table_name": source_table_name, "file_id": file_id} for file_id in left)
    items = read_items(table.client, table.name, alone, ProjectionExpression="file_id")
    return known.union(str(item["file_id"]) for item in items)


def _known_of_day(table: FilesTable, source_table_name: str, ids: Sequence[str]) -> tuple[set[str], str]:
    """Return the known ids, and the id up to which they were looked for: other files of the day may be far more."""
    values = {":name": source_table_name, ":first": ids[0], ":last": ids[-1]}
    keys, most = "source_table_name = :name AND file_id BETWEEN :first AND :last", _FILES_OF_A_UNIT * len(ids)
    found = [str(item["file_id"]) for item in query(table, keys, values, most=most, ProjectionExpression="file_id")]
    return set(found), found[-1] if len(found) == most else ids[-1]


def of_last_name(table: FilesTable, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the following changes with the same file name as the last given one."""
    *_, before, last = (None, *(str(item["file_id"]) for item in changes))
    if before is None or _name_in(before) != _name_in(last):
        return []
    values = {":name": str(changes[-1]["source_table_name"]), ":same": f"{_name_in(last)}/"}
    items = query(table, "source_table_name = :name AND begins_with(file_id, :same)", values)
    return [item for item in items if str(item["file_id"]) > before]


def _name_in(file_id: str) -> str:
    return file_id.rpartition("/")[0]


def query(
    table: FilesTable,
    keys: str,
    values: Mapping[str, str],
    *,
    most: int | None = None,
    page_size: int | None = None,
    **options: Any,  # noqa: ANN401 - boto3's own
) -> Iterator[dict[str, Any]]:
    """Read items page by page, as far as somebody takes them."""
    size = page_size or most
    pages = table.client.get_paginator("query").paginate(
        TableName=table.name,
        KeyConditionExpression=keys,
        ExpressionAttributeValues=values,
        ConsistentRead=True,
        **options,
        PaginationConfig={**({"MaxItems": most} if most else {}), **({"PageSize": size} if size else {})},
    )
    for page in pages:
        yield from page["Items"]
