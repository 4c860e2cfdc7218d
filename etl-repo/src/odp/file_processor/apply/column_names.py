"""Decides what a table calls the columns of a file, and which names no source column may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from lake.tables.capabilities import Capabilities
from lake.tables.columns import Columns, ColumnType, Unsupported
from odp.file_processor.apply.schema_changes import SchemaVersion
from odp.records import OPERATION, RawTableConfig

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
    """Give the table's name for a source's column, which is the same unless the policy is to sanitise names."""
    if config.column_names != SANITISE:
        return source
    name = _NOT_IN_NAMES.sub("_", source)
    return name if name[:1].isalpha() or name.startswith("_") else f"_{name}"


def changed_names(files: Iterable[NamedColumns]) -> dict[str, str]:
    """Give the source's name of each column that the table calls otherwise, by the table's name."""
    return {name: source for file in files for name, source in file.sources.items() if name != source}


def with_table_names(config: RawTableConfig) -> RawTableConfig:
    """Give the configuration with the table's names of the columns that it names as the source does."""
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
