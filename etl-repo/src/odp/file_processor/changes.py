"""Reads DMS files as one frame of changes and finds the latest change of each key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from odp.file_processor.schema_changes import Columns, stored_type
from odp.records import DELETE, INSERT, OPERATION, FileType, LandedFile, RawTableConfig
from odp.spark_session import literal_path

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_IS_CHANGE, _FILE, _ROW = _POSITION = ("_odp_is_change", "_odp_file", "_odp_row")
"""Where a row stood in the source's order; says which of two changes is the later one if their ordering is the same."""

_TIMES = {
    "time(millis)": ("int", "timestamp_millis", "HH:mm:ss.SSS"),
    "time(micros)": ("bigint", "timestamp_micros", "HH:mm:ss.SSSSSS"),
}
"""A time of day in Parquet: the number that it is, how Spark reads that as a moment, and how the moment is written."""


def read_changes(
    spark: SparkSession,
    files: Sequence[LandedFile],
    file_columns: Mapping[str, Columns],
    columns: Columns,
    config: RawTableConfig,
) -> DataFrame:
    """Read files as changes with these columns: each row has its operation, and an ordering that is never NULL.

    The rows of a full load are older than any change, whatever their own ordering value (empty, or the time of the
    load); so is a change without one. `file_columns` are those of each file by its id.
    """
    alike: defaultdict[tuple[FileType, tuple[tuple[str, str], ...]], list[LandedFile]] = defaultdict(list)
    for file in files:
        alike[file.file_type, tuple(file_columns[file.file_id].items())].append(file)
    frames = [_read(spark, group, dict(kind[1]), columns, config) for kind, group in alike.items()]
    first, *others = frames
    for other in others:
        first = first.unionByName(other)
    return first


def latest_change_per_key(changes: DataFrame, *, keys: Sequence[str], order_by: str) -> DataFrame:
    """Keep the last change of each key; a delete followed by an insert stays an insert.

    Of two changes with the same ordering, or none, that of the later file wins, and in one file the later row.
    """
    newest_first = Window.partitionBy(*keys).orderBy(*(F.col(name).desc() for name in (order_by, *_POSITION)))
    ranked = changes.withColumn("_odp_rank", F.row_number().over(newest_first))
    return ranked.filter(F.col("_odp_rank") == 1).drop("_odp_rank", *_POSITION)


def without_deleted(changes: DataFrame) -> DataFrame:
    """Keep what exists after the changes."""
    return changes.filter(F.col(OPERATION) != DELETE)


def cast_to(columns: Columns, of_file: Columns) -> list[Column]:
    """Give the expressions that turn columns into those of the table; a column that came later is NULL."""
    return [_cast(name, of_file.get(name), type_).alias(name) for name, type_ in columns.items()]


def _read(
    spark: SparkSession, files: Sequence[LandedFile], of_file: Columns, columns: Columns, config: RawTableConfig
) -> DataFrame:
    physical = ", ".join(f"`{name}` {_TIMES.get(type_, (type_,))[0]}" for name, type_ in of_file.items())
    rows = spark.read.schema(physical).parquet(*(literal_path(file.uri) for file in files))
    is_change = not files[0].is_load
    lowest = _lowest(columns[config.hudi_precombine_field])
    computed = {config.hudi_precombine_field: lowest}
    if is_change:
        computed = {config.hudi_precombine_field: F.coalesce(F.col(config.hudi_precombine_field), lowest)}
    elif OPERATION not in of_file:
        # nullable, as in files of changes: Hudi converts every row of a data file whose schema says otherwise
        computed |= {OPERATION: F.when(F.lit(True), F.lit(INSERT))}
    position = (F.lit(is_change), F.col("_metadata.file_name"), F.col("_metadata.row_index"))
    placed = [value.alias(name) for name, value in zip(_POSITION, position, strict=True)]
    return rows.select(*cast_to(columns, of_file), *placed).withColumns(computed)


def _cast(name: str, old: str | None, new: str) -> Column:
    if old is None:
        return F.lit(None).cast(new)
    if old in _TIMES:
        _, to_moment, pattern = _TIMES[old]
        return F.date_format(F.call_function(to_moment, F.col(name)), pattern)
    return F.col(name) if stored_type(old) == new else F.col(name).cast(new)


def _lowest(ordering: str) -> Column:
    if ordering == "string":
        return F.lit("")
    if ordering in ("date", "timestamp"):
        return F.lit("1970-01-01 00:00:00").cast(ordering)
    return F.lit(0).cast(ordering)
