"""Reads the columns of landed files from their footers, several at a time and without a Spark job."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from odp.file_processor.parquet_schema import parquet_columns
from odp.records import LandedFile
from odp.spark_session import hadoop_configuration, jvm

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_AT_A_TIME = 8  # a footer is a few small requests to S3, whose answers are waited for


def read_columns(spark: SparkSession, files: Sequence[LandedFile]) -> dict[str, dict[str, str]]:
    """Give the columns of each file by its id."""
    with ThreadPoolExecutor(max_workers=min(_AT_A_TIME, len(files))) as threads:
        schemas = threads.map(lambda file: _message_type(spark, file), files)
        return {file.file_id: parquet_columns(schema) for file, schema in zip(files, schemas, strict=True)}


def _message_type(spark: SparkSession, file: LandedFile) -> str:
    java = jvm(spark)
    path = java.org.apache.hadoop.fs.Path(file.uri)
    parquet = java.org.apache.parquet.hadoop
    reader = parquet.ParquetFileReader.open(parquet.util.HadoopInputFile.fromPath(path, hadoop_configuration(spark)))
    try:
        return str(reader.getFileMetaData().getSchema().toString())
    finally:
        reader.close()
