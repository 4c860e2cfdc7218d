from datetime import UTC, datetime
from itertools import pairwise

import pytest

from rehearsal.report.model import TableRefresh
from rehearsal.report.scales import text_width
from rehearsal.report.stacked_bars import StackedBars, stacked_bars

NOON = datetime(2021, 1, 5, 12, tzinfo=UTC)


def refresh(name: str, inserted: int, updated: int = 0, deleted: int = 0) -> TableRefresh:
    return TableRefresh(name, 0, NOON, NOON, inserted, updated, deleted, files=1)


@pytest.fixture
def chart() -> StackedBars:
    return stacked_bars([refresh("table_10", 10, 60, 30), refresh("table_2", 50), refresh("table_1", 0, 25, 0)])


def test_tables_stand_in_natural_order(chart: StackedBars) -> None:
    assert [bar.table for bar in chart.bars] == ["table_1", "table_2", "table_10"]


def test_segments_lie_end_to_end_and_add_up_to_the_bar(chart: StackedBars) -> None:
    for bar in chart.bars:
        assert bar.segments[0].x == chart.left
        assert all(right.x == pytest.approx(left.x + left.width) for left, right in pairwise(bar.segments))
        assert bar.end == pytest.approx(chart.left + sum(segment.width for segment in bar.segments))
        assert bar.total == sum(segment.rows for segment in bar.segments)


def test_lengths_are_in_proportion_to_rows_on_one_scale(chart: StackedBars) -> None:
    widths = {(bar.table, segment.operation): segment.width for bar in chart.bars for segment in bar.segments}
    unit = widths["table_10", "inserted"] / 10
    assert widths == pytest.approx(
        {
            ("table_1", "updated"): 25 * unit,
            ("table_2", "inserted"): 50 * unit,
            ("table_10", "inserted"): 10 * unit,
            ("table_10", "updated"): 60 * unit,
            ("table_10", "deleted"): 30 * unit,
        }
    )


def test_the_longest_bar_fills_the_plot_and_leaves_room_for_its_total(chart: StackedBars) -> None:
    assert chart.bars[2].end == pytest.approx(chart.right)
    assert chart.right + text_width("100", 12) < chart.width


def test_a_run_that_changed_nothing_can_be_drawn() -> None:
    assert stacked_bars([]).bars == ()
    (bar,) = stacked_bars([refresh("table_1", 0)]).bars
    assert (bar.total, bar.segments) == (0, ())
