"""Reads DMS files as one frame of changes and finds the latest change of each key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, NumericType, StringType, StructType

from odp.errors import RejectedInputError
from odp.records import DELETE, INSERT, OPERATION, FileType, LandedFile, RawTableConfig
from odp.spark_session import literal_path

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


def read_changes(spark: SparkSession, files: Sequence[LandedFile], config: RawTableConfig) -> DataFrame:
    """Read files as changes: each row has its operation, and an ordering value that is lowest for full-load rows.

    Raises:
        RejectedInputError: a column is missing that keys, ordering or operations need.
    """
    frames: list[DataFrame] = []
    changes = [file for file in files if file.file_type is FileType.CHANGES]
    loads = [file for file in files if file.file_type is FileType.FULL_LOAD]
    if changes:
        frames.append(_change_rows(_read(spark, changes), config))
    if loads:
        ordering = frames[0].schema[config.hudi_precombine_field].dataType if frames else None
        frames.append(_full_load_rows(_read(spark, loads), config, ordering))
    first, *others = frames
    for other in others:
        first = first.unionByName(other, allowMissingColumns=True)
    return first


def latest_change_per_key(changes: DataFrame, *, keys: Sequence[str], order_by: str) -> DataFrame:
    """Keep the last change of each key; a delete followed by an insert stays an insert."""
    newest_first = Window.partitionBy(*keys).orderBy(F.col(order_by).desc())
    return changes.withColumn("_rank", F.row_number().over(newest_first)).filter(F.col("_rank") == 1).drop("_rank")


def without_deleted(changes: DataFrame) -> DataFrame:
    """Keep what exists after the changes."""
    return changes.filter(F.col(OPERATION) != DELETE)


def _read(spark: SparkSession, files: Sequence[LandedFile]) -> DataFrame:
    paths = [literal_path(f"s3://{file.bucket}/{file.key}") for file in files]
    return spark.read.option("mergeSchema", "true").parquet(*paths)


def _change_rows(rows: DataFrame, config: RawTableConfig) -> DataFrame:
    _require(rows.schema, [*config.hudi_primary_key, config.hudi_precombine_field, OPERATION], config)
    ordering = rows.schema[config.hudi_precombine_field].dataType
    lowest_if_null = F.coalesce(F.col(config.hudi_precombine_field), _lowest(ordering))
    return rows.withColumn(config.hudi_precombine_field, lowest_if_null)


def _full_load_rows(rows: DataFrame, config: RawTableConfig, ordering: DataType | None) -> DataFrame:
    """A full-load row is older than any change, whatever its own ordering value (empty, or the time of the load)."""
    _require(rows.schema, config.hudi_primary_key, config)
    if ordering is None:
        has_ordering = config.hudi_precombine_field in rows.columns
        ordering = rows.schema[config.hudi_precombine_field].dataType if has_ordering else StringType()
    if OPERATION not in rows.columns:
        rows = rows.withColumn(OPERATION, F.lit(INSERT))
    return rows.withColumn(config.hudi_precombine_field, _lowest(ordering))


def _lowest(ordering: DataType) -> Column:
    if isinstance(ordering, StringType):
        return F.lit("")
    if isinstance(ordering, NumericType):
        return F.lit(0).cast(ordering)
    return F.lit("1970-01-01 00:00:00").cast(ordering)


def _require(schema: StructType, columns: Sequence[str], config: RawTableConfig) -> None:
    missing = [column for column in columns if column not in schema.names]
    if missing:
        message = (
            f"{config.source_table_name}: the landed files have no column {', '.join(missing)} (they have "
            f"{', '.join(schema.names)}); correct the table's manifest or the mapping rules of the DMS task"
        )
        raise RejectedInputError(message)
