"""How a file is written is learnt from its start or its footer; what cannot be known is refused file by file."""

import pytest
from pyspark.sql.types import ArrayType, LongType, StringType, StructField, StructType, TimestampType
from taxi.conformed.file_layouts import HEADER_BYTES, KnownFiles, ParquetFooter, detect_layouts, header
from taxi.conformed.selection import SourceFile
from taxi.datasets.dataset import FileFormat
from taxi.errors import SourceFileError

from tests.unit.taxi.datasets.definitions import layout, parsed

DATASET = parsed(layouts=[layout(), layout(name="columnar", format="parquet", timestamp_formats=None)])


class Raw:
    def __init__(self, **contents: bytes) -> None:
        self._contents = contents

    def version(self, bucket: str, key: str) -> str | None:
        return "e1"

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        return self._contents[key.split(".", maxsplit=1)[0]][:length]


def source(key: str) -> SourceFile:
    return SourceFile(key, "raw", key, "e1", "e1")


def footer(uri: str) -> ParquetFooter:
    if "damaged" in uri:
        message = "not whole"
        raise SourceFileError(message)
    fare = ArrayType(LongType()) if "nested" in uri else LongType()
    start = StringType() if "text" in uri else TimestampType()
    return ParquetFooter(StructType([StructField("Start", start), StructField("Fare", fare)]), rows=3)


def learn(*keys: str, **contents: bytes) -> KnownFiles:
    return detect_layouts(map(source, keys), DATASET, Raw(**contents), footer)


@pytest.mark.parametrize(
    ("start", "columns"),
    [
        (b"a,b\n1,2", ("a", "b")),
        (b"\xef\xbb\xbfa,b\r\n", ("a", "b")),
        (b"a,b", ("a", "b")),
        (b'"a","b, c"\r1,2', ("a", "b, c")),
        ("ä,b\n".encode() + b"\xff", ("ä", "b")),
    ],
)
def test_columns_are_named_by_the_first_line(start: bytes, columns: tuple[str, ...]) -> None:
    assert header(start) == columns


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (b"", "is empty"),
        (b"x" * HEADER_BYTES, "longer than"),
        ("a,b\n".encode("latin-1") + b"", None),
        ("ä,b\n".encode("latin-1"), "no text in UTF-8"),
    ],
)
def test_a_start_that_names_no_columns_is_refused(start: bytes, error: str | None) -> None:
    if error is None:
        assert header(start) == ("a", "b")
        return
    with pytest.raises(SourceFileError, match=error):
        header(start)


def test_each_file_has_the_layout_of_its_format_with_its_own_order_of_columns() -> None:
    known = learn("a.csv", "b.PARQUET", a=b"FARE,Start,tip\n1,2,3")
    assert known.refused == {}
    text, columnar = known.readable
    assert (text.format, text.columns) == (FileFormat.CSV, ("FARE", "Start", "tip"))
    assert text.match.sources == {"began_at": "Start", "fare": "FARE", "tip": "tip"}
    assert (columnar.format, columnar.footer and columnar.footer.rows) == (FileFormat.PARQUET, 3)


def test_files_are_read_together_only_when_their_columns_stand_in_the_same_order() -> None:
    known = learn("a.csv", "b.csv", "c.csv", a=b"Start,Fare\n", b=b"Start,Fare\n", c=b"Fare,Start\n")
    first, second, third = (file.written_like for file in known.readable)
    assert first == second != third


def test_a_file_that_is_refused_says_why_and_the_others_are_known() -> None:
    known = learn(
        "a.csv", "odd.csv", "damaged.parquet", "nested.parquet", "text.parquet",
        a=b"Start,Fare\n", odd=b"Start,Mood\n",
    )  # fmt: skip
    assert [file.source.key for file in known.readable] == ["a.csv"]
    assert "missing columns: Fare" in known.refused["odd.csv"]
    assert known.refused["damaged.parquet"] == "not whole"
    assert "Fare (array<bigint>, but fare is decimal)" in known.refused["nested.parquet"]
    assert "Start (string, but began_at is timestamp)" in known.refused["text.parquet"]


@pytest.mark.parametrize("key", ["a/_b.csv", ".b.csv", "a//b.csv", "a/./b.csv", "../b.csv", "${env:x}.csv", "a:[b.csv"])
def test_a_key_that_spark_would_hide_or_change_is_refused(key: str) -> None:
    assert key in learn(key, **{key.split(".", maxsplit=1)[0]: b"Start,Fare"}).refused
