"""Reads the columns of landed files from their footers, several at a time and without a Spark job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError

from odp.errors import RejectedInputError
from odp.file_processor.parquet_schema import parquet_columns
from odp.records import LandedFile
from odp.shown_text import shown
from odp.spark_session import open_parquet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_DAMAGED = re.compile("is not a Parquet file|corrupted file|can not read class org.apache.parquet.format")
_AT_A_TIME = 8  # a footer is a few small requests to S3, whose answers are waited for

MOST_COLUMNS = 10_000
"""Databases have up to 4,096; each column of a footer takes two calls of the JVM."""


def read_columns(spark: SparkSession, files: Sequence[LandedFile]) -> dict[str, dict[str, str]]:
    """Give the columns of each file by its id; raises RejectedInputError for a file that is not Parquet."""
    if not files:
        return {}
    with ThreadPoolExecutor(max_workers=min(_AT_A_TIME, len(files))) as threads:
        columns = threads.map(lambda file: parquet_columns(_fields(spark, file.uri)), files)
        return {file.file_id: found for file, found in zip(files, columns, strict=True)}


def _fields(spark: SparkSession, uri: str) -> list[tuple[str, str]]:
    """Give name and printed form of each field; Parquet's text of the whole schema does not tell where a name ends."""
    try:
        reader = open_parquet(spark, uri)
    except Py4JJavaError as error:
        if not _DAMAGED.search(str(error)):
            raise
        message = (
            f"{shown(uri)} is not a Parquet file, or damaged: let DMS write Parquet, then odp skip the file and load "
            "the table again"
        )
        raise RejectedInputError(message) from error
    try:
        schema = reader.getFileMetaData().getSchema()
        if (columns := schema.getFieldCount()) > MOST_COLUMNS:
            message = (
                f"{shown(uri)} has {columns:,} columns, and no table has more than {MOST_COLUMNS:,}: DMS did not write "
                "it; odp skip the file"
            )
            raise RejectedInputError(message)
        fields = [schema.getType(position) for position in range(columns)]
        return [(str(field.getName()), str(field.toString())) for field in fields]
    finally:
        reader.close()
