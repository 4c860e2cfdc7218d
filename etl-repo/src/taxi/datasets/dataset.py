"""What a dataset is: its place in the raw bucket, its conformed table's columns, and the layouts of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

LOAD_COLUMNS = ("source_file", "source_version", "loaded_at")
"""What every load adds to the declared columns: the file's key, the version that was read, and when."""
DAY = "trip_date"
"""The column by which every purpose-built table of a dataset is partitioned."""


class ColumnType(StrEnum):
    """What a conformed column holds."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    TIMESTAMP = "timestamp"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How a type is stored, and which text may become it; the empty text stands for no value.

    In a whole number that may be NULL, NaN does too: it is how pandas writes a column of whole numbers with gaps.

    A text of more than 4 KB is no value of any type, nor is one of more than 64 bytes a time (`taxi.conformed.bounds`).

    `pattern` is a regular expression for the whole trimmed text, in the syntax that Python and Java share; None where
    another rule decides. A number from a Parquet file obeys the rule of its text.
    """

    sql_type: str
    pattern: str | None
    meaning: str


# one way only to match each text, so that the cost is linear; an exponent of more digits would be computed for hours
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?0*[0-9]{1,3})?"

TYPE_RULES: Mapping[ColumnType, TypeRule] = MappingProxyType(
    {
        ColumnType.INTEGER: TypeRule("int", r"[+-]?[0-9]+(\.0*)?", "a whole number of 32 bits, also written 1.0"),
        ColumnType.DECIMAL: TypeRule("decimal(10,2)", _NUMBER, "an amount of money, rounded half up to cents"),
        ColumnType.DOUBLE: TypeRule("double", _NUMBER, "a finite number"),
        ColumnType.TIMESTAMP: TypeRule(
            "timestamp", None, "local time in a format of the layout, kept as if it were UTC"
        ),
        ColumnType.TEXT: TypeRule("string", None, "any text"),
    }
)


class FileFormat(StrEnum):
    """How a file is written, which its name's ending says."""

    CSV = "csv"
    PARQUET = "parquet"


def format_of(key: str) -> FileFormat | None:
    """Tell the format of an object by the ending of its key, in any case; None if it has no known one."""
    return next((known for known in FileFormat if key.lower().endswith(f".{known}")), None)


@dataclass(frozen=True, slots=True)
class Column:
    """A conformed column; a row without a value for a required one is malformed."""

    type: ColumnType
    required: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which the files of a dataset are written.

    `columns` leads from each source column to the conformed one; a file may lack those that are `optional`.
    """

    name: str
    format: FileFormat
    columns: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    timestamp_formats: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The source columns that no file may lack."""
        return tuple(name for name in self.columns if name not in self.optional)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A kind of files with one conformed table, partitioned by the days of `partition_by`."""

    name: str
    prefix: str
    table: str
    columns: Mapping[str, Column]
    partition_by: str
    malformed_share_limit: float
    layouts: tuple[Layout, ...]


def dataset_of(key: str, datasets: Iterable[Dataset]) -> Dataset | None:
    """Find the dataset below whose prefix an object lies, at any depth; prefixes never nest."""
    return next((dataset for dataset in datasets if key.startswith(dataset.prefix)), None)
