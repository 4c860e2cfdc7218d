"""Reads the columns of landed files from their footers, several at a time and without a Spark job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from lake.errors import RejectedInputError
from lake.shown_text import shown
from lake.spark_session import open_parquet
from lake.tables.columns import Columns
from lake.tables.parquet_schema import parquet_columns
from odp.records import LandedFile

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_DAMAGED = re.compile("is not a Parquet file|corrupted file|can not read class org.apache.parquet.format")
_THROWN_BY_PARQUET = re.compile(
    r"^(?:: )?[\w.$]+(?:Exception|StackOverflowError)\b.*^\s+at org\.apache\.parquet\.", re.DOTALL | re.MULTILINE
)
"""Parquet decodes what was read already, and throws whatever a wrong byte leads to. Other errors are no file's."""
_READING = re.compile(r"\b(?:org\.apache\.hadoop\.fs|com\.amazon\w*|software\.amazon|java\.net|java\.nio\.channels)\.")
"""A file system, or its way to S3: the same may succeed later."""
_AT_A_TIME = 8  # a footer is a few small requests to S3, whose answers are waited for

MOST_COLUMNS = 10_000
"""Databases have up to 4,096; each column of a footer takes two calls of the JVM."""


def read_columns(spark: SparkSession, files: Sequence[LandedFile]) -> dict[str, Columns]:
    """Return the columns of each file by its id; raises RejectedInputError for a file that is not Parquet."""
    if not files:
        return {}
    with ThreadPoolExecutor(max_workers=min(_AT_A_TIME, len(files))) as threads:
        columns = threads.map(lambda file: parquet_columns(_fields(spark, file.uri)), files)
        return {file.file_id: found for file, found in zip(files, columns, strict=True)}


def _fields(spark: SparkSession, uri: str) -> list[tuple[str, str]]:
    """Give name and printed form of each field; Parquet's text of the whole schema does not tell where a name ends."""
    try:
        reader = open_parquet(spark, uri)
    except (Py4JJavaError, PySparkException) as error:  # pyspark gives some exceptions of Java names of its own
        if not _is_of_the_file(f"{error}\n{getattr(error, 'stackTrace', '')}"):
            raise
        message = (
            f"{shown(uri)} is not a Parquet file, or damaged, or has a column of a type that is too new: let DMS write "
            "Parquet, then odp skip the file and load the table again"
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


def _is_of_the_file(trace: str) -> bool:
    """Distinguish a file that can never be read from one that could not be read now."""
    if _DAMAGED.search(trace):
        return True
    return _THROWN_BY_PARQUET.search(trace) is not None and not _READING.search(trace)
