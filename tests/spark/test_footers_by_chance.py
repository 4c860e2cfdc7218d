"""Footers by chance: each is read, or its file is refused by name; nothing else ever comes of one.

A footer is what both flows read of a file first, so whoever may write an object decides about every byte of it.
"""

import io
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from odp.file_manager.registration import listed_object
from odp.file_processor.apply.parquet_footers import read_columns
from odp.records import LandedFile
from pyspark.sql import SparkSession
from taxi.conformed.file_layouts import read_footer
from taxi.errors import SourceFileError

from lake.errors import RejectedInputError
from lake.landing.listings import ObjectVersion
from lake.tables.columns import ColumnType

NUMBERS = count(1)
TAIL = 8
"""A file ends with the length of its footer and four letters."""
ONE_FILE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
Write = Callable[[bytes], LandedFile]

NAMES = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(["", "a.b", "ID = 5", "x\n", "Ö (STRING)"])
TYPES = st.sampled_from(
    [
        *(pa.int8(), pa.uint32(), pa.uint64(), pa.int64(), pa.float16(), pa.float32(), pa.bool_(), pa.date32()),
        *(pa.string(), pa.binary(), pa.binary(5), pa.decimal128(38, 38), pa.decimal128(1, 0), pa.time32("ms")),
        *(pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.list_(pa.int8()), pa.struct({"a": pa.null()})),
        *(pa.map_(pa.string(), pa.list_(pa.int8())), pa.duration("s"), pa.null()),
    ]
)
COLUMNS = st.lists(st.tuples(NAMES, TYPES), min_size=1, max_size=8)
BYTES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6)
LENGTHS = st.none() | st.integers(0, 2**32 - 1)
CUTS = st.none() | st.integers(0, 2_000)


def parquet(columns: list[tuple[str, pa.DataType]]) -> bytes:
    sink = io.BytesIO()
    arrays = [pa.nulls(2, type_) for _, type_ in columns]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(columns)), sink, version="2.6")
    return sink.getvalue()


SOUND = parquet(
    [("Op", pa.string()), ("ID", pa.int64()), ("AMOUNT", pa.decimal128(8, 2)), ("TAGS", pa.list_(pa.int8()))]
)


def spoilt(whole: bytes, changes: list[tuple[int, int]], length: int | None, cut: int | None) -> bytes:
    """Change bytes of the footer, tell another length of it, and end the file early."""
    footer = int.from_bytes(whole[-TAIL:-4], "little")
    begins, content = len(whole) - TAIL - footer, bytearray(whole)
    for place, value in changes:
        content[begins + place % footer] = value
    if length is not None:
        content[-TAIL:-4] = length.to_bytes(4, "little")
    return bytes(content) if cut is None else bytes(content[:cut])


@pytest.fixture
def write(buckets: Path) -> Write:
    def one(content: bytes) -> LandedFile:
        key = f"chance/footers/LOAD{next(NUMBERS):08X}.parquet"
        path = buckets / "staging" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        found = listed_object(ObjectVersion("staging", key, "v1", "e", len(content), "2026-11-29T12:00:00Z"))
        assert isinstance(found, LandedFile)
        return found

    return one


def is_read_or_refused(spark: SparkSession, file: LandedFile) -> None:
    """By both flows; any other exception is a failure of the test."""
    try:
        (columns,) = read_columns(spark, [file]).values()
    except RejectedInputError as refusal:
        columns, named = {}, file.key in str(refusal)
    else:
        named = True
    assert named
    assert all(isinstance(name, str) and isinstance(kind, ColumnType) for name, kind in columns.items())
    with suppress(SourceFileError):
        assert read_footer(spark, file.uri).rows >= 0


@settings(max_examples=15, suppress_health_check=ONE_FILE)
@given(COLUMNS)
def test_file_of_any_columns_is_read_or_refused(
    spark: SparkSession, write: Write, columns: list[tuple[str, pa.DataType]]
) -> None:
    is_read_or_refused(spark, write(parquet(columns)))


@settings(max_examples=30, suppress_health_check=ONE_FILE)
@given(BYTES, LENGTHS, CUTS)
@example([(9_999, 0)], None, None)
@example([(0, 0)], 0, None)
@example([(0, 0)], 2**32 - 1, None)
@example([(0, 0)], 2**31 - 1, None)
@example([(0, 0)], None, 0)
@example([(0, 0)], None, TAIL)
def test_file_whose_footer_is_spoilt_is_read_or_refused(
    spark: SparkSession, write: Write, changes: list[tuple[int, int]], length: int | None, cut: int | None
) -> None:
    is_read_or_refused(spark, write(spoilt(SOUND, changes, length, cut)))


@pytest.mark.slow
@settings(max_examples=1_000, suppress_health_check=ONE_FILE)
@given(COLUMNS, BYTES, LENGTHS, CUTS)
def test_many_spoilt_files_are_read_or_refused(
    spark: SparkSession,
    write: Write,
    columns: list[tuple[str, pa.DataType]],
    changes: list[tuple[int, int]],
    length: int | None,
    cut: int | None,
) -> None:
    is_read_or_refused(spark, write(spoilt(parquet(columns), changes, length, cut)))
