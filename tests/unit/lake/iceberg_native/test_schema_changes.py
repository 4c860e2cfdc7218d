"""Schema changes by rule 10: in place where Iceberg allows it, otherwise every row is rewritten in the same commit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyiceberg.types import DecimalType

from lake.errors import SchemaChangeRefusedError
from lake.tables.change import ChangeKind
from lake.tables.columns import Promotion
from lake.tables.iceberg.capabilities import ICEBERG
from lake.tables.partitions import Partition
from tests.unit.lake.iceberg_native.lake import SCHEMA, Lake, LakeTable, columns

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

WIDENED: dict[Promotion, tuple[str, Any, str, Any]] = {
    Promotion.INT_TO_BIGINT: ("int", -(2**31), "bigint", 2**40),
    Promotion.INTEGER_TO_UNSIGNED: ("bigint", 2**63 - 1, "decimal(20,0)", Decimal(2**64 - 1)),
    Promotion.FLOAT_TO_DOUBLE: ("float", 0.5, "double", 0.1),
    Promotion.DECIMAL_PRECISION: ("decimal(8,2)", Decimal("123456.78"), "decimal(12,2)", Decimal("1234567890.12")),
    Promotion.DECIMAL_SCALE: ("decimal(8,2)", Decimal("2.50"), "decimal(12,4)", Decimal("12345678.1234")),
}


def test_merge_adds_columns_that_older_rows_have_no_values_in(loaded: LakeTable) -> None:
    schema = f"{SCHEMA}, NOTE string, PRICE decimal(8,2), _odp_note string"
    untouched = set(loaded.data_files())
    loaded.change([("U", 1, 11, "north", "new", Decimal("2.50"), "t")], schema)
    assert loaded.rows("ID", "V", "NOTE", "PRICE", "_odp_note") == [
        (1, 11, "new", Decimal("2.50"), "t"),
        (2, 20, None, None, None),
        (3, 30, None, None, None),
    ]
    assert loaded.native.existing().columns == columns(schema)  # type: ignore[union-attr]
    assert len(untouched & set(loaded.data_files())) == 2, "no other row is touched"


def test_column_that_a_change_lacks_stays_and_is_null_in_changed_rows(loaded: LakeTable) -> None:
    loaded.change([("U", 1, "north")], "Op string, ID bigint, REGION string")
    assert loaded.rows() == [(1, None, "north"), (2, 20, "south"), (3, 30, None)]


@pytest.mark.parametrize(
    ("promotion", "partition_by"),
    # no partition is a float
    [(each, by) for each in Promotion for by in ("REGION", "W") if (each, by) != (Promotion.FLOAT_TO_DOUBLE, "W")],
    ids=lambda value: value if isinstance(value, str) else value.name.lower(),
)
def test_rule_10_wider_values_join_those_of_before_in_one_commit(
    lake: Lake, promotion: Promotion, partition_by: str
) -> None:
    old, old_value, new, new_value = WIDENED[promotion]
    before, after = (f"Op string, ID bigint, W {type_}, REGION string" for type_ in (old, new))
    table = lake.table(partition_by=partition_by)
    table.change([("I", 1, old_value, "north"), ("I", 2, old_value, "south")], before)
    if partition_by == "W" and promotion not in ICEBERG.in_place:
        with pytest.raises(SchemaChangeRefusedError, match="column W partitions the table"):
            table.change([("I", 3, new_value, "west")], after)
        assert table.rows("ID", "W") == [(1, old_value), (2, old_value)]
        return
    files, commits = set(table.data_files()), len(table.stored.metadata.snapshots)
    table.change([("I", 3, new_value, "west"), ("U", 2, old_value, "south")], after)
    as_new = Decimal(old_value) if new.startswith("decimal") else old_value
    assert table.rows("ID", "W") == [(1, as_new), (2, as_new), (3, new_value)]
    assert table.native.existing().columns == columns(after)  # type: ignore[union-attr]
    assert len(table.stored.metadata.snapshots) == commits + 1
    if promotion not in ICEBERG.in_place:
        assert not files & set(table.data_files()), "all rows are rewritten"
    table.change([("D", 1, None, None), ("U", 3, new_value, "west")], after)
    assert table.rows("ID", "W") == [(2, as_new), (3, new_value)]


def test_trap_t2_stored_decimals_are_never_read_with_more_digits_after_the_point(loaded: LakeTable) -> None:
    """Spark reads a stored 2.50 as 0.0250 if the type alone changes: a column of another scale has another id."""
    loaded.change([("U", 1, 11, "north", Decimal("2.50"))], f"{SCHEMA}, PRICE decimal(12,2)")
    id_ = loaded.stored.schema().find_field("PRICE").field_id
    loaded.change([("U", 2, 21, "south", Decimal("1.2345"))], f"{SCHEMA}, PRICE decimal(14,4)")
    assert loaded.stored.schema().find_field("PRICE").field_type == DecimalType(14, 4)
    assert loaded.stored.schema().find_field("PRICE").field_id != id_
    for path in loaded.data_files():
        price = pq.ParquetFile(path.removeprefix("file://")).schema_arrow.field("PRICE")
        assert str(price.type) == "decimal128(14, 4)"
    assert loaded.rows("ID", "PRICE") == [(1, Decimal("2.5000")), (2, Decimal("1.2345")), (3, None)]


def test_time_travel_shows_the_type_of_then(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 11, "north", Decimal("2.50"))], f"{SCHEMA}, PRICE decimal(12,2)")
    then = loaded.stored.metadata.current_snapshot_id
    loaded.change([("U", 1, 12, "north", Decimal("2.5001"))], f"{SCHEMA}, PRICE decimal(14,4)")
    found = loaded.stored.scan(snapshot_id=then).to_arrow()
    assert sorted(found["PRICE"].to_pylist(), key=repr) == [Decimal("2.50"), None, None]


def test_type_that_does_not_hold_the_stored_values_is_refused(loaded: LakeTable) -> None:
    before = loaded.rows()
    with pytest.raises(SchemaChangeRefusedError, match="V is int in the table, but string in the change"):
        loaded.change([("U", 1, "x", "north")], "Op string, ID bigint, V string, REGION string")
    assert loaded.rows() == before


def test_schema_that_comes_back_has_its_former_id(loaded: LakeTable) -> None:
    other = "Op string, ID bigint, V string, REGION string"
    for schema, value in ((other, "x"), (other, "y"), (other, "z")):
        loaded.change([("I", 1, value, "north")], schema, kind=ChangeKind.REPLACE)
    assert len(loaded.stored.metadata.schemas) == 2


def test_replaced_table_takes_other_partitions(loaded: LakeTable) -> None:
    from dataclasses import replace

    moved = replace(loaded, definition=replace(loaded.definition, partition_by=Partition("ID", "bucket", 2)))
    moved.change([("I", 1, 10, "north"), ("I", 2, 20, "north")], kind=ChangeKind.REPLACE)
    moved.change([("U", 1, 11, "south")])
    assert moved.rows() == [(1, 11, "south"), (2, 20, "north")]
    assert [str(field.transform) for field in moved.stored.spec().fields] == ["bucket[2]"]


@pytest.mark.parametrize(("old", "one", "new", "other"), [
    ("int", 7, "string", "seven"),
    ("bigint", 7, "decimal(20,0)", Decimal(8)),
    ("decimal(8,2)", Decimal("2.50"), "decimal(12,4)", Decimal("2.5001")),
])  # fmt: skip
def test_replaced_table_takes_another_type_of_its_partition_column(
    lake: Lake, old: str, one: Any, new: str, other: Any
) -> None:
    table = lake.table(partition_by="P")
    table.change([("I", 1, one), ("I", 2, None)], f"Op string, ID bigint, P {old}")
    after = f"Op string, ID bigint, P {new}"
    table.change([("I", 1, other), ("I", 2, None)], after, kind=ChangeKind.REPLACE)
    table.change([("U", 2, other), ("I", 3, None)], after)
    assert table.rows("ID", "P") == [(1, other), (2, other), (3, None)]


def test_replaced_table_may_lose_its_partition_column(loaded: LakeTable) -> None:
    from dataclasses import replace

    plain = replace(loaded, definition=replace(loaded.definition, partition_by=None))
    plain.change([("I", 1, 10)], "Op string, ID bigint, V int", kind=ChangeKind.REPLACE)
    plain.change([("U", 1, 11), ("I", 2, 20)], "Op string, ID bigint, V int")
    assert plain.rows("ID", "V") == [(1, 11), (2, 20)]
