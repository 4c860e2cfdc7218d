"""The document that shows what each environment costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scripts.idle_cost.pricing import HOURLY, Line, PriceList

NOTES = """Not counted, because it comes with data or with work: storage (old versions of tables for a week, and
in protected environments a nightly AWS Backup of all of it, about 0.05 USD a month for each GB of objects and 0.10 for
each GB of tables, as remembered, and twice that if it is copied away), requests, Glue and Lambda time beyond empty
schedules, logs, builds (a push runs some minutes of CodeBuild and of V2 pipeline actions), Athena queries, and the
yearly rotations of keys (each of the first two adds a key's price)."""


def total(lines: list[Line]) -> float:
    """What an environment costs in a month."""
    return sum(line.usd for line in lines)


def render(costs: Mapping[str, list[Line]], prices: PriceList) -> str:
    """The whole document."""
    return "\n".join(_document(costs, prices)) + "\n"


def summary_row(name: str, lines: list[Line]) -> str:
    """An environment's row in the first table."""
    return f"| {name} | {total(lines):.2f} |"


def _document(costs: Mapping[str, list[Line]], prices: PriceList) -> Iterator[str]:
    yield "# What an idle lake costs"
    yield ""
    yield "Written by `python -m scripts.idle_cost` from the synthesised templates; a test fails when it is stale."
    yield "Idle means deployed, polling and keeping its schedules, while no data arrives and nothing is stored."
    yield ""
    yield f"Prices: {prices.region}, {prices.date}. {prices.source} Other Regions cost somewhat more."
    yield ""
    yield "| environment | USD a month |"
    yield "|---|---:|"
    for name, lines in costs.items():
        yield summary_row(name, lines)
    for name, lines in costs.items():
        yield ""
        yield f"## {name}"
        yield ""
        yield "| resource | amount | of | USD each | USD a month |"
        yield "|---|---:|---|---:|---:|"
        for line in sorted(lines, key=lambda line: -line.usd):
            yield _row(line, prices)
        yield f"| **sum** | | | | **{total(lines):.2f}** |"
    yield ""
    yield NOTES


def _row(line: Line, prices: PriceList) -> str:
    usd = float(prices.prices[line.price]["usd"])
    unit = prices.unit(line.price)
    if HOURLY in unit:
        unit = unit.replace(HOURLY, "hours")
    each = f"{usd:.10f}".rstrip("0").rstrip(".")
    return f"| {line.type_} | {line.amount:,.0f} | {unit} | {each} | {line.usd:.2f} |"
