"""Reads files of one layout: for each row its source values and its position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StringType, StructField

from lake.spark_session import hadoop_path, java_class, literal_path
from taxi.conformed import bounds
from taxi.conformed.file_layouts import FileWithLayout
from taxi.datasets.dataset import FileFormat
from taxi.spark_session import frame_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


FILE, SPLIT, POSITION = "_file", "_split", "_position"
"""The position of a row: the number of its file, the part that one task read, its place in that part."""
PLACE = (FILE, SPLIT, POSITION)
FILE_BYTES, ROW_BYTES = "_file_bytes", "_row_bytes"
"""The size of the file, and the bytes of this row; both are 0 in Parquet."""

NumberedFiles = Sequence[tuple[int, FileWithLayout]]

_PATH, _LINE, _VALUES = "_path", "_line", "_values"
_LONGEST_LINE = "mapreduce.input.linerecordreader.line.maxlength"
"""Hadoop silently skips longer lines, and never keeps more of a line in memory."""


@dataclass(frozen=True, slots=True)
class SourceRows:
    """Source rows with their positions, and the expressions for their values.

    The values are expressions, not columns of the frame, because every following step would copy a column.
    """

    frame: DataFrame
    values: Mapping[str, Column]
    """By source column: the values that conformed columns come from."""
    is_row: Column
    """Whether the line is not blank."""
    text: Column
    """The text of the row, for people."""
    miscounted: Column
    """The fault of its number of values, or NULL."""


def read_rows(spark: SparkSession, files: NumberedFiles) -> SourceRows:
    """Read files of one layout."""
    alike = files[0][1]
    sources = [own for names in alike.match.names.values() for own in names]
    if alike.format is FileFormat.CSV:
        return _csv_rows(_numbered(spark, files, _lines(spark, files)), alike.columns, sources)
    return _parquet_rows(_numbered(spark, files, _records(spark, files)), sources)


def _csv_rows(lines: DataFrame, columns: Sequence[str], sources: Sequence[str]) -> SourceRows:
    line, values = F.col(_LINE), F.col(_VALUES)
    is_long = F.col(ROW_BYTES) > bounds.LINE_BYTES
    count, wanted = F.size(values), len(columns)
    has_more = (count > wanted) & F.exists(F.slice(values, wanted + 1, count), lambda value: F.trim(value) != "")
    too_long = F.concat(F.col(ROW_BYTES).cast("string"), F.lit(f" bytes, but a line may have {bounds.LINE_BYTES}"))
    wrong_number = F.concat(count.cast("string"), F.lit(f" values instead of {wanted}"))
    return SourceRows(
        frame=lines.select(
            *PLACE, FILE_BYTES, ROW_BYTES, line, values_of(F.when(is_long, "").otherwise(line)).alias(_VALUES)
        ),
        values={own: F.get(values, F.lit(columns.index(own))) for own in sources},
        is_row=F.trim(line) != "",
        text=line,
        miscounted=F.when(is_long, too_long).when((count < wanted) | has_more, wrong_number),
    )


def _parquet_rows(records: DataFrame, sources: Sequence[str]) -> SourceRows:
    # source columns may have the names of other conformed columns
    renamed = [F.col(f"`{own}`").alias(f"_source_{number}") for number, own in enumerate(sources)]
    values = {own: F.col(f"_source_{number}") for number, own in enumerate(sources)}
    return SourceRows(
        frame=records.select(*PLACE, F.lit(0).cast("bigint").alias(FILE_BYTES), F.lit(0).alias(ROW_BYTES), *renamed),
        values=values,
        is_row=F.lit(True),
        text=F.to_json(F.struct(*(values[own].alias(own) for own in sources))),
        miscounted=F.lit(None).cast("string"),
    )


def _bounded(field: StructField) -> Column:
    """Cut a text that is too long for a value before it is copied: a file of 300 bytes can have 1 MB in each row."""
    value = F.col(f"`{field.name}`")
    if not isinstance(field.dataType, StringType | BinaryType):
        return value
    # as bytes, because Spark counts all characters of a text to take a part of it
    cut = F.substring(value.cast("binary"), 1, bounds.VALUE_BYTES + 1).cast(field.dataType)
    return F.when(F.octet_length(value) <= bounds.VALUE_BYTES, value).otherwise(cut).alias(field.name)


def _lines(spark: SparkSession, files: NumberedFiles) -> DataFrame:
    reader = spark.read.option("recursiveFileLookup", "true").option(_LONGEST_LINE, str(bounds.READ_LINE_BYTES))
    lines = reader.text(_paths(files))
    return lines.select(
        F.col("value").alias(_LINE),
        F.octet_length("value").alias(ROW_BYTES),
        F.col("_metadata.file_size").alias(FILE_BYTES),
        F.col("_metadata.file_path").alias(_PATH),
        F.col("_metadata.file_block_start").alias(SPLIT),
        # consecutive within a split, and assigned before any line is skipped, so it gives the line number later
        F.monotonically_increasing_id().alias(POSITION),
    )


def _records(spark: SparkSession, files: NumberedFiles) -> DataFrame:
    footer, own = files[0][1].footer, {*chain.from_iterable(files[0][1].match.names.values())}
    assert footer is not None  # noqa: S101 - it is what makes this a Parquet file
    records = spark.read.schema(footer.schema).option("recursiveFileLookup", "true").parquet(*_paths(files))
    return records.select(
        *(_bounded(field) for field in footer.schema if field.name in own),
        F.col("_metadata.file_path").alias(_PATH),
        F.lit(0).cast("bigint").alias(SPLIT),
        F.col("_metadata.row_index").alias(POSITION),
    )


def _paths(files: NumberedFiles) -> list[str]:
    return [literal_path(known.source.uri) for _, known in files]


def _numbered(spark: SparkSession, files: NumberedFiles, rows: DataFrame) -> DataFrame:
    """Give each row the number of its file, because Spark encodes paths in its own way."""
    encoded = java_class(spark, "org.apache.spark.paths.SparkPath")
    paths = ((number, encoded.fromPath(hadoop_path(spark, known.source.uri))) for number, known in files)
    numbers = ({_PATH: path.urlEncoded(), FILE: number} for number, path in paths)
    by_path = frame_of(spark, numbers, f"{_PATH} string, {FILE} int")
    return rows.join(F.broadcast(by_path), _PATH, "left").drop(_PATH)


_QUOTE, _COMMA = '"', ","
_END = "\n"
"""A character that no line contains."""
# a value and its comma; possessive quantifiers never backtrack, so the cost is linear
_VALUE = r'\G((?:[^",]++|"[^"]*+")*+),'
_QUOTED = r'(?s)^\s*"(.*)"\s*$'


def values_of(line: Column) -> Column:
    """Split a line at its commas; only lines with quotes take the slower way that respects them."""
    quoted = F.transform(F.split(_with_marked_ends(line), _END, -1), _without_quotes)
    return F.when(F.contains(line, F.lit(_QUOTE)), quoted).otherwise(F.split(line, _COMMA, -1))


def _with_marked_ends(line: Column) -> Column:
    """Replace each comma that ends a value: it has an even number of quotes behind it.

    Where a line has an odd number of quotes, no comma before the first of them ends a value.
    """
    quotes = F.octet_length(line) - F.octet_length(F.replace(line, F.lit(_QUOTE), F.lit("")))
    unpaired = F.when(quotes % 2 == 1, F.instr(line, _QUOTE)).otherwise(0)
    paired = F.regexp_replace(F.substr(line, unpaired + 1), _VALUE, f"$1{_END}")
    return F.concat(F.substr(line, F.lit(1), unpaired), paired)


def _without_quotes(value: Column) -> Column:
    unwrapped = F.replace(F.regexp_replace(value, _QUOTED, "$1"), F.lit(_QUOTE * 2), F.lit(_QUOTE))
    return F.when(F.contains(value, F.lit(_QUOTE)), unwrapped).otherwise(value)
