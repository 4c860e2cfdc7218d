"""What a run would cost on AWS, by the prices of the page of costs."""

import pytest

from rehearsal.demo.cost import function_usd, glue_usd


def test_glue_run_costs_its_workers_for_its_seconds() -> None:
    assert glue_usd(1_800, "G.1X", 10) == pytest.approx(10 * 0.5 * 0.44)


def test_larger_workers_are_more_dpus_and_flex_runs_are_cheaper() -> None:
    assert glue_usd(3_600, "G.4X", 3) == pytest.approx(12 * 0.44)
    assert glue_usd(3_600, "G.1X", 2, "FLEX") == pytest.approx(2 * 0.29)


def test_short_glue_run_is_billed_for_a_minute() -> None:
    assert glue_usd(3, "G.1X", 2) == glue_usd(60, "G.1X", 2) < glue_usd(61, "G.1X", 2)


def test_call_of_a_function_costs_its_request_and_its_memory_for_its_seconds() -> None:
    assert function_usd(2.5, 2_048) == pytest.approx(0.0000002 + 5 * 0.0000133334)
    assert function_usd(0, 2_048) == pytest.approx(0.0000002)
