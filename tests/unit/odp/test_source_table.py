"""A table's identity is one text, from which source, schema and table can be read again, whatever they are called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.table_identity import PATTERN, SourceTable

ODD = st.text(st.characters(codec="utf-8"), min_size=1) | st.text('a.:"/ \t\n', min_size=1)
SOURCES = st.just("default") | st.from_regex(r"[a-z][a-z0-9_-]*", fullmatch=True)


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (SourceTable("default", "shop", "orders"), "shop.orders"),
        (SourceTable("erp", "shop", "orders"), "erp:shop.orders"),
        (SourceTable("default", "shop", "Order Details"), "shop.Order Details"),
        (SourceTable("default", "my.schema", "orders"), '"my.schema".orders'),
        (SourceTable("erp", "shop", "a:b"), 'erp:shop."a:b"'),
        (SourceTable("default", "erp:shop", "orders"), '"erp:shop".orders'),
        (SourceTable("default", "shop", 'say "hi"'), 'shop."say ""hi"""'),
        (SourceTable("default", "shop", "orders "), 'shop."orders "'),
        (SourceTable("default", "\tshop", "orders"), '"\tshop".orders'),
        (SourceTable("default", "shop", "a/b"), 'shop."a/b"'),
    ],
)
def test_name_is_schema_and_table_with_the_source_unless_it_is_the_default_and_quotes_where_they_are_needed(
    table: SourceTable, name: str
) -> None:
    assert table.name == name
    assert SourceTable.parse(name) == table


@given(SOURCES, ODD, ODD)
def test_name_is_read_back_as_it_was_and_fits_the_pattern_of_the_manifests(
    source: str, schema: str, table: str
) -> None:
    written = SourceTable(source, schema, table)
    assert SourceTable.parse(written.name) == written
    assert re.fullmatch(PATTERN, written.name, re.DOTALL)


@given(SOURCES, ODD, ODD, SOURCES, ODD, ODD)
def test_two_tables_never_have_one_name(a: str, b: str, c: str, d: str, e: str, f: str) -> None:
    one, other = SourceTable(a, b, c), SourceTable(d, e, f)
    assert (one.name == other.name) == (one == other)


@pytest.mark.parametrize(
    ("written", "name"), [('shop."Order Details"', "shop.Order Details"), ("default:shop.orders", "shop.orders")]
)
def test_quotes_and_a_source_that_are_not_needed_may_be_written(written: str, name: str) -> None:
    assert SourceTable.parse(written).name == name


@pytest.mark.parametrize(
    "text",
    ["", "orders", "shop.", ".orders", "a.b.c", "a/b.c", "shop.orders ", " shop.orders", 'shop."orders', 'shop.or"ders',
     'shop.""', "ERP:shop.orders", "a:b:c.d", ":shop.orders", "1a:shop.orders"],
)  # fmt: skip
def test_text_that_is_no_identity_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no source table; write schema\.table, or source:schema\.table"):
        SourceTable.parse(text)
