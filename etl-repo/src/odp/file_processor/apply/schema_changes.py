"""Decides how a table's schema follows its source.

The files of a refresh and the table, in the source's order, each continue the schema of the one before. A newer file
may have more columns and wider types. It may not lack a column nor change a type otherwise: the lake would have no
values for the one, and could not hold its values as the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lake.errors import SchemaChangeRefusedError
from lake.tables.capabilities import Capabilities
from lake.tables.columns import Columns, ColumnType, Unsupported, promote, stored_type

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The columns of one file or of the table, and what to call it in messages."""

    name: str
    columns: Columns

    def only(self, names: Collection[str]) -> SchemaVersion:
        """Leave out all other columns."""
        return SchemaVersion(self.name, {name: type_ for name, type_ in self.columns.items() if name in names})

    def without(self, names: Collection[str]) -> SchemaVersion:
        """Leave these columns out."""
        return self.only(self.columns.keys() - set(names))


def decide_columns(versions: Sequence[SchemaVersion], *, keep_dropped: bool = False) -> dict[str, ColumnType]:
    """Give the columns that hold the rows of all versions, which come in the source's order.

    With `keep_dropped` a column that a newer version lacks stays; its values are NULL from then on.

    Raises:
        SchemaChangeRefusedError: a version does not continue the one before; every such column is named.
    """
    problems: list[str] = []
    known = SchemaVersion("", {})
    for version in versions:
        stored = SchemaVersion(version.name, {name: stored_type(type_) for name, type_ in version.columns.items()})
        if stored.columns != known.columns:
            if keep_dropped:
                stored = SchemaVersion(stored.name, {**known.columns, **stored.columns})
            problems += [*_impossible_columns(known, stored), *_differences(known, stored)]
        order = [name for name in known.columns if name in stored.columns]
        known = SchemaVersion(stored.name, {name: stored.columns[name] for name in order} | dict(stored.columns))
    if problems:
        raise SchemaChangeRefusedError(problems)
    return dict(known.columns)


def refuse_partition_type(columns: Columns, partition_key: str | None, capabilities: Capabilities) -> None:
    """Refuse a partition column whose values the table format cannot keep partitions of.

    Raises:
        SchemaChangeRefusedError: the partition column has such a type.
    """
    type_ = columns.get(partition_key or "")
    if isinstance(type_, capabilities.no_partitions):
        message = (
            f"partition column {partition_key} is of type {type_}, whose values name no folder that readers understand;"
            " name a column of texts, whole numbers or dates as partition_key"
        )
        raise SchemaChangeRefusedError([message])


def must_rewrite(table: Columns, decided: Columns, bound: Collection[str], capabilities: Capabilities) -> bool:
    """Tell whether the table's rows must be rewritten before wider ones join them.

    Record keys and partitions are made from `bound` columns; a format may keep them as text or in the old type.
    """
    widened = [name for name, type_ in table.items() if decided[name] != type_]
    derived = set(bound) if capabilities.keeps_derived_values else set()
    return any(name in derived or promote(table[name], decided[name]) not in capabilities.in_place for name in widened)


def _differences(old: SchemaVersion, new: SchemaVersion) -> Iterator[str]:
    for name, old_type in old.columns.items():
        new_type = new.columns.get(name)
        if new_type is None:
            yield f"column {name} ({old_type} in {old.name}) is missing in {new.name}"
        elif new_type != old_type and promote(old_type, new_type) is None:
            yield f"column {name} is {old_type} in {old.name}, but {new_type} in {new.name}"


def _impossible_columns(old: SchemaVersion, new: SchemaVersion) -> Iterator[str]:
    spellings = {name.lower(): name for name in old.columns}
    for name, type_ in new.columns.items():
        if name not in old.columns and not _NAME.fullmatch(name):
            yield f"column {name!r} of {new.name} has a name that tables cannot have (letters, digits and _ only)"
        if isinstance(type_, Unsupported) and old.columns.get(name) != type_:
            yield f"column {name} of {new.name} has a type that tables cannot hold ({type_})"
        other = spellings.setdefault(name.lower(), name)
        if other != name and name not in old.columns:
            yield f"columns {other} and {name} of {new.name} differ in upper and lower case only"
