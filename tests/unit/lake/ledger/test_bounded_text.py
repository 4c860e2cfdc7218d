"""What does not fit into an item is cut by bytes and never inside a character."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.shown_text import (
    MESSAGE_CHARACTERS,
    TRACE_BYTES,
    bounded_message,
    bounded_reason,
    bounded_trace,
)

ITEM_BYTES = 400 * 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""


@pytest.mark.parametrize("letter", ["x", "ä", "表", "🚕"])
@pytest.mark.parametrize("offset", range(5))
def test_long_trace_keeps_its_beginning_and_end_within_its_bytes(letter: str, offset: int) -> None:
    trace = "begin" + "." * offset + letter * TRACE_BYTES + "end"
    short = bounded_trace(trace)
    assert TRACE_BYTES - 300 < len(short.encode()) <= TRACE_BYTES
    assert (short[:5], short[-3:]) == ("begin", "end")
    assert "bytes are left out here" in short
    assert "\ufffd" not in short


@pytest.mark.parametrize("trace", ["", "x" * TRACE_BYTES, "ä" * (TRACE_BYTES // 2)])
def test_trace_that_fits_is_left_as_it_is(trace: str) -> None:
    assert bounded_trace(trace) == trace


@pytest.mark.parametrize("letter", ["x", "🚕"])
def test_message_keeps_its_first_characters(letter: str) -> None:
    assert bounded_message(letter * 5000) == letter * MESSAGE_CHARACTERS


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=30), st.integers(1, 3000))
def test_whatever_text_it_is_the_result_fits_and_can_be_written(text: str, times: int) -> None:
    """File names in a message may hold bytes that are no UTF-8, which Python keeps as lone surrogates."""
    assert len(bounded_trace(text * times).encode()) <= TRACE_BYTES
    assert len(bounded_message(text * times).encode()) <= 4 * MESSAGE_CHARACTERS


@pytest.mark.parametrize("letter", ["x", "🚕", "\n", "\u2028"])
@pytest.mark.parametrize("bounded", [bounded_message, bounded_reason, bounded_trace])
def test_an_error_of_a_thousand_bad_columns_leaves_room_in_the_item_that_tells_of_it(
    bounded: Callable[[str], str], letter: str
) -> None:
    """A run whose record cannot be written keeps its lease: a file with bad column names would block its table."""
    assert len(bounded(letter * 1_000_000).encode()) <= ITEM_BYTES // 4
