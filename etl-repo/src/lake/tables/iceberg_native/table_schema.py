"""Decides the schema that a table has after a change: which field ids stay, and which stored values must be rewritten.

Iceberg finds columns by id. A type that the specification widens keeps its id, and no stored row is touched. Any other
change of a type takes a new id. Then every row that stays is written again in the commit of the change itself: a reader
that only knew the new type would misread stored bytes: 2.50 as 0.0250, if a decimal gets more digits after its point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import NestedField

from lake.errors import SchemaChangeRefusedError
from lake.tables.columns import Columns, ColumnType, promote
from lake.tables.iceberg.capabilities import ICEBERG
from lake.tables.iceberg.schema import table_columns
from lake.tables.iceberg_native.arrow_types import arrow_type, iceberg_type

FIELD_ID = b"PARQUET:field_id"


@dataclass(frozen=True, slots=True)
class NextSchema:
    """The schema after a change; `stored_ids` has the id by which data files know each column, by its name."""

    schema: Schema
    stored_ids: Mapping[str, int]
    must_rewrite: bool

    @property
    def columns(self) -> Columns:
        """Give the columns and their types."""
        return columns_of(self.schema)

    @property
    def arrow(self) -> pa.Schema:
        """Give the Arrow schema in which data files are written, with field ids."""
        types = self.columns
        return pa.schema(
            pa.field(field.name, arrow_type(types[field.name]), metadata={FIELD_ID: str(field.field_id)})
            for field in self.schema.fields
        )


def columns_of(schema: Schema) -> Columns:
    """Give the columns of a schema."""
    return table_columns((field.name, str(field.field_type)) for field in schema.fields)


def first_schema(columns: Columns) -> NextSchema:
    """Give the schema of a table that does not exist yet."""
    numbered = enumerate(columns.items(), start=1)
    fields = [NestedField(at, name, iceberg_type(type_), required=False) for at, (name, type_) in numbered]
    return NextSchema(Schema(*fields, schema_id=0), {}, must_rewrite=False)


def merged_schema(metadata: TableMetadata, columns: Columns) -> NextSchema:
    """Give the schema after a merge: the table's columns stay in their order, and new ones follow.

    Raises:
        SchemaChangeRefusedError: a column would not hold the values that it has.
    """
    current = metadata.schema()
    present = columns_of(current)
    problems = [
        f"column {name} is {present[name]} in the table, but {type_} in the change"
        for name, type_ in columns.items()
        if name in present and present[name] != type_ and promote(present[name], type_) is None
    ]
    sources = {name for name, field in _fields(current).items() if field.field_id in _partition_sources(metadata)}
    problems += [
        f"column {name} partitions the table, so it cannot become {type_}, whose values would be in other partitions"
        for name, type_ in columns.items()
        if name in sources and not _is_in_place(present[name], type_)
    ]
    if problems:
        raise SchemaChangeRefusedError(problems)
    return _next(metadata, {**present, **columns})


def replaced_schema(metadata: TableMetadata, columns: Columns) -> NextSchema:
    """Give the schema after all rows were replaced.

    Columns that partition the table, or did, keep their ids: partitions of before refer to them.
    """
    return _next(metadata, columns)


def _next(metadata: TableMetadata, columns: Columns) -> NextSchema:
    current = metadata.schema()
    present, by_name, sources = columns_of(current), _fields(current), _partition_sources(metadata)
    fields: list[NestedField] = []
    stored: dict[str, int] = {}
    last, must_rewrite = metadata.last_column_id, False
    for name, type_ in columns.items():
        old = by_name.get(name)
        if old is not None:
            stored[name] = old.field_id
            must_rewrite = must_rewrite or not _is_in_place(present[name], type_)
        if old is not None and (old.field_id in sources or _is_in_place(present[name], type_)):
            fields.append(old.model_copy(update={"field_type": iceberg_type(type_)}))
        else:
            last += 1
            fields.append(NestedField(last, name, iceberg_type(type_), required=False, doc=old.doc if old else None))
    return NextSchema(_identified(metadata, fields), stored, must_rewrite)


def _is_in_place(old: ColumnType, new: ColumnType) -> bool:
    return old == new or promote(old, new) in ICEBERG.in_place


def _fields(schema: Schema) -> dict[str, NestedField]:
    return {field.name: field for field in schema.fields}


def _partition_sources(metadata: TableMetadata) -> frozenset[int]:
    return frozenset(field.source_id for spec in metadata.partition_specs for field in spec.fields)


def _identified(metadata: TableMetadata, fields: list[NestedField]) -> Schema:
    """Give the schema of these fields: the one that the table knows, or a new one with an id of its own."""
    for known in metadata.schemas:
        if list(known.fields) == fields:
            return known
    return Schema(*fields, schema_id=max(known.schema_id for known in metadata.schemas) + 1)


def commented_schema(metadata: TableMetadata, comments: Mapping[str, str]) -> Schema | None:
    """Give the schema with these comments of columns, which may name columns in lower case; None if it has them."""
    current = metadata.schema()
    texts = {name.lower(): text for name, text in comments.items()}
    fields = [field.model_copy(update={"doc": texts.get(field.name.lower(), field.doc)}) for field in current.fields]
    return None if fields == list(current.fields) else _identified(metadata, fields)
