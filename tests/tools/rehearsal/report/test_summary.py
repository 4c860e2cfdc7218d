from dataclasses import replace
from io import StringIO

from rich.console import Console

from rehearsal.report.model import DemoReport, TaxiReport
from rehearsal.report.summary import SHOWN_DIFFERENCES, print_summary
from rehearsal.validation.comparison import Difference, Reconciliation, TableComparison


def printed(report: DemoReport) -> list[str]:
    console = Console(file=StringIO(), width=120)
    print_summary(report, console)
    assert isinstance(console.file, StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


def test_steps_and_their_sum_are_shown(report: DemoReport) -> None:
    lines = printed(report)
    assert {"Deploy 10 s", "Full load 40 s", "Changes 50 s", "all steps 1 min 40 s"} <= set(lines)


def test_each_phase_shows_tables_rows_time_and_cost_of_each_engine(report: DemoReport) -> None:
    lines = printed(report)
    assert "phase engine tables inserted updated deleted took USD" in lines
    assert "full load spark 1 1,000 0 0 30 s 0.015" in lines
    assert "full load native 1 700 0 0 38 s 0.00080" in lines
    assert "changes spark 1 50 30 20 20 s 0.016" in lines


def test_the_verdict_comes_last(report: DemoReport) -> None:
    assert printed(report)[-1] == "✓ The lake equals the source: 2 tables, 2,468 rows, every value compared."


def test_a_failure_lists_the_differences_and_says_so_last(failed_report: DemoReport) -> None:
    lines = printed(failed_report)
    assert "table_2 17 TIP_AMOUNT '<b>&' NULL" in lines
    assert lines[-1] == "✗ 1 of 2 tables differ from the source, in 1 place."


def test_nothing_validated_is_a_failure(report: DemoReport) -> None:
    lines = printed(replace(report, validation=Reconciliation(())))
    assert lines[-1] == "✗ No table was compared, so nothing is proved."


def test_text_that_looks_like_markup_is_printed_as_it_is(report: DemoReport) -> None:
    named = replace(report.steps[0], name="[red]Deploy[/red] [x]")
    assert "[red]Deploy[/red] [x] 10 s" in printed(replace(report, steps=(named,)))


def test_the_list_of_differences_is_bounded(report: DemoReport) -> None:
    differences = tuple(Difference("table_2", str(key), "FARE", "source", "lake") for key in range(50))
    table = TableComparison("table_2", 50, 50, "a", "b", 50, differences)
    lines = printed(replace(report, validation=Reconciliation((table,))))
    assert sum("FARE source lake" in line for line in lines) == SHOWN_DIFFERENCES


def test_taxi_flow_shows_each_file_and_its_own_verdict(report: DemoReport, taxi: TaxiReport) -> None:
    lines = printed(replace(report, taxi=taxi))
    assert "b <1>.csv completed 99 1" in lines
    assert (
        lines[-2]
        == "✓ The taxi flow is right: 199 trips, 1 row in quarantine, 1 purpose-built table equal to duckdb's."
    )


def test_taxi_flow_that_is_wrong_says_what_is_wrong(report: DemoReport, taxi: TaxiReport) -> None:
    lines = printed(replace(report, taxi=replace(taxi, trips=198)))
    assert "✗ The taxi flow is wrong: 198 trips are in the conformed table instead of 199." in lines


def test_phases_fit_into_a_terminal_of_eighty_columns(report: DemoReport) -> None:
    console = Console(file=StringIO(), width=80)
    print_summary(report, console)
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert any("inserted" in line and "USD" in line for line in lines)
    assert any("native" in line and "0.00080" in line for line in lines)
