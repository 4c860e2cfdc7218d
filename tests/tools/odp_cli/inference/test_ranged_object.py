"""An object behaves as a read-only file, whatever is read in which order, and fetches only what is read."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp_cli.inference.ranged_object import BUFFER_BYTES, RangedObject, buffered

CONTENT = bytes(range(256)) * 4


class Fetches:
    """Gives ranges of a content and remembers which were asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, start: int, end: int) -> bytes:
        self.ranges.append((start, end))
        return self.content[start:end]


def test_read_fetches_its_own_range_only() -> None:
    fetches = Fetches(CONTENT)
    file = RangedObject(len(CONTENT), fetches)
    file.seek(100)
    assert file.read(50) == CONTENT[100:150]
    assert (fetches.ranges, file.tell()) == ([(100, 150)], 150)


def test_opening_and_seeking_fetch_nothing() -> None:
    fetches = Fetches(CONTENT)
    file = buffered(len(CONTENT), fetches)
    file.seek(-8, os.SEEK_END)
    file.seek(4, os.SEEK_CUR)
    assert (fetches.ranges, file.tell()) == ([], len(CONTENT) - 4)


def test_read_at_or_beyond_the_end_gives_nothing_and_asks_nothing() -> None:
    fetches = Fetches(CONTENT)
    file = RangedObject(len(CONTENT), fetches)
    for position in (len(CONTENT), len(CONTENT) + 10):
        file.seek(position)
        assert file.read(5) == b""
    assert fetches.ranges == []


def test_range_ends_where_the_object_ends() -> None:
    fetches = Fetches(CONTENT)
    file = RangedObject(len(CONTENT), fetches)
    file.seek(-3, os.SEEK_END)
    assert file.read(100) == CONTENT[-3:]
    assert fetches.ranges == [(len(CONTENT) - 3, len(CONTENT))]


def test_small_reads_side_by_side_share_one_request() -> None:
    fetches = Fetches(bytes(4 * BUFFER_BYTES))
    file = buffered(4 * BUFFER_BYTES, fetches)
    for _ in range(100):
        file.read(100)
    assert fetches.ranges == [(0, BUFFER_BYTES)]


def test_seek_before_the_start_is_refused() -> None:
    with pytest.raises(ValueError, match="positions of an object start at 0"):
        RangedObject(10, Fetches(b"")).seek(-1)


def test_object_can_be_read_at_any_position_but_not_written() -> None:
    file = buffered(len(CONTENT), Fetches(CONTENT))
    assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)


@given(st.lists(st.tuples(st.integers(0, len(CONTENT)), st.integers(0, 300)), max_size=20))
def test_any_reads_give_what_a_file_would_give(reads: list[tuple[int, int]]) -> None:
    file, expected = buffered(len(CONTENT), Fetches(CONTENT)), io.BytesIO(CONTENT)
    for position, count in reads:
        file.seek(position)
        expected.seek(position)
        assert file.read(count) == expected.read(count)
