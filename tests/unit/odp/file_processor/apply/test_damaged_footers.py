"""A file is refused when it can never be read; what may be read a moment later is tried again."""

from typing import TYPE_CHECKING, cast

import pytest
from odp.file_processor.apply import parquet_footers
from py4j.protocol import Py4JJavaError

from lake.errors import RejectedInputError
from tests.unit.odp.file_processor.landings import load

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OPEN = "\tat org.apache.parquet.hadoop.ParquetFileReader.open(ParquetFileReader.java:654)\n"
DECODING = f"\tat org.apache.parquet.format.converter.ParquetMetadataConverter.fromParquetSchema(X.java:1)\n{OPEN}"
EMRFS = "\tat com.amazon.ws.emr.hadoop.fs.s3n.S3NativeFileSystem$NativeS3FsInputStream.read(X.java:1)\n"
S3A = "\tat org.apache.hadoop.fs.s3a.S3AInputStream.read(S3AInputStream.java:1)\n"


class ThrownError(Py4JJavaError):  # type: ignore[misc]  # py4j has no types
    """What py4j raises, with a trace that was seen or may be."""

    def __init__(self, trace: str) -> None:
        self.trace = trace

    def __str__(self) -> str:
        return f"An error occurred while calling z:org.apache.parquet.hadoop.ParquetFileReader.open.\n: {self.trace}"


def read(monkeypatch: pytest.MonkeyPatch, trace: str) -> None:
    def open_parquet(*_: object) -> None:
        raise ThrownError(trace)

    monkeypatch.setattr(parquet_footers, "open_parquet", open_parquet)
    parquet_footers.read_columns(cast("SparkSession", None), [load(1, 1)])


@pytest.mark.parametrize(
    "trace",
    [
        f'java.lang.NullPointerException: Cannot invoke "LogicalType.getSetField()"\n{DECODING}',
        f"java.lang.IllegalArgumentException: Invalid FIXED_LEN_BYTE_ARRAY length: 0\n{DECODING}",
        f"org.apache.parquet.io.InvalidRecordException: x not found in group {{\n  required int32 y;\n}}\n{OPEN}",
        f"java.lang.StackOverflowError\n{DECODING}",
        f"java.lang.RuntimeException: s3://staging/x is not a Parquet file. Expected magic number\n{OPEN}",
    ],
)
def test_file_that_parquet_cannot_decode_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, trace: str) -> None:
    with pytest.raises(RejectedInputError, match=load(1, 1).key):
        read(monkeypatch, trace)


@pytest.mark.parametrize(
    "trace",
    [
        f"java.io.IOException: Connection reset\n{EMRFS}{OPEN}",
        f"java.io.EOFException: read\n{S3A}{OPEN}",
        f"java.lang.RuntimeException: wrapped\n{OPEN}Caused by: java.net.SocketTimeoutException: Read timed out\n{S3A}",
        f"java.lang.OutOfMemoryError: Java heap space\n{DECODING}",
        f"java.lang.NoSuchMethodError: 'void org.apache.parquet.X.y()'\n{OPEN}",
        f"com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied\n{OPEN}",
        "java.lang.InterruptedException\n\tat java.base/java.lang.Thread.sleep(Native Method)\n",
    ],
)
def test_file_that_could_not_be_read_now_is_not_refused(monkeypatch: pytest.MonkeyPatch, trace: str) -> None:
    with pytest.raises(ThrownError):
        read(monkeypatch, trace)
