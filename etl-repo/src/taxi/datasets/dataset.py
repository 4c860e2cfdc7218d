"""What a dataset is: its place in the raw bucket, the keys in it, its conformed table, the layouts of its files."""

from __future__ import annotations

import functools
import importlib.resources
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from taxi.errors import DatasetError

# Keys that Spark would not read literally are refused, whatever the object holds.


PATTERN_MARKS = "\\{}[]*?"
"""Where a key has one, Hadoop looks for the file by a pattern, folder by folder."""
_OTHER_FOLDERS = ("", ".", "..")
_HIDDEN = ("_", ".")
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, halves of characters, and ends of lines and paragraphs."""


def why_not_addressable(key: str) -> str:
    """Say why Spark would hide an object or read another one in its place; empty if it does neither."""
    *folders, name = key.split("/")
    if any(part in _OTHER_FOLDERS for part in folders):
        return "the key has an empty folder, . or .., which Spark would leave out; send the file under another key"
    if name.startswith(_HIDDEN):
        return f"Spark hides files whose names begin with {name[0]}; send the file under another name"
    if ":" in key and any(mark in key for mark in PATTERN_MARKS):  # Hadoop takes what is before a colon for a scheme
        return f"Spark cannot read a key with a colon beside any of {PATTERN_MARKS}; send the file under another key"
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in key):
        return "the key has a control character; send the file under another key"
    return ""


# What a dataset is.


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
    """Return the format of an object from the ending of its key, in any case; None if unknown."""
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


# Reads the dataset files of this package; synthesis has checked them (etl_cdk.datasets).


@functools.cache
def load_datasets() -> Mapping[str, Dataset]:
    """Read every dataset that this package holds, by name; a further one is a further file here.

    Raises:
        DatasetError: a file is not what the deployment checks.
    """
    datasets = [read_dataset(file_name, text) for file_name, text in sorted(dataset_texts().items())]
    return MappingProxyType({dataset.name: dataset for dataset in datasets})


def dataset_texts() -> dict[str, str]:
    """Read the text of every dataset file, by file name."""
    folder = importlib.resources.files("taxi.datasets")
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".json")}


def read_dataset(file_name: str, text: str) -> Dataset:
    """Turn the text of a dataset file into a dataset; raises DatasetError if it cannot be one."""
    try:
        return dataset_from(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = f"{file_name}: cannot be read: {type(error).__name__}: {error}"
        way_out = "deploy the etl app, which checks datasets first and names what is wrong"
        raise DatasetError([f"{problem}; {way_out}"]) from error


def dataset_from(fields: Mapping[str, Any]) -> Dataset:
    """Build a dataset from the fields of a file that was checked."""
    return Dataset(
        name=fields["name"],
        prefix=fields["prefix"],
        table=fields["table"],
        columns={name: _column(column) for name, column in fields["columns"].items()},
        partition_by=fields["partition_by"],
        malformed_share_limit=fields["malformed_share_limit"],
        layouts=tuple(map(_layout, fields["layouts"])),
    )


def _column(fields: Mapping[str, Any]) -> Column:
    return Column(type=ColumnType(fields["type"]), required=fields["required"])


def _layout(fields: Mapping[str, Any]) -> Layout:
    return Layout(
        name=fields["name"],
        format=FileFormat(fields["format"]),
        columns=fields["columns"],
        optional=frozenset(fields.get("optional", ())),
        timestamp_formats=tuple(fields.get("timestamp_formats", ())),
    )
