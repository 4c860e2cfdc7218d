"""A working month is priced by what the product does: its workers, batches and class, held here against its code."""

from __future__ import annotations

from dataclasses import replace
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from etl_cdk.refresh_workflow import WorkflowLimits, refresh_workflow
from odp.file_processor.batches import MOST_BATCHES, batches_of_engines, packed_batches
from odp.file_processor.engines import NATIVE_BYTES, NATIVE_FILES, NATIVE_TABLES, PlannedTable
from odp.file_processor.planning import (
    BYTES_PER_MINUTE,
    FLEX,
    bytes_of_a_worker,
    execution_class,
    workers_for,
)
from odp.records import PendingWork, TableLease

from deployment_account.odp_settings import CadenceDefaults, OdpSettings
from scripts.idle_cost import assumptions as given
from scripts.idle_cost.document import CADENCES, DEFAULT, TABLES, total, working_row
from scripts.idle_cost.pricing import Line, PriceList, PricingError
from scripts.idle_cost.working import Pass, Workload, pass_of, working_lines
from tests.unit.odp.samples import table_config

PROJECT = Path(__file__).resolve().parents[4]
MOST_FOR_THE_DEFAULT = 275.0
"""USD a month; with ten workers for each five tables it was about 2,050."""
WORKLOADS = [Workload(tables, minutes) for tables in TABLES for minutes in CADENCES]
NAMES = {10: "10_min_refresh", 60: "1_hour_refresh", 1440: "1_day_refresh"}


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList.read()


def of(lines: list[Line], what: str) -> float:
    return sum(line.usd for line in lines if line.type_.startswith(what))


def test_rule_14_a_month_of_the_default_stays_below_its_ceiling(prices: PriceList) -> None:
    assert Workload(18, 10) == DEFAULT
    assert 100 < total(working_lines(DEFAULT, prices)) <= MOST_FOR_THE_DEFAULT


@pytest.mark.parametrize("workload", WORKLOADS, ids=str)
def test_runs_workers_and_class_are_those_that_the_batch_manager_plans(workload: Workload) -> None:
    each, defaults = pass_of(workload), CadenceDefaults()
    worker = defaults.glue_job_worker_type
    size = int(each.interval_minutes * given.FILES_A_MINUTE.value * given.BYTES_OF_A_FILE.value)
    work = [PendingWork(f"s.t{number}", 1, size) for number in range(workload.tables)]
    batches = packed_batches(work, defaults.refresh_tables_batch_size, bytes_of_a_worker(worker))
    assert len(batches) == each.runs
    workers = {workers_for(size * len(batch), worker, defaults.glue_job_max_workers) for batch in batches}
    assert workers == {each.workers}
    class_, minutes = execution_class(NAMES[workload.minutes], worker, OdpSettings().job_timeout_minutes)
    assert workload.is_flex == (class_ == FLEX)
    assert each.seconds < 60 * minutes, "the run ends before its timeout"


@pytest.mark.parametrize("workload", [replace(workload, is_native=True) for workload in WORKLOADS], ids=str)
def test_calls_of_the_native_function_are_those_that_the_batch_manager_plans(workload: Workload) -> None:
    each = pass_of(workload)
    files = int(each.interval_minutes * given.FILES_A_MINUTE.value)
    size, config = int(files * given.BYTES_OF_A_FILE.value), table_config(table_format="iceberg")
    names = [f"s.t{number}" for number in range(workload.tables)]
    tables = [PlannedTable(config, PendingWork(name, files, size), TableLease()) for name in names]
    planned = batches_of_engines(tables, 20, bytes_of_a_worker("G.1X"))
    assert bool(planned.spark) == (each.runs > given.MOST_BATCHES.value)
    assert planned.spark or len(planned.native) == each.runs
    assert each.seconds < 15 * 60, "Lambda ends no call"


def test_what_lambda_bills_is_computed_by_hand(prices: PriceList) -> None:
    lines = working_lines(Workload(18, 10, is_native=True), prices)
    seconds = 4 + 18 * 0.6 + 180 * 0.03 + 180 * 10_000 / 4_000_000
    by_hand = 730 * 6 * (seconds * 3008 / 1024 * 0.0000133334 + 0.0000002)
    assert isclose(of(lines, "Native function"), by_hand)
    assert of(lines, "Glue") == of(lines, "Logs of Glue") == 0


