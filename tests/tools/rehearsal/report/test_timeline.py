"""A timeline shows what took how long, when it began, and what became of it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from rehearsal.report.model import DemoReport
from rehearsal.report.runs import BatchRun
from rehearsal.report.timeline import Lane, run_lanes, step_lanes, timeline
from tests.tools.rehearsal.report.svg import colours, parsed, tips, words

At = Callable[[float], datetime]


def test_every_lane_is_named_with_its_time_and_remark_in_the_order_given(at: At) -> None:
    chart = timeline([Lane("late", at(50), at(62), note="a remark"), Lane("early", at(0), at(0.5))], "two lanes")
    assert tips(chart) == ["late: 12 s · a remark", "early: 0.5 s"]
    said = words(chart)
    assert [word for word in said if word in {"late", "early"}] == ["late", "early"]
    assert {"12 s · a remark", "0.5 s", "minutes and seconds since the start", "0:00", "1:00"} <= set(said)
    assert parsed(chart).get("aria-label") == "two lanes"


@pytest.mark.parametrize(
    ("seconds", "unit", "times"),
    [
        (0.2, "minutes and seconds since the start", {"0:00", "0:05"}),
        (90, "minutes and seconds since the start", {"0:00", "1:30"}),
        (7_300, "hours, minutes and seconds since the start", {"0:00:00", "2:00:00"}),
    ],
)
def test_the_axis_says_times_since_the_start_with_their_unit(
    at: At, seconds: float, unit: str, times: set[str]
) -> None:
    assert {unit, *times} <= set(words(timeline([Lane("a", at(0), at(seconds))], "a")))


def test_lanes_of_the_same_name_are_lanes_of_their_own(at: At) -> None:
    chart = timeline([Lane("table_1", at(0), at(1)), Lane("table_1", at(2), at(5))], "twice")
    assert tips(chart) == ["table_1: 1.0 s", "table_1: 3.0 s"]
    assert words(chart).count("table_1") == 2


def test_something_too_short_to_see_still_gets_a_bar_and_its_true_time(at: At) -> None:
    chart = timeline([Lane("a", at(0), at(1_000)), Lane("b", at(3), at(3))], "a and b")
    assert tips(chart) == ["a: 16 min 40 s", "b: 0.0 s"]
    (short,) = (path for path in parsed(chart).iter("path") if path.findtext("title") == "b: 0.0 s")
    across = [float(point.split(",")[0]) for point in re.findall(r"[ML]([\d.,-]+)", short.get("d", ""))]
    assert max(across) - min(across) > 0


def test_a_chart_of_no_time_at_all_can_be_drawn(at: At) -> None:
    assert tips(timeline([Lane("a", at(0), at(0))], "a")) == ["a: 0.0 s"]


def test_text_from_outside_is_escaped(at: At) -> None:
    name = 'Add "a" <b> & \'c\' \\ "]'
    chart = timeline([Lane(name, at(0), at(1), note="<i>")], "<script>")
    assert tips(chart) == [f"{name}: 1.0 s · <i>"]
    assert {name, "1.0 s · <i>"} <= set(words(chart))


def test_kinds_have_colours_and_a_legend_if_there_are_several(at: At) -> None:
    batch, table = Lane("Batch 0", at(0), at(9), "run"), Lane("table_1", at(1), at(2), "table")
    chart = timeline([batch, table, Lane("Batch 1", at(0), at(3), "failed")], "run")
    assert colours(chart) == {
        "Batch 0: 9.0 s": "var(--accent)",
        "table_1: 1.0 s": "var(--table)",
        "Batch 1: 3.0 s": "var(--deleted)",
    }
    assert {"run", "table", "failed"} <= set(words(chart))
    assert "run" not in words(timeline([batch], "run"))


def test_steps_say_their_share_of_the_whole(report: DemoReport) -> None:
    assert [(lane.label, lane.note) for lane in step_lanes(report)] == [
        ("Deploy", "10%"),
        ("Full load", "40%"),
        ("Changes", "50%"),
    ]


def test_a_step_that_took_next_to_nothing_is_not_said_to_be_none(report: DemoReport, at: At) -> None:
    brief = replace(report.steps[0], end=at(0.1))
    assert step_lanes(replace(report, steps=(brief, *report.steps[1:])))[0].note == "< 1%"


def test_each_run_is_followed_by_its_own_tables(report: DemoReport) -> None:
    lanes = run_lanes(report.runs[0])
    assert [(lane.label, lane.kind) for lane in lanes] == [
        ("Batch 0 on spark", "run"),
        ("table_2", "table"),
        ("Batch 1 on native", "run"),
        ("table_10", "table"),
    ]
    assert [lane.note for lane in lanes[:2]] == ["jr_01234567 succeeded", "1,000 rows · 2 files"]
    assert lanes[3].note == "700 rows · 1 file"


def test_tables_of_a_batch_come_in_the_order_they_began(report: DemoReport) -> None:
    run = report.runs[0]
    moved = tuple(replace(table, batch=0) for table in run.tables)
    assert [lane.label for lane in run_lanes(replace(run, tables=moved))[:3]] == [
        "Batch 0 on spark",
        "table_2",
        "table_10",
    ]


def test_a_run_that_did_not_succeed_is_marked(report: DemoReport, at: At) -> None:
    failed = BatchRun(0, "jr_x", at(0), at(1), "FAILED")
    lane = run_lanes(replace(report.runs[0], batches=(failed,)))[0]
    assert (lane.kind, lane.note) == ("failed", "jr_x failed")


def test_work_that_the_native_engine_left_is_said_to_be_sparks(report: DemoReport) -> None:
    run = report.runs[0]
    left = tuple(replace(table, inserted=0, left_because="too large") for table in run.tables)
    assert run_lanes(replace(run, tables=left))[1].note == "left to Spark"
