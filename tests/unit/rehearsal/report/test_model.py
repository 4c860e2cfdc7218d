from dataclasses import replace

from rehearsal.report.model import DemoReport, Run, natural_order
from rehearsal.validation.reconciliation import Reconciliation


def test_a_run_adds_up_its_tables(report: DemoReport) -> None:
    full_load, changes = report.runs
    assert (full_load.inserted, full_load.updated, full_load.deleted, full_load.files) == (1_700, 0, 0, 3)
    assert (changes.inserted, changes.updated, changes.deleted, changes.rows) == (50, 30, 20, 100)


def test_a_run_lasts_from_its_first_glue_runs_start_to_the_last_ones_end(report: DemoReport) -> None:
    assert [run.seconds for run in report.runs] == [40.0, 20.0]


def test_a_run_without_work_took_no_time() -> None:
    assert Run("changes", "arn", (), ()).seconds == 0.0


def test_a_report_adds_up_its_parts(report: DemoReport) -> None:
    assert (report.seconds, report.lake_rows, report.resources, report.glue_runs) == (100.0, 2_468, 62, 3)
    assert report.identical_tables == 2


def test_a_report_of_nothing_has_no_figures(report: DemoReport) -> None:
    empty = replace(report, steps=(), stacks=(), runs=(), validation=Reconciliation(()))
    assert (empty.seconds, empty.lake_rows, empty.resources, empty.glue_runs, empty.identical_tables) == (0, 0, 0, 0, 0)


def test_numbers_in_names_are_ordered_as_numbers() -> None:
    names = ["table_10", "table_2", "audit", "table_1", "table"]
    assert natural_order(names) == ["audit", "table", "table_1", "table_2", "table_10"]
