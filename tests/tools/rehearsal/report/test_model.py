from dataclasses import replace
from datetime import timedelta

import pytest

from rehearsal.report.model import DemoReport, TaxiReport, natural_order
from rehearsal.report.runs import Run
from rehearsal.validation.comparison import Difference, Reconciliation
from rehearsal.validation.taxi_results import ResultComparison
from tests.tools.rehearsal.report.conftest import At


def test_a_run_adds_up_its_tables(report: DemoReport) -> None:
    full_load, changes = report.runs
    assert (full_load.inserted, full_load.updated, full_load.deleted, full_load.files) == (1_700, 0, 0, 3)
    assert (changes.inserted, changes.updated, changes.deleted, changes.rows) == (50, 30, 20, 100)


def test_a_run_takes_as_long_as_any_of_its_batches_is_at_work(report: DemoReport) -> None:
    assert [run.seconds for run in report.runs] == [40.0, 20.0]


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([(0, 2), (10, 13), (20, 21)], 6.0),
        ([(0, 10), (2, 5), (8, 12)], 12.0),
        ([(8, 12), (0, 10), (20, 25), (22, 23)], 17.0),
        ([(5, 5)], 0.0),
    ],
)
def test_waits_between_executions_are_none_of_what_a_run_took(
    report: DemoReport, at: At, times: list[tuple[int, int]], seconds: float
) -> None:
    """Native tables are refreshed every ten seconds, for a second each."""
    batch = report.runs[1].batches[0]
    batches = tuple(replace(batch, batch=n, start=at(start), end=at(end)) for n, (start, end) in enumerate(times))
    assert replace(report.runs[1], batches=batches).seconds == seconds


def test_a_run_without_work_took_no_time() -> None:
    assert Run("changes", (), (), ()).seconds == 0.0


def test_a_report_adds_up_its_parts(report: DemoReport) -> None:
    assert (report.seconds, report.lake_rows, report.resources) == (100.0, 2_468, 62)
    assert report.identical_tables == 2


def test_a_report_of_nothing_has_no_figures(report: DemoReport) -> None:
    empty = replace(report, steps=(), stacks=(), runs=(), validation=Reconciliation(()))
    assert (empty.seconds, empty.lake_rows, empty.resources, empty.identical_tables) == (0, 0, 0, 0)
    assert (empty.usd, empty.by_engine) == (0, ())


def test_numbers_in_names_are_ordered_as_numbers() -> None:
    names = ["table_10", "table_2", "audit", "table_1", "table"]
    assert natural_order(names) == ["audit", "table", "table_1", "table_2", "table_10"]


def test_a_taxi_report_without_faults_is_right(taxi: TaxiReport) -> None:
    assert taxi.faults == ()
    assert taxi.is_right


def test_a_failed_file_is_a_fault_with_its_reason(taxi: TaxiReport) -> None:
    failed = replace(taxi.files[0], status="failed", error="no header")
    assert replace(taxi, files=(failed,)).faults == ("nyc-taxi/yellow/a.csv failed: no header",)


@pytest.mark.parametrize("times", [0, 2])
def test_a_broken_row_that_is_not_in_quarantine_exactly_once_is_a_fault(taxi: TaxiReport, times: int) -> None:
    (fault,) = replace(taxi, quarantined=taxi.quarantined * times).faults
    assert "quarantine holds" in fault


def test_a_row_in_quarantine_that_is_not_broken_is_a_fault(taxi: TaxiReport) -> None:
    assert not replace(taxi, broken_lines=frozenset()).is_right


def test_a_table_that_differs_or_has_a_row_twice_is_a_fault(taxi: TaxiReport) -> None:
    difference = Difference("yellow_fares", "(1,)", "fares", "1", "2")
    for wrong in (ResultComparison("yellow_fares", 3, 3, (difference,)), ResultComparison("yellow_fares", 4, 3, ())):
        assert replace(taxi, comparisons=(wrong,)).faults == ("yellow_fares is not what duckdb computes",)


def test_no_table_compared_is_a_fault(taxi: TaxiReport) -> None:
    assert not replace(taxi, comparisons=()).is_right


def test_a_run_has_passed_only_if_both_the_replica_and_the_taxi_flow_are_right(
    report: DemoReport, failed_report: DemoReport, taxi: TaxiReport
) -> None:
    assert replace(report, taxi=taxi).has_passed
    assert not replace(report, taxi=replace(taxi, trips=0)).has_passed
    assert not replace(failed_report, taxi=taxi).has_passed


def test_a_report_adds_up_runs_and_cost_by_engine(report: DemoReport) -> None:
    assert [(engine, runs) for engine, runs, _ in report.by_engine] == [("spark", 2), ("native", 1)]
    assert [usd for _, _, usd in report.by_engine] == pytest.approx([0.031, 0.0008])
    assert report.usd == pytest.approx(0.0318)


def test_a_run_of_one_engine_has_its_batches_and_tables_only(report: DemoReport) -> None:
    full_load = report.runs[0]
    assert full_load.engines == ("spark", "native")
    native = full_load.of_engine("native")
    assert ([table.table for table in native.tables], native.seconds, native.usd) == (["table_10"], 38.0, 0.0008)


@pytest.mark.parametrize(("seconds", "shares"), [((10, 30), (0.25, 0.75)), ((0, 0), (0.5, 0.5))])
def test_tables_of_a_batch_share_its_cost_by_their_seconds(
    report: DemoReport, seconds: tuple[int, int], shares: tuple[float, float]
) -> None:
    run, table = report.runs[1], report.runs[1].tables[0]
    tables = tuple(replace(table, end=table.start + timedelta(seconds=each)) for each in seconds)
    shared = replace(run, tables=tables)
    assert [shared.usd_of(each) / run.usd for each in tables] == pytest.approx(list(shares))
