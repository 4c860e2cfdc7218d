"""Columns stand side by side on one base line, as high as their values."""

from itertools import pairwise

import pytest

from rehearsal.report.columns import columns
from rehearsal.report.lanes import FONT
from rehearsal.report.scales import text_width


def test_heights_are_in_proportion_on_one_base_line() -> None:
    chart = columns([("Mon", 10), ("Tue", 5)])
    first, second = chart.columns
    assert first.height == pytest.approx(2 * second.height)
    assert first.y + first.height == pytest.approx(chart.base)
    assert second.y + second.height == pytest.approx(chart.base)


def test_columns_do_not_touch_and_fill_the_width() -> None:
    chart = columns([(str(day), day) for day in range(1, 32)])
    assert all(left.x + left.width < right.x for left, right in pairwise(chart.columns))
    assert chart.columns[0].x >= chart.left
    assert chart.columns[-1].x + chart.columns[-1].width <= chart.width


def test_labels_are_left_out_where_they_would_touch() -> None:
    crowded = columns([(f"2021-01-{day:02}", day) for day in range(1, 32)])
    assert crowded.columns[0].label == "2021-01-01"
    assert 1 < sum(bool(column.label) for column in crowded.columns) < 10
    assert all(column.label for column in columns([("a", 1), ("b", 2)]).columns)


def test_a_label_that_would_end_outside_the_drawing_is_left_out() -> None:
    chart = columns([(f"01-{day:02}", day) for day in range(1, 32)])
    last = [column for column in chart.columns if column.label][-1]
    assert last.name == "01-28"
    assert last.x + last.width / 2 + text_width(last.label, FONT) / 2 <= chart.width


def test_nothing_to_show_is_drawn_as_nothing() -> None:
    assert columns([]).columns == ()
    assert columns([("a", 0)]).columns[0].height == 0
