"""The monthly cost of an idle resource: it exists, polls, and runs its schedule."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.json")
HOURLY = "each hour"

POLLS_A_MINUTE = 15
"""Lambda keeps five long polls of 20 seconds open on an empty queue."""
MINUTES_OF_UNIT = {"minute": 1, "hour": 60, "day": 1440}
TICK = {
    "schedule_invocation": 1.0,
    "state_transition": 4.0,
    "function_request": 1.0,
    "function_gb_second": 0.5,
}
"""One look at an empty cadence: three states and the end, one second of a function with 512 MB."""

Properties = Mapping[str, Any]
Amounts = dict[str, float]


class PricingError(Exception):
    """A resource may cost money, and the price file lacks its price."""


@dataclass(frozen=True)
class Line:
    """The monthly cost of a type's resources, by one price."""

    type_: str
    price: str
    amount: float
    usd: float


@dataclass(frozen=True)
class PriceList:
    """The price file: prices with date and source, and the types that cost nothing while idle, with the reason."""

    date: str
    region: str
    source: str
    hours_a_month: int
    prices: Mapping[str, Mapping[str, Any]]
    free_while_idle: Mapping[str, str]

    @classmethod
    def read(cls, path: Path = PRICES) -> PriceList:
        """Read the price file."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def usd(self, price: str) -> float:
        """What one unit costs."""
        return float(self.prices[price]["usd"])

    def unit(self, price: str) -> str:
        """What a price is for."""
        return str(self.prices[price]["unit"])

    def lines(self, resources: Sequence[tuple[str, Properties]]) -> list[Line]:
        """What resources cost in a month, summed up by type and price."""
        amounts: dict[tuple[str, str], float] = {}
        for type_, properties in resources:
            for price, amount in self._amounts(type_, properties):
                amounts[type_, price] = amounts.get((type_, price), 0.0) + amount
        return [self._line(type_, price, amount) for (type_, price), amount in sorted(amounts.items())]

    def _amounts(self, type_: str, properties: Properties) -> Iterator[tuple[str, float]]:
        if rule := RULES.get(type_):
            yield from rule(properties, self.hours_a_month).items()
        elif type_ not in self.free_while_idle:
            raise PricingError(
                f"{type_} has no price: write what it costs in scripts/idle_cost, "
                "or in prices.json why it costs nothing while idle"
            )

    def _line(self, type_: str, price: str, amount: float) -> Line:
        return Line(type_, price, amount, amount * self.usd(price))


def _one(price: str) -> Callable[[Properties, int], Amounts]:
    return lambda _, __: {price: 1.0}


def _each_hour(price: str) -> Callable[[Properties, int], Amounts]:
    return lambda _, hours: {price: float(hours)}


def _endpoint(properties: Properties, hours: int) -> Amounts:
    """Gateway endpoints are free; the others have an address in each zone."""
    if properties.get("VpcEndpointType", "Gateway") == "Gateway":
        return {}
    return {"interface_endpoint": float(hours * len(properties["SubnetIds"]))}


def _pipeline(properties: Properties, _: int) -> Amounts:
    return {} if properties.get("PipelineType") == "V2" else {"v1_pipeline": 1.0}


def _event_source(properties: Properties, hours: int) -> Amounts:
    """Streams have a starting position, queues have none."""
    if "StartingPosition" in properties:
        raise PricingError("an event source is a stream: write in scripts/idle_cost what its polling costs")
    return {"queue_request": float(POLLS_A_MINUTE * 60 * hours)}


def _schedule(properties: Properties, hours: int) -> Amounts:
    expression = str(properties["ScheduleExpression"])
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if not rate:
        raise PricingError(f"{expression} is no rate: write in scripts/idle_cost how often it is")
    ticks = hours * 60 / (int(rate[1]) * MINUTES_OF_UNIT[rate[2]])
    return {price: ticks * amount for price, amount in TICK.items()}


RULES: Mapping[str, Callable[[Properties, int], Amounts]] = {
    "AWS::CloudWatch::Alarm": _one("alarm"),
    "AWS::CloudWatch::Dashboard": _one("dashboard"),
    "AWS::CodePipeline::Pipeline": _pipeline,
    "AWS::EC2::EIP": _each_hour("public_address"),
    "AWS::EC2::NatGateway": _each_hour("nat_gateway"),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::KMS::Key": _one("key"),
    "AWS::Lambda::EventSourceMapping": _event_source,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::SecretsManager::Secret": _one("secret"),
}
"""The types that cost something while idle."""
