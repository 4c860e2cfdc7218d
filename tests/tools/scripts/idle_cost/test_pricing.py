"""Idle resources are priced by what they really do while idle; nothing that may cost money is passed over."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import Platform
from scripts.idle_cost.document import render, total
from scripts.idle_cost.pricing import RULES, Line, PriceList, PricingError
from scripts.idle_cost.synthesised import PIPELINES, Stack, SynthesisError, sorted_by_environment, stack_of

PROJECT = Path(__file__).resolve().parents[4]
SNAPSHOTS = PROJECT / "tests" / "synth" / "snapshots"
MOST_FOR_DEV = 25.0


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList.read()


@pytest.fixture(scope="module")
def dev(prices: PriceList, platform: Platform) -> list[Line]:
    """Dev's cost by the templates that the synth tests hold to be today's."""
    stacks = [stack_of(f"odp-dev-{path.stem}", json.loads(path.read_text())) for path in SNAPSHOTS.glob("*.json")]
    return prices.lines(sorted_by_environment(platform, stacks)["dev"])


def test_what_is_free_while_idle_does_not_say_that_s3s_events_are_free() -> None:
    """Audit R17: object-level events cost 1 $ a million: https://aws.amazon.com/eventbridge/pricing/."""
    reason = json.loads((PROJECT / "scripts" / "idle_cost" / "prices.json").read_text())["free_while_idle"]
    assert "1 $ a million" in reason["AWS::Events::Rule"]


def usd(prices: PriceList, type_: str, **properties: Any) -> float:
    return round(total(prices.lines([(type_, properties)])), 4)


def test_the_default_dev_environment_costs_no_more_than_promised(dev: list[Line]) -> None:
    assert {"AWS::KMS::Key", "AWS::Scheduler::Schedule", "AWS::SecretsManager::Secret"} < {line.type_ for line in dev}
    assert 0 < total(dev) <= MOST_FOR_DEV


def test_the_document_shows_what_dev_costs_today_whatever_cadences_the_deployed_manifests_have(
    dev: list[Line], prices: PriceList
) -> None:
    document = (PROJECT / "docs" / "cost.md").read_text()
    shown, expected = (text.split("## dev")[1].split("## ")[0] for text in (document, render({"dev": dev}, prices)))
    lasting = [row for row in expected.splitlines() if re.match(r"\| AWS::(?!Scheduler::)", row)]
    assert lasting
    assert [row for row in shown.splitlines() if re.match(r"\| AWS::(?!Scheduler::)", row)] == lasting


def test_the_price_file_says_when_where_and_from_what_its_prices_are(prices: PriceList) -> None:
    assert prices.date == "2026-11-24"
    assert prices.region == "us-east-1"
    assert "compare them before you rely on them" in prices.source
    assert all(date.fromisoformat(price["date"]).year >= 2026 and price["source"] for price in prices.prices.values())
    assert not [price for price in prices.prices.values() if "remembered" in price["source"]]
    assert f"{prices.region}, {prices.date}. {prices.source}" in (PROJECT / "docs" / "cost.md").read_text()


def test_a_type_without_a_price_stops_the_computation(prices: PriceList) -> None:
    with pytest.raises(PricingError, match="AWS::Redshift::Cluster has no price"):
        prices.lines([("AWS::KMS::Key", {}), ("AWS::Redshift::Cluster", {})])


def test_a_custom_resource_is_not_thought_to_be_free(prices: PriceList) -> None:
    with pytest.raises(PricingError, match="Custom::Anything"):
        prices.lines([("Custom::Anything", {})])


def test_no_type_has_both_a_price_and_a_reason_to_be_free(prices: PriceList) -> None:
    assert not RULES.keys() & prices.free_while_idle.keys()
    assert all(prices.free_while_idle.values())


def test_what_costs_by_the_hour_costs_a_month_of_hours(prices: PriceList) -> None:
    assert usd(prices, "AWS::EC2::NatGateway") == 32.85
    assert usd(prices, "AWS::EC2::EIP") == 3.65


def test_an_interface_endpoint_costs_in_every_zone_and_a_gateway_endpoint_nowhere(prices: PriceList) -> None:
    endpoint = "AWS::EC2::VPCEndpoint"
    assert usd(prices, endpoint, VpcEndpointType="Interface", SubnetIds=["a", "b", "c"]) == 21.9
    assert usd(prices, endpoint, VpcEndpointType="Gateway") == usd(prices, endpoint) == 0


def test_a_pipeline_of_the_first_type_costs_and_of_the_second_not(prices: PriceList) -> None:
    assert usd(prices, "AWS::CodePipeline::Pipeline", PipelineType="V2") == 0
    assert usd(prices, "AWS::CodePipeline::Pipeline") == 1


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("rate(1 minute)", 4.7246), ("rate(10 minutes)", 0.4725), ("rate(1 hour)", 0.0787), ("rate(1 day)", 0.0033)],
)
def test_a_schedule_costs_by_how_often_it_looks_for_work(prices: PriceList, expression: str, expected: float) -> None:
    assert usd(prices, "AWS::Scheduler::Schedule", ScheduleExpression=expression) == pytest.approx(expected, abs=1e-4)


def test_a_schedule_that_is_no_rate_stops_the_computation(prices: PriceList) -> None:
    with pytest.raises(PricingError, match=r"cron\(0 12 \* \* \? \*\) is no rate"):
        usd(prices, "AWS::Scheduler::Schedule", ScheduleExpression="cron(0 12 * * ? *)")


def test_polling_an_empty_queue_costs_and_a_stream_is_not_mistaken_for_one(prices: PriceList) -> None:
    assert usd(prices, "AWS::Lambda::EventSourceMapping", EventSourceArn="queue") == 0.2628
    with pytest.raises(PricingError, match="is a stream"):
        usd(prices, "AWS::Lambda::EventSourceMapping", StartingPosition="LATEST")


def test_equal_resources_are_summed_up_in_one_line(prices: PriceList) -> None:
    assert prices.lines([("AWS::KMS::Key", {})] * 3) == [Line("AWS::KMS::Key", "key", 3.0, 3.0)]


def test_stacks_go_with_their_environment_and_pipelines_with_the_pipelines(platform: Platform) -> None:
    key: tuple[str, dict[str, Any]] = ("AWS::KMS::Key", {})
    names = ("odp-prod-etl-Odp", "odp-prod-etl-Pipeline", "odp-dev-infra-Pipeline-eu-west-1")
    found = sorted_by_environment(platform, [Stack(name, [key]) for name in names])
    assert {name: len(resources) for name, resources in found.items()} == {"dev": 0, "test": 0, "prod": 1, PIPELINES: 2}


def test_a_stack_of_nobody_is_refused(platform: Platform) -> None:
    with pytest.raises(SynthesisError, match="stack odp-staging-etl-Odp belongs to no environment"):
        sorted_by_environment(platform, [Stack("odp-staging-etl-Odp", [])])


def test_every_price_in_the_text_of_the_document_is_in_the_list_with_date_and_source() -> None:
    """Sums apart, which are bold or computed in a table: a price in a sentence has no other place for its source."""
    document = (PROJECT / "docs" / "cost.md").read_text()
    text, listed = document.split("## Prices")
    known = {float(row.split("|")[2]) for row in listed.splitlines() if row.startswith("| ") and "USD each" not in row}
    sentences = [line for line in text.splitlines() if not line.startswith("|")]
    said = {float(number) for number in re.findall(r"(\d[\d,.]*\d|\d) (?:USD|\$)", "\n".join(sentences))}
    assert said
    assert said <= known
