"""What the entries of manifests may not say together, and how they name columns."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from lake.tables.partitions import Partition
from lake.tables.registry import FORMATS
from odp.records import AUTO
from odp.table_identity import COLUMN, COLUMNS, MERGE_ON_READ, VIEWS, read_columns, read_partition

# Types of fields that name columns: a text with quotes around unusual names, or a JSON list.


SANITISE = "sanitise"
PLAIN_COLUMN = r"[A-Za-z_][A-Za-z0-9_]*"
"""A column's name that tables can have as it is."""


def _key(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and value:
        names = tuple(map(_listed, value))
    else:
        names = read_columns(_text(value, ", or a list of texts"))
    if len({name.lower() for name in names}) < len(names):
        message = f"names a column twice: {value!r}"
        raise ValueError(message)
    return names


def _listed(name: object) -> str:
    if not isinstance(name, str) or not name:
        message = f"must list texts, each the name of a column, not {_shown(name)}"
        raise ValueError(message)
    return name


def _column_or_none(without: str) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value == "":
            return None
        text = _text(value, way_out=f'; write "" for {without}')
        if re.fullmatch(COLUMN, text):
            return read_columns(text)[0]
        if len(read_columns(text)) > 1:
            message = f"{value!r} names several columns; write one, or an empty text for {without}"
            raise ValueError(message)
        message = f"{value!r} is no column name; write it without blanks at its ends, or in double quotes"
        raise ValueError(message)

    return read


def _partition(value: object) -> Partition | None:
    if value == "":
        return None
    text = _text(value, way_out='; write "" for an unpartitioned table')
    if "(" not in text and len(read_columns(text)) > 1:
        message = f"{value!r} names several columns; write one, or an empty text for an unpartitioned table"
        raise ValueError(message)
    return read_partition(text)


def _partitions(column: str) -> dict[str, Any]:
    """Give the pattern of a partition's text: a column, a day of one, or buckets of it."""
    name = rf"\s*{column}\s*"
    transformed = rf"day\({name}\)|bucket\(\s*[0-9]+\s*,{name}\)"
    return {"type": "string", "pattern": f"^({column}|{transformed})?$"}


def _text(value: object, or_else: str = "", way_out: str = "") -> str:
    if not isinstance(value, str) or not value.strip():
        message = f"must be a text{or_else}, not {_shown(value)}{way_out}"
        raise ValueError(message)
    return value


def _shown(value: object) -> str:
    """Write a value as its file has it; a text in Python's quotes, as all messages have texts."""
    return repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _schema_of_key(column: str, columns: str) -> dict[str, Any]:
    listed = {"type": "array", "items": {"type": "string", "pattern": f"^{column}$"}, "minItems": 1}
    return {"anyOf": [{"type": "string", "pattern": f"^{columns}$"}, listed]}


_PLAIN_COLUMNS = rf"\s*{PLAIN_COLUMN}\s*(,\s*{PLAIN_COLUMN}\s*)*"
PLAIN_KEY = _schema_of_key(PLAIN_COLUMN, _PLAIN_COLUMNS)
"""What the schema demands of a key besides, where names of columns are not sanitised."""
PLAIN_COLUMN_OR_NONE = {"pattern": f"^({PLAIN_COLUMN})?$"}
PLAIN_PARTITION = _partitions(PLAIN_COLUMN)

Key = Annotated[
    tuple[str, ...],
    BeforeValidator(_key),
    WithJsonSchema({**_schema_of_key(r"[\s\S]+", COLUMNS), "examples": ["ID", ["ORDER_ID", "LINE"]]}),
]
_COLUMN_OR_NONE = {"type": "string", "pattern": f"^({COLUMN})?$"}
PartitionField = Annotated[
    Partition | None,
    BeforeValidator(_partition),
    WithJsonSchema({**_partitions(COLUMN), "examples": ["", "REGION", "day(ORDERED_AT)", "bucket(16, ID)"]}),
]
ChangeSequence = Annotated[
    str | None,
    BeforeValidator(_column_or_none("the order of files and rows")),
    WithJsonSchema({**_COLUMN_OR_NONE, "examples": ["AR_H_CHANGE_SEQ"]}),
]


# What entries may not say together: within one entry, and beside each other.


# https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a manifest, and where it stands; a field that could not be read is left out.

    `written` has for each field that the entry names, itself or by a default, the name under which it does.
    """

    place: str
    fields: Mapping[str, Any]
    written: Mapping[str, str] = field(default_factory=dict)

    def called(self, name: str) -> str:
        """Give a field's name as the entry writes it."""
        return self.written.get(name, name)


def contradictions(batches: Sequence[Entry], tables: Sequence[Entry]) -> list[str]:
    """Name everything that contradicts itself or another entry."""
    return [
        *(f"{table.place}: {problem}" for table in tables for problem in _within(table)),
        *_twice(batches, ("refresh_cadence",)),
        *_twice(tables, ("source_table_name",)),
        *_twice(tables, ("raw_database_name", "raw_table_name")),
        *_names_of_views(tables),
        *_without_batch_config(batches, tables),
    ]


def _within(table: Entry) -> Iterator[str]:
    yield from _unusual_columns(table)
    yield from _sequence_that_identifies(table)
    yield from _what_the_format_lacks(table)
    name = table.fields.get("raw_table_name", "")
    if table.fields.get("hudi_table_type") == MERGE_ON_READ and len(name) > _LONGEST_NAME - len(VIEWS[0]):
        yield f"raw_table_name: {name} is too long for a merge_on_read table, which adds {' and '.join(VIEWS)} to it"


def _what_the_format_lacks(table: Entry) -> Iterator[str]:
    name = table.fields.get("table_format", "")
    if name not in FORMATS:
        return
    capabilities = FORMATS[name].capabilities
    partition = table.fields.get("partition_key")
    if partition and partition.transform not in capabilities.partition_transforms:
        able = [other for other, one in FORMATS.items() if partition.transform in one.capabilities.partition_transforms]
        yield (
            f"{table.called('partition_key')}: {capabilities.name} tables have no partitions by {partition}; write "
            f'"table_format": "{able[0]}", or a column by whose own values the table is partitioned (a column of this '
            "name stands in double quotes)"
        )
    engine = table.fields.get("engine", AUTO)
    if engine not in (AUTO, *capabilities.engines):
        other = next(other for other, one in FORMATS.items() if engine in one.capabilities.engines)
        yield (
            f"engine: {capabilities.name} tables cannot be refreshed by the {engine} engine; write "
            f'"table_format": "{other}", which takes a reload for a table that has data, or "engine": '
            f'"{capabilities.engines[0]}"'
        )
    table_type = table.fields.get("hudi_table_type")
    if table_type and table_type not in capabilities.table_types:
        yield (
            f"hudi_table_type: {capabilities.name} tables cannot be {table_type}; leave the field out for this table "
            f'(they are {capabilities.table_types[0]}), or write "table_format": "hudi"'
        )


def _unusual_columns(table: Entry) -> Iterator[str]:
    if table.fields.get("column_names") == SANITISE:
        return
    for key, names in _named_columns(table).items():
        for name in names:
            if re.fullmatch(PLAIN_COLUMN, name) is None:
                yield (
                    f"{table.called(key)}: {name!r} is no column name that tables can have (letters, digits and _); "
                    f'write "column_names": "{SANITISE}" to name a column as the source does'
                )


def _sequence_that_identifies(table: Entry) -> Iterator[str]:
    columns = _named_columns(table)
    for sequence in columns.pop("change_sequence", ()):
        for key, names in columns.items():
            if sequence.lower() in {name.lower() for name in names}:
                yield (
                    f"{table.called('change_sequence')}: {sequence} is part of {table.called(key)}, so it cannot say "
                    "which change of a row is the last; leave the field out, or name the column that holds DMS's "
                    "change sequence"
                )


def _named_columns(table: Entry) -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {"primary_key": table.fields.get("primary_key", ())}
    if partition := table.fields.get("partition_key"):
        named["partition_key"] = (partition.column,)
    if sequence := table.fields.get("change_sequence"):
        named["change_sequence"] = (sequence,)
    return named


def _twice(entries: Sequence[Entry], key: tuple[str, ...]) -> list[str]:
    places: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for entry in entries:
        if all(name in entry.fields for name in key):
            places[tuple(entry.fields[name] for name in key)].append(entry.place)
    return [
        f"{' and '.join(where)}: both are the entry for {'.'.join(value)} ({', '.join(key)}); keep one"
        for value, where in places.items()
        if len(where) > 1
    ]


def _names_of_views(tables: Sequence[Entry]) -> Iterator[str]:
    places = {_target(table): table.place for table in tables}
    for table in tables:
        if table.fields.get("hudi_table_type") != MERGE_ON_READ:
            continue
        database, name = _target(table)
        for view in VIEWS:
            if (other := places.get((database, f"{name}{view}"))) is not None:
                yield (
                    f"{table.place} and {other}: the merge_on_read table {database}.{name} occupies the name "
                    f"{database}.{name}{view}, too; give one of them another raw_table_name"
                )


def _target(table: Entry) -> tuple[str, str]:
    return table.fields.get("raw_database_name", ""), table.fields.get("raw_table_name", "")


def _without_batch_config(batches: Sequence[Entry], tables: Sequence[Entry]) -> list[str]:
    configured = {entry.fields.get("refresh_cadence") for entry in batches}
    return [
        f"{entry.place}: refresh_cadence {cadence!r} has no entry in batch_configs; add one or use a configured cadence"
        for entry in tables
        if (cadence := entry.fields.get("refresh_cadence")) is not None and cadence not in configured
    ]
