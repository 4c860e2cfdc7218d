"""The footer of a Parquet file, as Parquet prints it, says which columns a table gets."""

from collections.abc import Iterable

import pytest

from lake.tables import parquet_schema


def parquet_columns(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: str(type_) for name, type_ in parquet_schema.parquet_columns(fields).items()}


DMS_FILE = [
    ("Op", "optional binary Op (STRING)"),
    ("ID", "required int64 ID"),
    ("AMOUNT", "optional fixed_len_byte_array(4) AMOUNT (DECIMAL(8,2))"),
    ("AT", "optional int64 AT (TIMESTAMP(MICROS,false))"),
    ("DAY", "optional int32 DAY (DATE) = 7"),
    ("TAGS", "optional group TAGS (LIST) {\n  repeated group list {\n    optional int64 element;\n  }\n}"),
]


def test_columns_are_given_in_the_files_order_with_their_types() -> None:
    assert list(parquet_columns(DMS_FILE).items()) == [
        ("Op", "string"),
        ("ID", "bigint"),
        ("AMOUNT", "decimal(8,2)"),
        ("AT", "timestamp"),
        ("DAY", "date"),
        ("TAGS", "unsupported: group LIST"),
    ]


@pytest.mark.parametrize(
    ("parquet", "type_"),
    [
        ("boolean C", "boolean"),
        ("int32 C", "int"),
        ("int96 C", "timestamp"),
        ("float C", "float"),
        ("double C", "double"),
        ("binary C", "binary"),
        ("fixed_len_byte_array(16) C", "binary"),
        ("int32 C (INTEGER(8,true))", "int"),
        ("int32 C (INTEGER(16,true))", "int"),
        ("int32 C (INTEGER(8,false))", "int"),
        ("int32 C (INTEGER(16,false))", "int"),
        ("int32 C (INTEGER(32,false))", "bigint"),
        ("int64 C (INTEGER(64,false))", "decimal(20,0)"),
        ("int32 C (DECIMAL(9,2))", "decimal(9,2)"),
        ("int64 C (TIMESTAMP(MILLIS,true))", "timestamp"),
        ("int64 C (TIMESTAMP(NANOS,false))", "unsupported: int64 TIMESTAMP(NANOS,false)"),
        ("int32 C (TIME(MILLIS,true))", "time(millis)"),
        ("int64 C (TIME(MICROS,false))", "time(micros)"),
    ],
)
def test_type_follows_what_parquet_annotates(parquet: str, type_: str) -> None:
    assert parquet_columns([("C", f"optional {parquet}")]) == {"C": type_}


def test_repeated_column_is_unsupported() -> None:
    assert parquet_columns([("C", "repeated int32 C")]) == {"C": "unsupported: group"}


NAMES = ["my col", "SYS$C#", "Größe", "a.b", "x (y)", "QTY ", " QTY", "QTY = 5", "A (STRING)", "line\nfeed", ""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", ["", " = 7"])
def test_name_of_any_characters_is_the_columns_name_as_it_is(name: str, number: str) -> None:
    assert parquet_columns([(name, f"optional binary {name} (STRING){number}")]) == {name: "string"}
    assert parquet_columns([(name, f"optional binary {name}{number}")]) == {name: "binary"}


def test_name_that_a_file_has_twice_is_unsupported() -> None:
    twice = [("Op", "optional binary Op (STRING)")] * 2
    assert parquet_columns(twice) == {"Op": "unsupported: two columns of one name"}
