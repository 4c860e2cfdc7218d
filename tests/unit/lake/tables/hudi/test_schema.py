"""The Avro schema of a commit says which columns the table has."""

import json
from typing import Any

import pytest

from lake.tables.columns import column_type
from lake.tables.hudi.schema import table_columns


def schema(*fields: tuple[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "t", "fields": [{"name": n, "type": t} for n, t in fields]})


@pytest.mark.parametrize(
    ("avro", "type_"),
    [
        ("int", "int"),
        ("long", "bigint"),
        ("bytes", "binary"),
        (["null", "string"], "string"),
        (["double", "null"], "double"),
        ({"type": "int", "logicalType": "date"}, "date"),
        (["null", {"type": "long", "logicalType": "timestamp-micros"}], "timestamp"),
        (
            ["null", {"type": "fixed", "name": "f", "size": 4, "logicalType": "decimal", "precision": 8, "scale": 2}],
            "decimal(8,2)",
        ),
    ],
)
def test_type_is_that_of_the_column(avro: Any, type_: str) -> None:
    assert table_columns(schema(("C", avro))) == {"C": column_type(type_)}


def test_columns_that_hudi_adds_are_left_out_and_technical_ones_are_not() -> None:
    columns = schema(("_hoodie_record_key", "string"), ("ID", "long"), ("_odp_key", "string"))
    assert table_columns(columns) == {"ID": column_type("bigint"), "_odp_key": column_type("string")}
