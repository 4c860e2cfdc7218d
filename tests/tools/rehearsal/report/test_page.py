import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from rehearsal.report.model import DemoReport, Section, TaxiReport
from rehearsal.report.page import render
from rehearsal.report.runs import Run
from rehearsal.validation.comparison import Reconciliation

VOID = {"meta", "link", "br"}


class _Nesting(HTMLParser):
    """Follows which elements are open, and what the tooltips of drawings say."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tips: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Opens nothing: the shapes of the drawings end themselves."""

    def handle_data(self, data: str) -> None:
        if self.open[-2:] == ["path", "title"]:
            self.tips.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("</style>")[2]).split())


def test_the_page_is_well_formed(report: DemoReport) -> None:
    nesting = _Nesting()
    nesting.feed(render(report))
    assert nesting.open == []


def test_the_page_needs_nothing_from_elsewhere(report: DemoReport) -> None:
    page = render(report)
    assert not re.findall(r"https?://|//[a-z]|url\(|@import|<script|<link|<img|<iframe", page)


def test_the_page_has_a_light_a_dark_and_a_paper_scheme(report: DemoReport) -> None:
    page = render(report)
    assert "@media (prefers-color-scheme: dark)" in page
    assert "@media print" in page


def test_colours_that_are_used_are_defined_in_the_light_scheme(report: DemoReport) -> None:
    page = render(report)
    light = re.search(r":root \{(.*?)\}", page, re.DOTALL)
    assert light
    assert set(re.findall(r"var\((--[a-z-]+)\)", page)) <= set(re.findall(r"(--[a-z-]+):", light[1]))


def test_a_passed_run_says_so_with_its_figures(report: DemoReport) -> None:
    said = text(render(report))
    assert "The lake equals the source. 2 tables, 2,468 rows" in said
    assert "Full load: 2 tables in 40 s" in said
    assert "1,700 inserted · 0 updated · 0 deleted" in said
    assert "50 inserted · 30 updated · 20 deleted" in said
    assert said.count("✓") == 3
    assert "✗" not in said


def test_a_failed_run_names_table_key_and_column(failed_report: DemoReport) -> None:
    said = text(render(failed_report))
    assert "The lake does not equal the source. 1 of 2 tables differ, in 1 place:" in said
    assert "table_2 17 TIP_AMOUNT" in said
    assert "The lake equals" not in said


def test_text_from_outside_is_escaped(failed_report: DemoReport) -> None:
    page = render(replace(failed_report, title="<script>alert(1)</script>"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&#39;&lt;b&gt;&amp;&#39;" in page


def test_a_run_that_validated_nothing_does_not_look_passed(report: DemoReport) -> None:
    page = render(replace(report, validation=Reconciliation(())))
    assert "Nothing was validated." in page
    assert 'class="verdict bad"' in page


def test_every_table_and_every_operation_is_drawn(report: DemoReport) -> None:
    page = _Nesting()
    page.feed(render(report))
    assert [tip for tip in page.tips if re.search("ed$", tip) and tip.startswith("table")] == [
        "table_2: 1,000 inserted",
        "table_10: 700 inserted",
        "table_2: 50 inserted",
        "table_2: 30 updated",
        "table_2: 20 deleted",
    ]
    assert [tip for tip in page.tips if tip.startswith("Batch")] == [
        "Batch 0 on spark: 30 s · jr_01234567 succeeded",
        "Batch 1 on native: 38 s · native-f succeeded",
        "Batch 0 on spark: 20 s · jr_c succeeded",
    ]
    assert [tip for tip in page.tips if "%" in tip] == [
        "Deploy: 10 s · 10%",
        "Full load: 40 s · 40%",
        "Changes: 50 s · 50%",
    ]


def test_checksums_are_short_with_the_whole_one_at_hand(report: DemoReport) -> None:
    whole = "0" * 63 + "2"
    assert f'<code title="{whole}">{whole[:12]}</code>' in render(report)


def test_a_run_without_work_says_so(report: DemoReport) -> None:
    assert "No file was pending" in render(replace(report, runs=(Run("changes", (), (), ()),)))


@pytest.mark.parametrize("field", ["environment", "steps", "stacks", "runs", "sections"])
def test_a_report_that_lacks_a_part_still_renders(report: DemoReport, field: str) -> None:
    lacking: dict[str, Any] = {field: ()}
    assert "Data lake rehearsal" in render(replace(report, **lacking))


def test_further_sections_come_with_their_finished_body(report: DemoReport) -> None:
    section = Section("demand", "Demand <by hour>", "Trips", "<svg class='demand'></svg>")
    page = render(replace(report, sections=(section,)))
    assert "<svg class='demand'></svg>" in page
    assert "Demand &lt;by hour&gt;" in page
    assert '<section id="demand">' in page


def test_the_taxi_flow_shows_its_verdict_files_quarantine_and_tables(report: DemoReport, taxi: TaxiReport) -> None:
    page = render(replace(report, taxi=taxi))
    said = text(page)
    assert (
        "The taxi flow is right. 199 trips of 2 files, 1 purpose-built tables: equal to what duckdb computes." in said
    )
    assert "b &lt;1&gt;.csv 12:00:03 completed 99 1" in said
    assert "51 pickup: &#39;&lt;soon&gt;&#39; is not a time 2,&lt;soon&gt;" in said
    assert "✓ yellow_fares 3 3" in said
    nesting = _Nesting()
    nesting.feed(page)
    assert nesting.open == []


def test_a_taxi_flow_that_is_wrong_is_told_in_the_headline(report: DemoReport, taxi: TaxiReport) -> None:
    said = text(render(replace(report, taxi=replace(taxi, trips=1))))
    assert "The taxi flow is wrong. 1 trips are in the conformed table instead of 199" in said


def test_each_refresh_shows_engine_rows_time_and_estimated_cost(report: DemoReport) -> None:
    said = text(render(report))
    assert "What each refresh would cost on AWS: 0.016 USD together" in said
    assert "Batch 0: 1 table spark 2 G.1X 1,000 30 s 0.015 USD table_2 spark 1,000 10 s 0.015 USD" in said
    assert "Batch 1: 1 table native 1,769 MB 700 38 s 0.00080 USD table_10 native 700 10 s 0.00080 USD" in said
    assert "refreshes on AWS, about 0.032 USD spark: 2 runs, 0.031 USD; native: 1 run, 0.00080 USD" in said


def test_work_that_the_native_engine_left_to_spark_says_why(report: DemoReport) -> None:
    run = report.runs[1]
    left = replace(run, tables=tuple(replace(table, left_because="2.1 <GB> again") for table in run.tables))
    assert 'table_2 <span class="soft">left to Spark: 2.1 &lt;GB&gt; again</span>' in render(
        replace(report, runs=(left,))
    )
