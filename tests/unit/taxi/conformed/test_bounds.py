"""What is far beyond any file that was published is refused; the largest of those are not."""

import re
import time
from collections.abc import Callable

import pytest
from taxi.conformed import bounds
from taxi.conformed.counts import SplitCount, demand_read_whole
from taxi.datasets.dataset import TYPE_RULES, ColumnType
from taxi.errors import SourceFileError


def split(lines: int, *, unread: int, ends: int = 1) -> SplitCount:
    return SplitCount(0, 0, lines, lines, 0, read_bytes=lines * 90, file_bytes=lines * (90 + ends) + unread)


@pytest.mark.parametrize(
    "demand",
    [
        lambda: bounds.demand_size(2_700_000_000),
        lambda: bounds.demand_rows(20_000_000),
        lambda: bounds.demand_expansion(45_000_000, 2_900_000, 180_000_000),
        lambda: bounds.demand_expansion(300, 10_000, 1_000_000),
        lambda: bounds.demand_columns(["VendorID"] * 25),
        lambda: demand_read_whole([split(bounds.ROWS, unread=3, ends=2)]),
        lambda: demand_read_whole([]),
    ],
)
def test_a_file_as_it_is_published_is_read(demand: Callable[[], None]) -> None:
    demand()


@pytest.mark.parametrize(
    "demand",
    [
        lambda: bounds.demand_size(2**40),
        lambda: bounds.demand_rows(10**9),
        lambda: bounds.demand_expansion(314, 10**7, 10**6),
        lambda: bounds.demand_expansion(10**6, 10**3, 10**10),
        lambda: bounds.demand_expansion(10**6, -1, 10**6),
        lambda: bounds.demand_expansion(10**6, 1, -1),
        lambda: bounds.demand_columns(["a"] * 501),
        lambda: bounds.demand_columns([" " * 200]),
        lambda: demand_read_whole([split(bounds.ROWS + 1, unread=0)]),
        *(lambda ends=ends: demand_read_whole([split(bounds.ROWS, unread=bounds.READ_LINE_BYTES, ends=ends)])
          for ends in (1, 2)),
    ],
)  # fmt: skip
def test_a_file_that_is_more_is_refused(demand: Callable[[], None]) -> None:
    with pytest.raises(SourceFileError):
        demand()


@pytest.mark.slow  # it compares times, which a busy machine may spoil
@pytest.mark.parametrize("kind", [ColumnType.DECIMAL, ColumnType.DOUBLE, ColumnType.INTEGER])
@pytest.mark.parametrize("piece", ["1", "0", ".1", "1.", "e1", "1e0"])
def test_a_number_is_matched_at_a_cost_that_grows_with_its_length(kind: ColumnType, piece: str) -> None:
    pattern = re.compile(TYPE_RULES[kind].pattern or "")

    def seconds(text: str, times: int) -> float:
        began = time.perf_counter()
        for _ in range(times):
            assert pattern.fullmatch(text) is None
        return time.perf_counter() - began

    short = min(seconds(piece * 100 + "x", 100) for _ in range(3))
    assert min(seconds(piece * 10_000 + "x", 1) for _ in range(3)) < 20 * short + 0.01
