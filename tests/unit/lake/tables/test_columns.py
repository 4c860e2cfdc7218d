"""Rule 10: a type becomes another one only if that holds every value of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.tables.columns import ColumnType, Decimal, Promotion, TimeOfDay, column_type, promote, stored_type

SCALARS = ("boolean", "int", "bigint", "float", "double", "string", "binary", "date", "timestamp", "time(micros)")
DECIMALS = st.integers(1, 38).flatmap(lambda p: st.integers(0, p).map(lambda s: f"decimal({p},{s})"))
TYPES = st.one_of(st.sampled_from(SCALARS), DECIMALS).map(column_type)


@given(st.one_of(st.sampled_from(SCALARS), DECIMALS, st.text().map("unsupported: {}".format)))
def test_type_has_one_text_form_from_which_it_is_read(text: str) -> None:
    assert str(column_type(text)) == text


@pytest.mark.parametrize("text", ["", "INT", "long", "decimal(8, 2)", "decimal", "time(nanos)"])
def test_text_of_no_type_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no type of a column"):
        column_type(text)


@pytest.mark.parametrize("unit", ["millis", "micros"])
def test_table_keeps_a_time_of_day_as_text(unit: str) -> None:
    assert str(stored_type(column_type(f"time({unit})"))) == "string"


@given(TYPES)
def test_table_keeps_every_other_type_as_it_is(type_: ColumnType) -> None:
    assert stored_type(type_) == type_ or isinstance(type_, TimeOfDay)


@given(TYPES, TYPES, TYPES)
def test_rule_10_wider_is_an_order(one: ColumnType, two: ColumnType, three: ColumnType) -> None:
    assert not promote(one, one)
    assert not (promote(one, two) and promote(two, one))
    assert not (promote(one, two) and promote(two, three)) or promote(one, three)


@given(DECIMALS, DECIMALS)
def test_rule_10_decimal_is_wider_when_it_holds_the_greatest_and_the_finest_value(old: str, new: str) -> None:
    (precision, scale), (new_precision, new_scale) = (
        map(int, type_.removeprefix("decimal(").removesuffix(")").split(",")) for type_ in (old, new)
    )
    holds_greatest, holds_finest = new_precision - new_scale >= precision - scale, new_scale >= scale
    is_wider = promote(column_type(old), column_type(new)) is not None
    assert is_wider == (old != new and holds_greatest and holds_finest)


@pytest.mark.parametrize(
    ("old", "new", "promotion"),
    [
        ("int", "bigint", Promotion.INT_TO_BIGINT),
        ("int", "decimal(20,0)", Promotion.INTEGER_TO_UNSIGNED),
        ("bigint", "decimal(20,0)", Promotion.INTEGER_TO_UNSIGNED),
        ("float", "double", Promotion.FLOAT_TO_DOUBLE),
        ("decimal(8,2)", "decimal(9,2)", Promotion.DECIMAL_PRECISION),
        ("decimal(8,2)", "decimal(9,3)", Promotion.DECIMAL_SCALE),
    ],
)
def test_rule_10_types_widen_one_way(old: str, new: str, promotion: Promotion) -> None:
    assert promote(column_type(old), column_type(new)) is promotion
    assert promote(column_type(new), column_type(old)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [("int", "double"), ("int", "string"), ("bigint", "double"), ("date", "timestamp"), ("int", "decimal(10,0)")],
)
def test_rule_10_what_another_system_might_cast_is_no_widening(old: str, new: str) -> None:
    assert promote(column_type(old), column_type(new)) is None


def test_decimals_of_one_size_are_one_type() -> None:
    assert {column_type("decimal(20,0)"), Decimal(20, 0)} == {Decimal(20, 0)}
