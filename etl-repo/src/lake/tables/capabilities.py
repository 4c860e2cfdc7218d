"""What a table format can do, as data; the core decides by it, and no rule of the core knows a format by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lake.tables.columns import ColumnType, Promotion
from lake.tables.partitions import Transform


class Engine(StrEnum):
    """What applies a refresh: Spark in a Glue run, or the native engine in a function; the values are stored."""

    SPARK = "spark"
    NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The claims of one format; the contract test holds each format to them."""

    name: str
    """How people write the format's name."""
    in_place: frozenset[Promotion]
    """The promotions after which every reader gets the right values from the data files of before."""
    keeps_derived_values: bool
    """Whether data files keep what is derived from key and partition columns, so that widening one rewrites them."""
    no_partitions: tuple[type[ColumnType], ...]
    """The types that no partition column can have."""
    reserved_prefixes: tuple[str, ...]
    """What the names of columns that the format adds by itself begin with, in lower case."""
    separate_catalog: bool
    """Whether the catalog shows a commit only once it is published; otherwise a commit is one of the catalog."""
    partition_transforms: Mapping[Transform, tuple[type[ColumnType], ...]]
    """By what the values of a partition column may be made into, the types of such a column; empty for any type."""
    table_types: tuple[str, ...]
    """The types that a table may have, as manifests call them; the first is usual."""
    engines: tuple[Engine, ...] = (Engine.SPARK,)
    """What can write such tables."""
    reserved_names: frozenset[str] = frozenset()
    """Further names, in lower case, that no column of a source can have."""
    extra_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By table type: what is appended to a table's name for each further entry that it takes in the catalog."""


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format: what it can do, and the module that opens its tables with Spark by `open_table`."""

    capabilities: Capabilities
    spark_module: str
