"""Reads files that are written alike as they are: for each row the values of its columns, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from odp.spark_session import jvm, literal_path
from pyspark.sql import functions as F

from taxi.conformed.file_layouts import KnownFile
from taxi.datasets.dataset import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

FILE, SPLIT, POSITION = "_file", "_split", "_position"
"""Where a row stands: the number of its file, the part of the file that one task read, its place in there."""
IS_ROW, TEXT, MISCOUNTED = "_is_row", "_text", "_miscounted"
"""Whether a line is more than blank; what it says; what is wrong with the number of its values, or NULL."""
PLACE = (FILE, SPLIT, POSITION)

Numbered = Sequence[tuple[int, KnownFile]]

_PATH, _VALUES = "_path", "_values"
# a comma with an even number of quotes behind it is outside of quotes
_COMMA_OUTSIDE_QUOTES = """,(?=(?:[^"]*"[^"]*")*[^"]*$)"""
_QUOTED = """^\\s*"(.*)"\\s*$"""


def source_of(column: str) -> str:
    """Name the frame's column that holds the source of a conformed column as the file has it."""
    return f"_of_{column}"


def read_rows(spark: SparkSession, files: Numbered) -> DataFrame:
    """Read files that are written alike; a conformed column of which they have no source is not there."""
    alike = files[0][1]
    sources = {target: own for target, own in alike.match.sources.items() if own is not None}
    if alike.format is FileFormat.CSV:
        return _split_lines(_numbered(spark, files, _lines(spark, files)), alike.columns, sources)
    rows = _numbered(spark, files, _parquet_rows(spark, files))
    originals = [F.col(f"`{own}`").alias(source_of(target)) for target, own in sources.items()]
    text = F.to_json(F.struct(*(F.col(f"`{own}`") for own in sources.values())))
    constants = [F.lit(True).alias(IS_ROW), F.lit(None).cast("string").alias(MISCOUNTED)]
    return rows.select(*PLACE, text.alias(TEXT), *constants, *originals)


def _lines(spark: SparkSession, files: Numbered) -> DataFrame:
    lines = spark.read.option("recursiveFileLookup", "true").text(_paths(files))
    return lines.select(
        F.col("value").alias(TEXT),
        F.col("_metadata.file_path").alias(_PATH),
        F.col("_metadata.file_block_start").alias(SPLIT),
        # consecutive within a split, and given before any line is left out: tells the line's number later
        F.monotonically_increasing_id().alias(POSITION),
    )


def _parquet_rows(spark: SparkSession, files: Numbered) -> DataFrame:
    footer = files[0][1].footer
    assert footer is not None  # noqa: S101 - it is what makes this a Parquet file
    rows = spark.read.schema(footer.schema).option("recursiveFileLookup", "true").parquet(*_paths(files))
    return rows.select(
        "*",
        F.col("_metadata.file_path").alias(_PATH),
        F.lit(0).cast("bigint").alias(SPLIT),
        F.col("_metadata.row_index").alias(POSITION),
    )


def _paths(files: Numbered) -> list[str]:
    return [literal_path(known.source.uri) for _, known in files]


def _numbered(spark: SparkSession, files: Numbered, rows: DataFrame) -> DataFrame:
    """Name each row's file by its number: Spark names it by its path in an encoding of its own."""
    encoded, path = jvm(spark).org.apache.spark.paths.SparkPath, jvm(spark).org.apache.hadoop.fs.Path
    numbers = [(encoded.fromPath(path(known.source.uri)).urlEncoded(), number) for number, known in files]
    by_path = spark.createDataFrame(numbers, f"{_PATH} string, {FILE} int")
    return rows.join(F.broadcast(by_path), _PATH, "left").drop(_PATH)


def _split_lines(lines: DataFrame, columns: Sequence[str], sources: dict[str, str]) -> DataFrame:
    values = F.col(_VALUES)
    count, wanted = F.size(values), len(columns)
    miscounted = F.when(count != wanted, F.concat(count.cast("string"), F.lit(f" values instead of {wanted}")))
    originals = [F.get(values, F.lit(columns.index(own))).alias(source_of(to)) for to, own in sources.items()]
    split = lines.select(*PLACE, TEXT, _values_of(F.col(TEXT)).alias(_VALUES))
    return split.select(*PLACE, TEXT, (F.trim(TEXT) != "").alias(IS_ROW), miscounted.alias(MISCOUNTED), *originals)


def _values_of(line: Column) -> Column:
    """Split a line at its commas; the way that respects quotes is taken by lines that have any: it costs far more."""
    quoted = F.transform(F.split(line, _COMMA_OUTSIDE_QUOTES, -1), _without_quotes)
    return F.when(F.contains(line, F.lit('"')), quoted).otherwise(F.split(line, ",", -1))


def _without_quotes(value: Column) -> Column:
    return F.regexp_replace(F.regexp_replace(value, _QUOTED, "$1"), '""', '"')
