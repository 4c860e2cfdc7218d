"""What the entries of manifests may not say together: within one entry, and beside each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from odp.config_manager.manifest_columns import PLAIN_COLUMN, SANITISE
from odp.table_identity import MERGE_ON_READ, VIEWS

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
    name = table.fields.get("raw_table_name", "")
    if table.fields.get("hudi_table_type") == MERGE_ON_READ and len(name) > _LONGEST_NAME - len(VIEWS[0]):
        yield f"raw_table_name: {name} is too long for a merge_on_read table, which adds {' and '.join(VIEWS)} to it"


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
    for key in ("partition_key", "change_sequence"):
        if column := table.fields.get(key):
            named[key] = (column,)
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