def test_numbers_that_are_said_to_be_the_codes_are() -> None:
    assert given.BYTES_A_MINUTE.value == BYTES_PER_MINUTE
    assert given.BYTES_OF_A_WORKER.value == bytes_of_a_worker("G.1X")
    assert (given.NATIVE_TABLES.value, given.NATIVE_BYTES.value) == (NATIVE_TABLES, NATIVE_BYTES)
    assert (given.NATIVE_FILES.value, given.MOST_BATCHES.value) == (NATIVE_FILES, MOST_BATCHES)
    states = refresh_workflow("arn", "arn", WorkflowLimits(max_concurrent_batches=1))["States"]
    passed = states.keys() - {"NothingToDo", "RefreshFailed"}
    assert given.EXECUTION_TRANSITIONS.value == len(passed) + 1, "the start is a transition, too"


def test_a_pass_of_the_default_is_one_run_of_two_workers_every_ten_minutes() -> None:
    each = pass_of(DEFAULT)
    assert (each.runs, each.workers, each.interval_minutes) == (1, 2, 10)


def test_what_glue_bills_is_computed_by_hand(prices: PriceList) -> None:
    seconds = 65 + 18 * 4.7 + 18 * 10 * 10_000 / 20_000_000 * 60
    by_hand = 730 * 6 * 2 * seconds / 3600 * 0.44
    assert isclose(of(working_lines(DEFAULT, prices), "Glue"), by_hand)
    seconds = 65 + 18 * 4.7 + 18 * 60 * 10_000 / 20_000_000 * 60
    assert isclose(of(working_lines(Workload(18, 60), prices), "Glue"), 730 * 2 * seconds / 3600 * 0.29)


def test_glue_bills_a_minute_at_least() -> None:
    assert Pass(runs=3, workers=2, seconds=20, interval_minutes=10).dpu_hours == 3 * 2 * 60 / 3600


def test_events_of_s3_cost_a_dollar_a_million(prices: PriceList) -> None:
    """They were thought to be free."""
    files, refreshes = 18 * 43_800, 18 * 4_380
    assert isclose(of(working_lines(DEFAULT, prices), "Events of S3"), (files + 40 * refreshes) / 1e6)


def test_cadence_that_cannot_keep_up_is_refreshed_at_its_next_tick() -> None:
    """One execution of a cadence at a time: 150 runs, ten at a time, do not end within ten minutes."""
    each = pass_of(Workload(3000, 10))
    assert each.interval_minutes % 10 == 0
    rounds_take = 15 * (each.seconds + 60) / 60
    assert each.interval_minutes - 10 < rounds_take <= each.interval_minutes


def test_more_runs_at_a_time_refresh_more_often() -> None:
    assert pass_of(Workload(3000, 10), OdpSettings(max_concurrent_batches=40)).interval_minutes < 40


def test_load_that_runs_can_never_apply_is_told() -> None:
    with pytest.raises(PricingError, match="1000000 tables"):
        pass_of(Workload(1_000_000, 10))


@pytest.mark.parametrize("is_native", [False, True])
@pytest.mark.parametrize("workload", WORKLOADS, ids=str)
def test_the_document_shows_what_the_workload_costs_today(
    workload: Workload, is_native: bool, prices: PriceList
) -> None:
    workload = replace(workload, is_native=is_native)
    is_possible = pass_of(workload).runs <= MOST_BATCHES
    assert (working_row(workload, prices) in (PROJECT / "docs" / "cost.md").read_text()) is is_possible


def test_every_line_of_work_has_a_price_with_date_and_source(prices: PriceList) -> None:
    found: list[dict[str, Any]] = [dict(prices.prices[line.price]) for line in working_lines(DEFAULT, prices)]
    assert all(price["date"] and price["source"] for price in found)


def test_longer_cadences_cost_less_and_more_tables_more(prices: PriceList) -> None:
    sums = {workload: total(working_lines(workload, prices)) for workload in WORKLOADS}
    for tables in TABLES:
        assert sums[Workload(tables, 10)] > sums[Workload(tables, 60)] > sums[Workload(tables, 1440)]
    for minutes in CADENCES:
        assert sums[Workload(18, minutes)] < sums[Workload(300, minutes)] < sums[Workload(3000, minutes)]
