"""Detects the layout of each file of a bundle by its first bytes or its footer, never by its rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql.types import StructType

from lake.errors import RejectedInputError, RetryableError, one_line
from lake.spark_session import elements, java_class, open_parquet, parquet_file
from taxi.conformed import bounds
from taxi.conformed.conversion import can_become
from taxi.conformed.selection import SourceFile
from taxi.datasets.dataset import Dataset, FileFormat, format_of, why_not_addressable
from taxi.datasets.layouts import LayoutMatch, match_layout
from taxi.errors import PassingFailureError, SourceFileError, is_passing
from taxi.ports import RawFiles

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


HEADER_BYTES = 65_536
FILES_AT_ONCE = 16
"""Threads, because both requests of a file mostly wait for S3."""
LONGEST_REASON = 4_000
"""The most characters of a reason, because the audit table stores it."""


@dataclass(frozen=True, slots=True)
class ParquetFooter:
    """The columns and rows by a Parquet footer."""

    schema: StructType
    rows: int


@dataclass(frozen=True, slots=True)
class FileWithLayout:
    """A file whose layout is known; `columns` are its own in their order."""

    source: SourceFile
    match: LayoutMatch
    columns: tuple[str, ...]
    footer: ParquetFooter | None = None

    @property
    def format(self) -> FileFormat:
        """The format of the file."""
        return self.match.layout.format

    @property
    def written_like(self) -> tuple[str, ...]:
        """The key of files that can be read together: layout, and columns with order or types."""
        return (self.match.layout.name, *((self.footer.schema.json(),) if self.footer else self.columns))


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """The readable files, and by file id why others are not; `passing` has transient failures."""

    readable: tuple[FileWithLayout, ...]
    refused: Mapping[str, str]
    passing: Mapping[str, str]


def detect_layouts(
    sources: Iterable[SourceFile], dataset: Dataset, raw: RawFiles, footer: Callable[[str], ParquetFooter]
) -> KnownFiles:
    """Find the layout of each file; a file without one is refused with the reason, independently of the others."""

    def learn(source: SourceFile) -> FileWithLayout | RejectedInputError | RetryableError:
        try:
            _demand_addressable(source.key)
            bounds.demand_size(source.size)
            if format_of(source.key) is FileFormat.CSV:
                return _of_csv(source, dataset, raw.read_start(source.bucket, source.key, HEADER_BYTES))
            return _of_parquet(source, dataset, footer(source.uri))
        except (RejectedInputError, RetryableError) as error:
            return error

    files = list(sources)
    with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
        found = list(zip(files, threads.map(learn, files), strict=True))
    return KnownFiles(
        readable=tuple(known for _, known in found if isinstance(known, FileWithLayout)),
        refused={
            source.file_id: str(error)[:LONGEST_REASON]
            for source, error in found
            if isinstance(error, RejectedInputError)
        },
        passing={source.file_id: str(error) for source, error in found if isinstance(error, RetryableError)},
    )


def _demand_addressable(key: str) -> None:
    """Landing rejects such keys; an earlier release did not."""
    if message := why_not_addressable(key):
        raise SourceFileError(message)


def _of_csv(source: SourceFile, dataset: Dataset, start: bytes) -> FileWithLayout:
    columns = header(start)
    bounds.demand_columns(columns)
    return FileWithLayout(source, match_layout(dataset, FileFormat.CSV, columns), columns)


def _of_parquet(source: SourceFile, dataset: Dataset, footer: ParquetFooter) -> FileWithLayout:
    columns = tuple(footer.schema.names)
    match = match_layout(dataset, FileFormat.PARQUET, columns)
    unfit = [
        f"{own} ({footer.schema[own].dataType.simpleString()}, but {target} is {dataset.columns[target].type})"
        for target, names in match.names.items()
        for own in names
        if not can_become(footer.schema[own].dataType, dataset.columns[target].type)
    ]
    if unfit:
        message = f"columns whose types cannot become the declared ones: {', '.join(unfit)}"
        raise SourceFileError(message)
    return FileWithLayout(source, match, columns, footer)


def header(start: bytes) -> tuple[str, ...]:
    """Read the column names from the first bytes of a CSV file."""
    lines = start.splitlines()
    if not lines:
        message = "the file is empty: not even its columns are named; send it whole"
        raise SourceFileError(message)
    if len(lines) == 1 and len(start) >= HEADER_BYTES:
        message = (
            f"the first line, which should name the columns, is longer than {HEADER_BYTES} bytes; is it a CSV file?"
        )
        raise SourceFileError(message)
    try:
        return tuple(next(csv.reader([lines[0].decode("utf-8-sig")]), []))
    except UnicodeDecodeError:
        message = "the first line, which should name the columns, is no text in UTF-8; send the file as UTF-8"
        raise SourceFileError(message) from None


# Reads Parquet footers with Parquet's own library, without a Spark job.


_LENGTH_BYTES, _TAIL_BYTES = 4, 8
"""A Parquet file ends with the length of its footer and four letters."""


def read_footer(spark: SparkSession, uri: str) -> ParquetFooter:
    """Return the columns and the number of rows of a Parquet file.

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
