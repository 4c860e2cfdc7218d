"""Reads a Parquet file's footer by Parquet's own library: no Spark job, however many files there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql.types import StructType

from lake.errors import one_line
from lake.spark_session import elements, java_class, open_parquet, parquet_file
from taxi.conformed import bounds
from taxi.conformed.file_layouts import ParquetFooter
from taxi.errors import PassingFailureError, SourceFileError
from taxi.failures import is_passing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LENGTH_BYTES, _TAIL_BYTES = 4, 8
"""A Parquet file ends with the length of its footer and four letters."""


def read_footer(spark: SparkSession, uri: str) -> ParquetFooter:
    """Give the columns and the number of rows of a Parquet file.

    Raises:
        SourceFileError: it is not a whole Parquet file, has a column of a type that Spark cannot read, or promises
            more than is read of a file.
        PassingFailureError: it could not be read now.
    """
    converters = java_class(spark, "org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter")
    try:
        file_bytes = _demand_small_footer(spark, uri)
        reader = open_parquet(spark, uri)
        try:
            _demand_bounded(reader.getFooter().getBlocks(), file_bytes, reader.getRecordCount())
            types = reader.getFooter().getFileMetaData().getSchema()
            _demand_few_columns(types)
            settings = spark._jsparkSession.sessionState().conf()  # noqa: SLF001
            schema = converters(settings).convert(types).json()
            return ParquetFooter(StructType.fromJson(json.loads(schema)), reader.getRecordCount())
        finally:
            reader.close()
    except RecursionError as error:
        message = "the file's columns are nested too deeply to be read"
        raise SourceFileError(message) from error
    except (Py4JError, PySparkException) as error:
        message = f"the file cannot be read as Parquet: {one_line(error)}"
        raise (PassingFailureError if is_passing(error) else SourceFileError)(message) from error


def _demand_small_footer(spark: SparkSession, uri: str) -> int:
    """Refuse a footer that is too large; returns the bytes of the whole file.

    Raises:
        SourceFileError: the file or its footer is too large.
    """
    file = parquet_file(spark, uri)
    file_bytes = int(file.getLength())
    bounds.demand_size(file_bytes)
    if file_bytes < _TAIL_BYTES:
        return file_bytes  # Parquet's library says what is wrong with it
    stream = file.newStream()
    try:
        stream.seek(file_bytes - _TAIL_BYTES)
        footer_bytes = int.from_bytes([stream.read() for _ in range(_LENGTH_BYTES)], "little")
    finally:
        stream.close()
    if bounds.FOOTER_BYTES < footer_bytes < file_bytes:
        message = f"the file's footer has {footer_bytes:,} bytes, but at most {bounds.FOOTER_BYTES:,} are read"
        raise SourceFileError(message)
    return file_bytes


def _demand_bounded(row_groups: Any, file_bytes: int, rows: int) -> None:  # noqa: ANN401 - a Java list
    number = row_groups.size()
    if number > bounds.ROW_GROUPS:
        message = f"the file has {number:,} row groups, but at most {bounds.ROW_GROUPS:,} are read of one"
        raise SourceFileError(message)
    bounds.demand_rows(rows)
    bounds.demand_expansion(file_bytes, rows, sum(group.getTotalByteSize() for group in elements(row_groups)))


def _demand_few_columns(types: Any) -> None:  # noqa: ANN401 - Parquet's own schema
    if (number := types.getFieldCount()) > bounds.COLUMNS:
        message = f"the file has {number:,} columns, but at most {bounds.COLUMNS} are read"
        raise SourceFileError(message)
    bounds.demand_columns([types.getFieldName(number) for number in range(number)])
