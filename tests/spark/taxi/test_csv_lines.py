"""Splitting a line costs what its length costs, and gives what Python's csv module and the old expression give."""

import csv as python_csv
import io
import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from taxi.conformed.source_rows import values_of

LINE_ENDS = "\r\n"
MARKS = st.sampled_from(['"', '""', ",", " ", "\t", "\0", "\x0b", "\x1c", "\x85", "\u2028", "\ufeff", "\\", "'", "$1"])
TEXT = st.text(st.characters(exclude_characters=LINE_ENDS, exclude_categories=["Cs"]), max_size=6)
VALUES = st.lists(st.lists(MARKS | TEXT, max_size=5).map("".join), min_size=1, max_size=8)
LINES = st.lists(st.lists(MARKS | TEXT, max_size=12).map("".join), min_size=1, max_size=200)
ONE_BATCH = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def split_by_spark(spark: SparkSession, lines: Sequence[str]) -> list[list[str]]:
    """Run the real expression on many lines in one job."""
    frame = spark.createDataFrame(list(enumerate(lines)), "number int, line string")
    found = frame.select("number", values_of(F.col("line"))).collect()
    return [values for _, values in sorted(found)]


def written_by_python(values: Sequence[str], quoting: int) -> str:
    target = io.StringIO()
    python_csv.writer(target, quoting=quoting, lineterminator="").writerow(values)  # type: ignore[arg-type]
    return target.getvalue()


def split_as_before(line: str) -> list[str]:
    """The expression that the flow had: right, and quadratic."""
    if '"' not in line:
        return line.split(",")
    values = re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', line)
    return [re.sub(r'^\s*"(.*)"\s*$', r"\1", value, flags=re.ASCII).replace('""', '"') for value in values]


def agrees_with_python(spark: SparkSession, rows: Sequence[Sequence[str]]) -> None:
    quotings = (python_csv.QUOTE_MINIMAL, python_csv.QUOTE_ALL)
    expected = [(values, written_by_python(values, quoting)) for values in rows for quoting in quotings]
    for (values, line), found in zip(expected, split_by_spark(spark, [line for _, line in expected]), strict=True):
        assert found == list(values), line
        assert found == next(python_csv.reader([line])), line


def agrees_with_before(spark: SparkSession, lines: Sequence[str]) -> None:
    # what Java's dot leaves out, Python's does not: such values kept their quotes
    told = [line for line in lines if not {*line} & {"\x85", "\u2028", "\u2029"}]
    for line, found in zip(told, split_by_spark(spark, told), strict=True):
        assert found == split_as_before(line), line


@settings(max_examples=8, suppress_health_check=ONE_BATCH)
@given(rows=st.lists(VALUES, min_size=50, max_size=150))
def test_values_that_python_wrote_are_read_as_they_were(taxi_spark: SparkSession, rows: list[list[str]]) -> None:
    agrees_with_python(taxi_spark, rows)


@settings(max_examples=8, suppress_health_check=ONE_BATCH)
@given(lines=LINES)
@example(lines=['"a,b",c', 'a,"b', 'a"b,c"d,e', '""', '"', ' "x" ,y', '"a""b"', '","', '"",""', ',"', '"a" b,c', ""])
def test_any_line_also_a_broken_one_is_split_as_it_always_was(taxi_spark: SparkSession, lines: list[str]) -> None:
    agrees_with_before(taxi_spark, lines)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=ONE_BATCH)
@given(rows=st.lists(VALUES, min_size=50, max_size=150), lines=LINES)
def test_many_more_lines(taxi_spark: SparkSession, rows: list[list[str]], lines: list[str]) -> None:
    agrees_with_python(taxi_spark, rows)
    agrees_with_before(taxi_spark, lines)


HOSTILE = {
    "commas in quotes": '"' + "," * 62 + '"',
    "empty quotes": ',""' * 21 + ",",
    "quotes": '"' * 64,
    "unclosed": '"' + "," * 63,
    "blanks behind quotes": '" ' * 32,
    "blanks": '"x"' + " " * 60 + ",",
}


@pytest.mark.slow  # it compares times, which a busy machine may spoil
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_the_same_bytes_cost_the_same_in_one_long_line_as_in_many_short_ones(
    taxi_spark: SparkSession, piece: str
) -> None:
    """Security review, H4: 80,000 commas in quotes took 27 s, and 2,000 empty quotes overflowed the stack."""

    def seconds(repeats: int, lines: int) -> float:
        line: Column = F.repeat(F.concat(F.lit(piece), F.substring(F.col("id").cast("string"), 1, 0)), repeats)
        frame = taxi_spark.range(0, lines, 1, 1).select(F.sum(F.size(values_of(line))))
        began = time.perf_counter()
        frame.collect()
        return time.perf_counter() - began

    seconds(16, 1024)  # Java compiles what runs often
    short = min(seconds(16, 1024) for _ in range(2))
    long = min(seconds(1024, 16) for _ in range(2))  # 64 KB, as long as a line may be
    assert long < 6 * short + 0.5, (short, long)
