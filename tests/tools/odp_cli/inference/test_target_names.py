"""Every source table gets a valid name of its own, its plain one wherever possible."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp_cli.inference.target_names import identifier, target_names

VALID = re.compile(r"[a-z0-9_]{1,255}")


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("orders", "orders"),
        ("Orders", "orders"),
        ("ORDER-LINES 2026", "order_lines_2026"),
        ("a$$b", "a_b"),
        ("Größe", "grosse"),
        ("été", "ete"),
        ("表", "table"),
        ("--", "table"),
        ("_tmp", "_tmp"),
    ],
)
def test_name_becomes_a_valid_identifier(name: str, valid: str) -> None:
    assert identifier(name) == valid


def test_long_name_is_cut_before_its_suffix() -> None:
    made = identifier("x" * 300, "_raw")
    assert (len(made), made[-6:]) == (255, "xx_raw")


def test_database_is_named_after_the_schema_and_table_after_the_table() -> None:
    assert target_names([("Shop", "Orders")]) == {("Shop", "Orders"): ("shop_raw", "orders")}


def test_same_table_in_two_schemas_keeps_its_name_in_each_database() -> None:
    found = target_names([("a", "t"), ("b", "t")])
    assert set(found.values()) == {("a_raw", "t"), ("b_raw", "t")}


def test_tables_that_would_share_a_name_get_distinct_ones_and_the_exact_one_keeps_it() -> None:
    sources = [("s", "Orders"), ("s", "ORDERS"), ("s", "orders"), ("s", "orders_2")]
    assert target_names(sources) == {
        ("s", "orders"): ("s_raw", "orders"),
        ("s", "orders_2"): ("s_raw", "orders_2"),
        ("s", "ORDERS"): ("s_raw", "orders_3"),
        ("s", "Orders"): ("s_raw", "orders_4"),
    }


def test_schemas_that_would_share_a_database_keep_their_tables_apart() -> None:
    found = target_names([("a-b", "t"), ("a_b", "t")])
    assert found == {("a_b", "t"): ("a_b_raw", "t"), ("a-b", "t"): ("a_b_raw", "t_2")}


@given(
    st.lists(
        st.tuples(st.text("aAéß-_.2", min_size=1, max_size=4), st.text("tT _-2", min_size=1, max_size=4)), unique=True
    )
)
def test_names_are_always_valid_distinct_and_independent_of_the_order(sources: list[tuple[str, str]]) -> None:
    found = target_names(sources)
    assert len(set(found.values())) == len(sources)
    assert all(VALID.fullmatch(name) for target in found.values() for name in target)
    assert target_names(sources[::-1]) == found
