"""What a standby Region costs follows from what is replicated and from what its code does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployment_account.environments import Environment
from deployment_account.secondary import Secondary
from scripts.idle_cost import assumptions as given
from scripts.idle_cost.document import DEFAULT, render, total
from scripts.idle_cost.pricing import Line, PriceList
from scripts.idle_cost.standby import cold_lines, warm_lines
from scripts.idle_cost.working import working_lines

FILES = 18 * 730 * 60
"""Of eighteen tables in a month, one in a minute each."""


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList.read()


def line(lines: list[Line], what: str) -> Line:
    (found,) = [each for each in lines if each.type_ == what]
    return found


def test_files_are_carried_and_kept_by_their_bytes(prices: PriceList) -> None:
    lines = cold_lines(DEFAULT, prices)
    gigabytes = FILES * 10_000 / 1e9
    assert line(lines, "Replication, within 15 minutes").amount == pytest.approx(gigabytes)
    assert line(lines, "Replication, within 15 minutes").usd == pytest.approx(gigabytes * 0.015)
    assert line(lines, "Replication, transfer of files and marks").usd == pytest.approx((gigabytes + 0.3942) * 0.02)
    assert line(lines, "Replication, replicas kept").amount == pytest.approx(gigabytes * 90 / (365 / 12))


def test_twice_the_tables_cost_twice_but_for_metrics_and_alarms(prices: PriceList) -> None:
    fixed = 16 * 0.3 + 12 * 0.1
    once, twice = (total(cold_lines(replace(DEFAULT, tables=tables), prices)) for tables in (18, 36))
    assert twice - fixed == pytest.approx(2 * (once - fixed))


def test_a_warm_standby_costs_what_a_lake_of_its_cadence_does_and_the_way_of_its_files(prices: PriceList) -> None:
    slower = replace(DEFAULT, minutes=30)
    way = [each for each in cold_lines(slower, prices) if each.type_.startswith("Replication")]
    written = line(way, "Replication, replicas written")
    assert total(warm_lines(slower, prices)) == pytest.approx(
        total(working_lines(slower, prices)) + total(way) - written.usd
    )


def test_the_document_adds_the_idle_environment_once_more(prices: PriceList) -> None:
    text = render({"dev": [Line("AWS::KMS::Key", "key", 2.0, 2.0)]}, prices)
    cold = total(cold_lines(DEFAULT, prices))
    assert f"| cold | {cold:,.2f} | **{cold + 2:,.0f}** |" in text


def test_the_cadence_is_the_default_of_the_configuration() -> None:
    assert Secondary.model_fields["refresh_minutes"].default == given.STANDBY_MINUTES.value
    assert "secondary" in Environment.model_fields
