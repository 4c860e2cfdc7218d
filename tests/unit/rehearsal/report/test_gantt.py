from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from rehearsal.report.gantt import WIDTH, Bar, Lane, gantt, run_lanes, step_lanes
from rehearsal.report.model import DemoReport, GlueRun
from rehearsal.report.scales import text_width

At = Callable[[float], datetime]


def text_span(bar: Bar) -> tuple[float, float]:
    width = text_width(bar.text, 12)
    return (bar.text_x, bar.text_x + width) if bar.text_anchor == "start" else (bar.text_x - width, bar.text_x)


def test_bars_are_as_long_as_their_times_on_one_axis(at: At) -> None:
    chart = gantt([Lane("a", at(5), at(15)), Lane("b", at(15), at(45))])
    first, second = chart.bars
    assert first.x == chart.left
    assert second.x == pytest.approx(first.x + first.width)
    assert second.width == pytest.approx(3 * first.width)
    assert second.x + second.width == pytest.approx(chart.right)


def test_lanes_stand_below_each_other_and_fill_the_height(at: At) -> None:
    chart = gantt([Lane(str(number), at(0), at(number)) for number in range(1, 6)])
    assert all(lower.top - upper.top == chart.lane_height for upper, lower in pairwise(chart.bars))
    assert chart.bars[0].top == chart.axis_height
    assert chart.bars[-1].top + chart.lane_height == chart.height


def test_something_too_short_to_see_still_gets_a_bar(at: At) -> None:
    short = gantt([Lane("a", at(0), at(1_000)), Lane("b", at(3), at(3))]).bars[1]
    assert short.width == 2


def test_a_chart_of_no_time_at_all_can_be_drawn(at: At) -> None:
    assert gantt([Lane("a", at(0), at(0))]).bars[0].width == 2


@pytest.mark.parametrize(("start", "end"), [(0, 10), (0, 100), (98, 100), (60, 97), (0, 93)])
def test_the_duration_stays_within_the_plot_and_off_its_own_bar_unless_inside(at: At, start: int, end: int) -> None:
    lanes = [Lane("all of it", at(0), at(100), note="a remark"), Lane("part", at(start), at(end), note="note")]
    chart = gantt(lanes)
    bar = chart.bars[1]
    left, right = text_span(bar)
    assert chart.left - 60 < left
    assert right <= chart.right
    overlaps = left < bar.x + bar.width and right > bar.x
    assert overlaps == bar.is_text_inside
    assert left >= bar.x or not bar.is_text_inside


def test_margins_hold_the_longest_label_and_note(at: At) -> None:
    label, note = "a rather long label of a step", "jr_0123456789 succeeded"
    chart = gantt([Lane("x", at(0), at(1)), Lane(label, at(0), at(1), note=note)])
    assert chart.left > text_width(label, 12)
    assert chart.right < WIDTH - text_width(note, 12)


def test_steps_say_their_share_of_the_whole(report: DemoReport) -> None:
    assert [(lane.label, lane.note) for lane in step_lanes(report)] == [
        ("Deploy", "10%"),
        ("Full load", "40%"),
        ("Changes", "50%"),
    ]


def test_a_step_that_took_next_to_nothing_is_not_said_to_be_none(report: DemoReport, at: At) -> None:
    brief = replace(report.steps[0], end=at(0.1))
    assert step_lanes(replace(report, steps=(brief, *report.steps[1:])))[0].note == "< 1%"


def test_each_glue_run_is_followed_by_its_own_tables(report: DemoReport) -> None:
    lanes = run_lanes(report.runs[0])
    assert [(lane.label, lane.kind) for lane in lanes] == [
        ("Batch 0", "batch"),
        ("table_2", "table"),
        ("Batch 1", "batch"),
        ("table_10", "table"),
    ]
    assert [lane.note for lane in lanes[:2]] == ["jr_01234567 succeeded", "1,000 rows · 2 files"]
    assert lanes[3].note == "700 rows · 1 file"


def test_tables_of_a_batch_come_in_the_order_they_began(report: DemoReport, at: At) -> None:
    run = report.runs[0]
    moved = tuple(replace(table, batch=0) for table in run.tables)
    assert [lane.label for lane in run_lanes(replace(run, tables=moved))[:3]] == ["Batch 0", "table_2", "table_10"]


def test_a_glue_run_that_did_not_succeed_is_marked(report: DemoReport, at: At) -> None:
    failed = GlueRun(0, "jr_x", at(0), at(1), "FAILED")
    lane = run_lanes(replace(report.runs[0], batches=(failed,)))[0]
    assert (lane.kind, lane.note) == ("failed", "jr_x failed")
