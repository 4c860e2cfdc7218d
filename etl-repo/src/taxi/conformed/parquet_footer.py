"""Reads a Parquet file's footer by Parquet's own library: no Spark job, however many files there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from odp.spark_session import java_class, open_parquet
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql.types import StructType

from taxi.conformed.file_layouts import ParquetFooter
from taxi.errors import PassingFailureError, SourceFileError, one_line
from taxi.failures import is_passing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def read_footer(spark: SparkSession, uri: str) -> ParquetFooter:
    """Give the columns and the number of rows of a Parquet file.

    Raises:
        SourceFileError: it is not a whole Parquet file, or has a column of a type that Spark cannot read.
        PassingFailureError: it could not be read now, whatever it is.
    """
    converters = java_class(spark, "org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter")
    try:
        reader = open_parquet(spark, uri)
        try:
            types = reader.getFooter().getFileMetaData().getSchema()
            settings = spark._jsparkSession.sessionState().conf()  # noqa: SLF001
            schema = converters(settings).convert(types).json()
            return ParquetFooter(StructType.fromJson(json.loads(schema)), reader.getRecordCount())
        finally:
            reader.close()
    except (Py4JError, PySparkException) as error:
        message = f"the file cannot be read as Parquet: {one_line(error)}"
        raise (PassingFailureError if is_passing(error) else SourceFileError)(message) from error
