"""Counts by Arrow equal counts by Python, for any values."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp_cli.inference.distinct_values import codes, combined, distinct, is_unique

COLUMN = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@given(st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=30))
def test_distinct_values_are_counted_with_null_as_one(values: list[int | None]) -> None:
    assert distinct(pa.array(values, pa.int64())) == len(set(values))


@pytest.mark.parametrize(
    "values",
    [
        [Decimal("1.00"), Decimal("2.00"), Decimal("1.00")],
        [date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 5)],
        [True, False, True],
        ["a", None, "a"],
    ],
)
def test_values_of_any_simple_type_are_numbered(values: list[Any]) -> None:
    assert codes(pa.array(values)).to_pylist() == [0, 1, 0]


@given(
    st.integers(1, 30).flatmap(
        lambda rows: st.lists(st.lists(st.integers(0, 4), min_size=rows, max_size=rows), min_size=1, max_size=3)
    )
)
def test_combinations_are_as_distinct_as_tuples(columns: list[list[int]]) -> None:
    numbered = [codes(pa.array(column)) for column in columns]
    tuples = list(zip(*columns, strict=True))
    assert distinct(combined(numbered)) == len(set(tuples))
    assert is_unique(numbered) == (len(set(tuples)) == len(tuples))


def test_duplicate_behind_the_first_rows_is_found() -> None:
    rows = 30_000
    values = [*range(rows - 1), 5]
    assert not is_unique([codes(pa.array(values)), codes(pa.array([0] * rows))])
    assert is_unique([codes(pa.array(values)), codes(pa.array([0] * (rows - 1) + [1]))])


def test_product_of_many_values_does_not_overflow() -> None:
    rows = 100_000
    wide = [codes(pa.array(range(rows))) for _ in range(3)]
    assert is_unique(wide)
