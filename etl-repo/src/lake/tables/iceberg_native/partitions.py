"""Partitions of a table: which transform of which column, the partition of each row, the partitions of keys.

Each distinct value is transformed once, in Python: pyiceberg's own transforms of Arrow columns need another package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform, Transform
from pyiceberg.typedef import Record

from lake.errors import BeyondEngineError, RejectedInputError
from lake.tables.partitions import Partition

_COARSE = ("day", "month", "year", "hour")


def first_spec(schema: Schema, partition_by: Partition | None) -> PartitionSpec:
    """Give the partitions of a new table.

    Raises:
        RejectedInputError: the table has no such column, or one of another type.
    """
    if not partition_by:
        return UNPARTITIONED_PARTITION_SPEC
    name, transform = _named(partition_by)
    column = partition_by.column
    field = next((field for field in schema.fields if field.name == column), None)
    if field is None or not transform.can_transform(field.field_type):
        of = f"is of type {field.field_type}" if field else "is no column of the table"
        message = f"a table cannot be partitioned by {partition_by}: {column} {of}"
        raise RejectedInputError(message)
    return PartitionSpec(PartitionField(field.field_id, PARTITION_FIELD_ID_START, transform, name), spec_id=0)


def replaced_spec(metadata: TableMetadata, schema: Schema, partition_by: Partition | None) -> PartitionSpec:
    """Give the partitions after all rows were replaced; a field that the table ever had keeps its id."""
    wanted = [(field.source_id, field.transform, field.name) for field in first_spec(schema, partition_by).fields]
    for spec in metadata.partition_specs:
        if [(field.source_id, field.transform, field.name) for field in spec.fields] == wanted:
            return spec
    known = {(f.source_id, f.transform): f.field_id for spec in metadata.partition_specs for f in spec.fields}
    next_id = (metadata.last_partition_id or PARTITION_FIELD_ID_START - 1) + 1
    fields = [
        PartitionField(source_id, known.get((source_id, transform), next_id), transform, name)
        for source_id, transform, name in wanted
    ]
    return PartitionSpec(*fields, spec_id=max(spec.spec_id for spec in metadata.partition_specs) + 1)


def split(rows: pa.Table, spec: PartitionSpec, schema: Schema) -> Iterator[tuple[Record, pa.Table]]:
    """Part rows by their partition."""
    if spec.is_unpartitioned():
        yield Record(), rows
        return
    code, values = None, []
    for field in spec.fields:
        indices, of_field = _transformed(rows, field, schema)
        values.append(of_field)
        code = indices if code is None else pc.add(pc.multiply(code, len(of_field)), indices)
    for number in pc.unique(code).to_pylist():
        rest = number
        picked: list[object] = []
        for of_field in reversed(values):
            rest, at = divmod(rest, len(of_field))
            picked.insert(0, of_field[at])
        yield Record(*picked), rows.filter(pc.equal(code, number))


def folder_of(partition: Record, spec: PartitionSpec, schema: Schema) -> str:
    """Give the folder of a partition; raises BeyondEngineError for a year that Python cannot write."""
    try:
        return spec.partition_to_path(partition, schema)
    except OverflowError as error:
        message = f"the partition {partition} of {spec} is of a year that only Spark writes"
        raise BeyondEngineError(message) from error


def partition_values(rows: pa.Table, spec: PartitionSpec, schema: Schema) -> dict[int, frozenset[object]]:
    """Give the partition values of rows, by the position of each partition field whose column they have.

    A NaN is not equal to another, so nothing is said of the values of floats.
    """
    types = {
        field.field_id: rows.schema.field(field.name).type for field in schema.fields if field.name in rows.column_names
    }
    return {
        at: frozenset(_transformed(rows, field, schema)[1])
        for at, field in enumerate(spec.fields)
        if field.source_id in types and not pa.types.is_floating(types[field.source_id])
    }


def _transformed(rows: pa.Table, field: PartitionField, schema: Schema) -> tuple[pa.Array, list[object]]:
    """Give the position of each row's value in the list of distinct partition values; two positions may have one."""
    source = schema.find_field(field.source_id)
    column = rows[source.name].combine_chunks()
    if str(field.transform) in _COARSE and pa.types.is_timestamp(column.type):
        column = pc.floor_temporal(column, unit=str(field.transform))
    coded = pc.dictionary_encode(_physical(column), null_encoding="encode")
    transform = field.transform.transform(source.field_type)
    try:
        values = [transform(value) for value in coded.dictionary.to_pylist()]
    except UnicodeDecodeError as error:
        message = (
            f"the partition column {source.name} has a text that is not UTF-8, of which this engine makes no folder"
        )
        raise BeyondEngineError(message) from error
    distinct = list(dict.fromkeys(values))
    places = {value: at for at, value in enumerate(distinct)}
    return pc.take(pa.array([places[value] for value in values], pa.int64()), coded.indices), distinct


def _physical(column: pa.Array) -> pa.Array:
    """Partitions know days and microseconds as whole numbers."""
    if pa.types.is_date32(column.type):
        return pc.cast(column, pa.int32())
    return pc.cast(column, pa.int64()) if pa.types.is_timestamp(column.type) else column


def _named(by: Partition) -> tuple[str, Transform[Any, Any]]:
    """Return the name of a partition field, as Iceberg names it by default, and its transform."""
    if by.transform == "day":
        return f"{by.column}_day", DayTransform()
    if by.transform == "bucket":
        return f"{by.column}_bucket", BucketTransform(by.buckets)
    return by.column, IdentityTransform()
