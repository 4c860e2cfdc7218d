"""The schema of an Iceberg table, as Iceberg prints it, says which columns the table has."""

import pytest

from lake.tables.columns import Unsupported, column_type
from lake.tables.iceberg.schema import table_columns


@pytest.mark.parametrize(
    ("printed", "type_"),
    [
        ("boolean", "boolean"),
        ("int", "int"),
        ("long", "bigint"),
        ("float", "float"),
        ("double", "double"),
        ("decimal(8, 2)", "decimal(8,2)"),
        ("string", "string"),
        ("binary", "binary"),
        ("date", "date"),
        ("timestamptz", "timestamp"),
    ],
)
def test_type_is_that_of_the_column(printed: str, type_: str) -> None:
    assert table_columns([("C", printed)]) == {"C": column_type(type_)}


@pytest.mark.parametrize("printed", ["timestamp", "time", "list<int>", "struct<1: a: optional int>", "fixed[4]"])
def test_type_that_the_core_never_writes_is_named_as_iceberg_does(printed: str) -> None:
    assert table_columns([("C", printed)]) == {"C": Unsupported(printed)}
