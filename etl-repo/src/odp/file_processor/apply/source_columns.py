"""The columns of a table: which change of the schema passes, what columns are called, which are before-images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lake.errors import SchemaChangeRefusedError
from lake.tables.capabilities import Capabilities
from lake.tables.columns import Columns, ColumnType, Unsupported, promote, stored_type
from lake.tables.partitions import Partition
from odp.records import OPERATION, RawTableConfig

# Decides how a table's schema follows its source.
#
# The files of a refresh and the table, in the source's order, each continue the schema of the one before. A newer file
# may have more columns and wider types. It may not lack a column nor change a type otherwise: the lake would have no
# values for the one, and could not hold its values as the other.


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
    """Return the columns that hold the rows of all versions, which come in the source's order.

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


def refuse_partition_type(columns: Columns, partition: Partition | None, capabilities: Capabilities) -> None:
    """Refuse a partition column whose values the table format cannot keep partitions of.

    Raises:
        SchemaChangeRefusedError: the partition column has such a type.
    """
    type_ = columns.get(partition.column) if partition else None
    if partition is None or type_ is None:
        return
    if partition.transform == "identity" and isinstance(type_, capabilities.no_partitions):
        message = (
            f"partition column {partition} is of type {type_}, whose values name no folder that readers understand;"
            " name a column of texts, whole numbers or dates as partition_key"
        )
        raise SchemaChangeRefusedError([message])
    allowed = capabilities.partition_transforms.get(partition.transform)
    if allowed is None or (allowed and not isinstance(type_, allowed)):
        message = (
            f"column {partition.column} is of type {type_}, by which {capabilities.name} tables have no partitions "
            f"{partition}; name another column or the column alone as partition_key"
        )
        raise SchemaChangeRefusedError([message])


def must_rewrite(table: Columns, decided: Columns, bound: Collection[str], capabilities: Capabilities) -> bool:
    """Whether the table's rows must be rewritten before wider ones join them.

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


# Names of a file's columns in the table, and names that no source column may have.


OWN_PREFIX = "_odp_"
"""Begins the columns that the framework adds to rows and tables."""

SANITISE = "sanitise"
_METADATA = "_metadata"  # Spark's own name for a file's name and its row numbers
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """The columns of one file: their types and the source's names by what the table calls them."""

    types: Columns
    sources: Mapping[str, str]
    before_images: Mapping[str, tuple[str, ColumnType]]
    """By a column: name and type of the file's column that has its value before an update."""


def name_columns(config: RawTableConfig, columns: Columns, before_images: Mapping[str, str]) -> NamedColumns:
    """Name the columns of a file as the table does; `before_images`, each with its column, are none of the table."""
    sources = {table_name(config, name): name for name in columns if name not in before_images}
    images = {table_name(config, of): (name, columns[name]) for name, of in before_images.items()}
    return NamedColumns({name: columns[source] for name, source in sources.items()}, sources, images)


def table_name(config: RawTableConfig, source: str) -> str:
    """Return the table's name for a source's column, which is the same unless the policy is to sanitise names."""
    if config.column_names != SANITISE:
        return source
    name = _NOT_IN_NAMES.sub("_", source)
    return name if name[:1].isalpha() or name.startswith("_") else f"_{name}"


def changed_names(files: Iterable[NamedColumns]) -> dict[str, str]:
    """Return the source's name of each column that the table calls otherwise, by the table's name."""
    return {name: source for file in files for name, source in file.sources.items() if name != source}


def with_table_names(config: RawTableConfig) -> RawTableConfig:
    """Return the configuration with the table's names of the columns that it names as the source does."""
    partition, sequence = config.partition_key, config.change_sequence
    return replace(
        config,
        primary_key=tuple(table_name(config, key) for key in config.primary_key),
        partition_key=table_name(config, partition) if partition else None,
        change_sequence=table_name(config, sequence) if sequence else None,
    )


