"""A table's names at the source and in the lake, the columns of its keys, and their notation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from lake.tables.hudi.capabilities import MERGE_ON_READ as MERGE_ON_READ  # noqa: PLC0414  a value of manifests
from lake.tables.partitions import Partition, partition_of
from lake.tables.registry import FORMATS

# The identity of a source table, and its text form in manifests, records and messages.


DEFAULT_SOURCE = "default"
"""The default source: its tables are named `schema.table`."""

SOURCE_NAME = "[a-z][a-z0-9_-]*"
_QUOTED = '"(?:[^"]|"")+"'
_PLAIN = r'[^.:"/\s](?:[^.:"/]*[^.:"/\s])?'
_PART = f"(?:{_QUOTED}|{_PLAIN})"
PATTERN = rf"(?:{SOURCE_NAME}:)?{_PART}\.{_PART}"
"""The pattern of `SourceTable.parse`, for the JSON schema of the manifests."""

_IDENTITY = re.compile(rf"(?:(?P<source>{SOURCE_NAME}):)?(?P<schema>{_PART})\.(?P<table>{_PART})", re.DOTALL)
_IS_PLAIN = re.compile(_PLAIN, re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class SourceTable:
    """A table of a source database. Tables of one schema and name in two sources are two tables."""

    source: str
    schema: str
    table: str

    @property
    def name(self) -> str:
        """Write the identity: `schema.table` for the default source, otherwise `source:schema.table`."""
        source = "" if self.source == DEFAULT_SOURCE else f"{self.source}:"
        return f"{source}{_written(self.schema)}.{_written(self.table)}"

    @classmethod
    def parse(cls, name: str) -> SourceTable:
        """Read the text of an identity.

        Raises:
            ValueError: the text is no identity.
        """
        match = _IDENTITY.fullmatch(name)
        if match is None:
            message = (
                f"{name!r} is no source table; write schema.table, or source:schema.table for a source other than "
                f'{DEFAULT_SOURCE!r}, and put a schema or table that holds one of . : " / or white space at an end '
                'into double quotes: "my.schema"."Order Details"'
            )
            raise ValueError(message)
        return cls(match["source"] or DEFAULT_SOURCE, _read(match["schema"]), _read(match["table"]))


def _written(part: str) -> str:
    if _IS_PLAIN.fullmatch(part):
        return part
    doubled = part.replace('"', '""')
    return f'"{doubled}"'


def _read(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


# Column names in one text, separated by commas; a name with a comma, a quote or an outer blank is quoted.


_PLAIN_NAME = r'[^,"\s](?:[^,"]*[^,"\s])?'
COLUMN = rf'(?:"(?:[^"]|"")+"|{_PLAIN_NAME})'
COLUMNS = rf"\s*{COLUMN}\s*(?:,\s*{COLUMN}\s*)*"


def write_columns(names: Iterable[str]) -> str:
    """Write names; only names that need quotes get them."""
    return ",".join(map(_write, names))


def read_columns(text: str) -> tuple[str, ...]:
    """Read names; raises ValueError if the text is no such list."""
    if re.fullmatch(COLUMNS, text) is None:
        message = f"{text!r} is no list of columns; separate names by commas, and quote one that holds a comma or quote"
        raise ValueError(message)
    return tuple(map(_unquoted, re.findall(COLUMN, text)))


def _write(name: str) -> str:
    return name if re.fullmatch(_PLAIN_NAME, name) else '"' + name.replace('"', '""') + '"'


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def write_partition(partition: Partition | None) -> str:
    """Write how a table is partitioned; a column whose name looks like a transform stands in quotes."""
    if partition is None:
        return ""
    column = write_columns([partition.column])
    if "(" in column and not column.startswith('"'):
        column = f'"{column}"'
    return str(replace(partition, column=column))


def read_partition(text: str) -> Partition:
    """Read a column, `day(column)` or `bucket(number, column)`; raises ValueError if the text is none of them."""
    found = Partition(text) if re.fullmatch(_QUOTED, text) else partition_of(text)
    (column,) = read_columns(found.column)
    return replace(found, column=column)


# Compares a table's identity with the stored one, whatever its format.


Value = TypeVar("Value")

_EXTRA_NAMES = [names for each in FORMATS.values() for names in each.capabilities.extra_names.values()]
VIEWS = tuple(dict.fromkeys(view for names in _EXTRA_NAMES for view in names))
"""What tables of some type add to their names: a merge-on-read table `t` of Hudi has the views t_ro and t_rt."""
BUCKET_ROLES = ("raw",)
"""The roles of the buckets that may hold tables; each account gives the roles to its own buckets."""
_BUCKET = "raw_database_S3_bucket"
STORED_NAMES: Mapping[str, str] = {
    "primary_key": "hudi_primary_key",
    "partition_key": "hudi_partition_key",
    "change_sequence": "hudi_precombine_field",
    "history": "table_data_versioning_type",
    "table_format": "table_storage_type",
}
"""The stored names of a table's fields in DynamoDB and in commits; they are the reference framework's names."""


def stored(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields of a table under the names that are stored."""
    return {STORED_NAMES.get(name, name): value for name, value in fields.items()}


def from_stored(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Return stored fields of a table under the names that they have in code and manifests."""
    return {name_of_stored(name): value for name, value in fields.items()}


def name_of_stored(name: str) -> str:
    """Return the name that a stored field has in code, manifests and messages."""
    return next((own for own, stored_as in STORED_NAMES.items() if stored_as == name), name)


def occupied_names(qualified_name: str, table_format: str, table_type: str) -> tuple[str, ...]:
    """Return the qualified names that a table of this format and type takes; one without a known format is of Hudi."""
    extra_names = FORMATS.get(table_format, FORMATS["hudi"]).capabilities.extra_names
    return (qualified_name, *(f"{qualified_name}{view}" for view in extra_names.get(table_type, ())))


def bucket_role(stored: str) -> str:
    """Return the role of a stored bucket: format 1 stored its physical name, and `raw` was the only role."""
    return stored if stored in BUCKET_ROLES else BUCKET_ROLES[0]


def contradicted(identity: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Return the fields whose stored values differ from an identity; fields that it lacks are ignored."""
    known = _by_role(stored)
    return {name: known[name] for name, value in _by_role(identity).items() if known.get(name, value) != value}


def _by_role(identity: Mapping[str, str]) -> dict[str, str]:
    return {name: bucket_role(value) if name == _BUCKET else value for name, value in identity.items()}