def impossible_names(config: RawTableConfig, version: SchemaVersion, capabilities: Capabilities) -> Iterator[str]:
    """Name the columns of a file that would be taken for a technical column, or for one another."""
    named: dict[str, str] = {}
    technical = (OWN_PREFIX, *capabilities.reserved_prefixes)
    reserved = {_METADATA, *capabilities.reserved_names}
    for name, type_ in version.columns.items():
        if name == OPERATION and isinstance(type_, Unsupported):
            yield f"column {name!r} of {version.name} cannot be read as DMS's kind of a change ({type_}); {_RENAME}"
        named_in_table = table_name(config, name)
        if named_in_table.lower().startswith(technical) or named_in_table.lower() in reserved:
            yield f"column {name!r} of {version.name} {_technical(name, named_in_table)}"
        elif name != OPERATION and named_in_table.upper() == OPERATION.upper():
            yield (
                f"column {name!r} of {version.name} has the name of the column {OPERATION!r} in which DMS writes "
                f"the kind of a change; {_RENAME}"
            )
        other = named.setdefault(named_in_table.lower(), name)
        if other != name and config.column_names == SANITISE:
            yield f"columns {other!r} and {name!r} of {version.name} would both be {named_in_table}"


def shared_names(places: Iterable[tuple[str, Mapping[str, str]]]) -> Iterator[str]:
    """Name the columns of different places that the table would call the same; each place has the source's names.

    Within one place `impossible_names` finds them.
    """
    first: dict[str, tuple[str, str]] = {}
    told: set[tuple[str, str]] = set()
    for place, sources in places:
        for name, source in sources.items():
            other_place, other = first.setdefault(name, (place, source))
            if other != source and (name, source) not in told:
                told.add((name, source))
                yield f"columns {other!r} of {other_place} and {source!r} of {place} would both be {name}"


_RENAME = "rename it by a transformation rule of the DMS task (rename-column)"
_RENAME_AT_SOURCE = "rename it at the source, since DMS transforms no column whose name has special characters"


def _technical(name: str, named_in_table: str) -> str:
    if name == named_in_table:
        return f"has a name that the lake uses itself; {_RENAME}"
    return f"would be {named_in_table!r}, a name that the lake uses itself; {_RENAME_AT_SOURCE}"


# Separates DMS's before-image columns (`add-before-image-columns`) from the source's columns.


BEFORE_IMAGE = "BI_"
"""DMS's prefix; the column of the source follows."""

NONE, DETECT = "none", "detect"
"""What a table's configuration may say of its task: that it writes none, or nothing."""


def before_images(config: RawTableConfig, columns: Columns, known: Collection[str]) -> Mapping[str, str]:
    """Return the columns of a change file that have a before-image, by the names of the before-images.

    A file has before-images if it has that of a key column: DMS writes those of the key whatever its column filter is.
    Columns that the configuration names are the source's, and so are `known` ones of the table, in upper case.
    """
    if config.before_images == NONE:
        return {}
    spellings = {name.upper(): name for name in columns}
    found = {
        name: spellings[name.upper().removeprefix(BEFORE_IMAGE)]
        for name in _candidates(columns)
        if name not in _configured(config) and table_name(config, name).upper() not in known
    }
    return found if any(of in config.primary_key for of in found.values()) else {}


def _candidates(columns: Columns) -> list[str]:
    """Name the columns that are named as the before-image of another; of two that differ in case neither can be."""
    times = Counter(name.upper() for name in columns)
    return [
        name
        for name, type_ in columns.items()
        if name.upper().startswith(BEFORE_IMAGE)
        and times[name.upper().removeprefix(BEFORE_IMAGE)] == times[name.upper()] == 1
        and not isinstance(type_, Unsupported)
    ]


def _configured(config: RawTableConfig) -> tuple[str | None, ...]:
    return (*config.primary_key, config.partition_key, config.change_sequence)
