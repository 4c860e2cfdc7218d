"""The document that shows what a lake costs: a working month, each environment while idle, and every price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from scripts.idle_cost import assumptions
from scripts.idle_cost.pricing import HOURLY, Line, PriceList
from scripts.idle_cost.standby import cold_lines, warm_lines
from scripts.idle_cost.synthesised import PIPELINES
from scripts.idle_cost.working import Workload, pass_of, working_lines

TABLES = (18, 300, 3000)
CADENCES = {10: "10 minutes", 60: "an hour", 1440: "a day"}
DEFAULT = Workload(18, 10)
"""The tables of trips in this repository's manifests: eighteen small tables at ten minutes."""

ABOUT_WORK = """The worst case: every table is small and changes all the time. A table without changes costs
nothing, because no run starts for it.

- **Spark** refreshes Hudi tables, and Iceberg tables that are large. A run has two workers, or more if its tables have
  more pending bytes. Up to twenty tables share a run. Cadences of an hour and more run on Flex.
- **native** refreshes small Iceberg tables, up to 25 in a call of a Lambda function, and up to 5,000 change files
  ([which engine for which table](tables.md#engines)). 3,000 tables once a day have more files than one execution can
  give to the function; Spark refreshes them.

At most ten runs of a cadence work at a time, and its next execution waits until the last one ends. So 3,000 tables are
refreshed less often than their cadence says. To refresh them more often, raise `odp.max_concurrent_batches`, or spread
the tables over several cadences. Then each table costs as much as with fewer tables: see the last column.

Not counted:

- the idle environment (below),
- storage in S3, {s3_gigabyte} USD for a GB and month, old versions of a week included,
- in protected environments, a nightly AWS Backup: {backup_object_gigabyte} USD a month for each GB of objects and
  {backup_table_gigabyte} USD for each GB of DynamoDB tables, twice that with copies elsewhere,
- Glue's [table optimizers](tables.md#optimizers-of-the-data-catalog), if an environment configures them:
  {glue_optimizer_dpu_hour} USD for a DPU-hour, by the second, a minute at least for each run on a table,
- replication by AWS DMS ([what it costs](deployment.md#replication)),
- Athena and the taxi flow.
"""
ABOUT_IDLE = """An idle environment is deployed, polls its queues and runs its schedules. No data arrives, and
nothing is stored.

Not counted are builds: a push runs some minutes of CodeBuild and of V2 pipeline actions. The yearly rotation of keys is
not counted either: each of the first two rotations of a key adds its price once.
"""
ABOUT_STANDBY = """With a [secondary Region](decisions/0029-secondary-region.md) an environment costs idle twice what it
costs now, endpoints of a private network and replicas of secrets included, and this besides. The example is that of
above: {tables} busy tables.

- **cold**: files are replicated and registered, and wait. Tables are built after a failover.
- **warm**: the standby refreshes its tables every {minutes} minutes, as a lake of that cadence does.

The planning executions of the standby, which find nothing to do, are among its idle costs. Not counted are the tables
that a warm standby stores a second time, and builds.
"""
COLUMNS = (
    "tables",
    "cadence",
    "refreshed every",
    "engine",
    "runs per execution",
    "Glue or Lambda",
    "other services",
    "USD a month",
    "for each table",
)


def total(lines: list[Line]) -> float:
    """Add up the price of a month."""
    return sum(line.usd for line in lines)


def render(costs: Mapping[str, list[Line]], prices: PriceList) -> str:
    """The whole document."""
    return "\n".join(_document(costs, prices)) + "\n"


def summary_row(name: str, lines: list[Line]) -> str:
    """An environment's row in the first table."""
    return f"| {name} | {total(lines):.2f} |"


def working_row(workload: Workload, prices: PriceList) -> str:
    """A workload's row in the table of working months."""
    each, lines = pass_of(workload), working_lines(workload, prices)
    cells = (
        f"{workload.tables:,}",
        CADENCES[workload.minutes],
        f"{each.interval_minutes:,} minutes",
        _engine(workload),
        f"{each.runs:,}",
        f"{lines[0].usd:,.0f}",
        f"{total(lines) - lines[0].usd:,.0f}",
        f"**{total(lines):,.0f}**",
        f"{total(lines) / workload.tables:,.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _engine(workload: Workload) -> str:
    if workload.is_native:
        return "native"
    return "Spark, Flex" if workload.is_flex else "Spark"


def _document(costs: Mapping[str, list[Line]], prices: PriceList) -> Iterator[str]:
    yield "# What a lake costs"
    yield ""
    yield "`make idle-cost` writes this page from the synthesised templates. A test fails when the page is stale."
    yield ""
    yield f"Prices: {prices.region}, {prices.date}. {prices.source} Other Regions cost somewhat more."
    yield ""
    yield from _in_short(costs, prices)
    yield from _work(prices)
    yield from _standby(costs, prices)
    yield from _idle(costs, prices)
    yield from _prices(prices)


def _in_short(costs: Mapping[str, list[Line]], prices: PriceList) -> Iterator[str]:
    for name, lines in costs.items():
        yield f"- **{total(lines):.2f}** USD a month: {name}, idle."
    work = total(working_lines(DEFAULT, prices))
    native = total(working_lines(replace(DEFAULT, is_native=True), prices))
    yield (
        f"- **{work:,.0f}** USD a month more: {DEFAULT.tables} busy Hudi tables at {CADENCES[DEFAULT.minutes]}. "
        f"The same as Iceberg tables, refreshed natively: **{native:,.0f}**."
    )
    cold = total(cold_lines(DEFAULT, prices))
    yield (
        f"- **{cold:,.0f}** USD a month more, beside a second idle environment: a [standby in another Region]"
        f"(#a-standby-region) for these tables that is cold. If it is warm: "
        f"**{total(warm_lines(_slower(is_native=False), prices)):,.0f}**, natively "
        f"**{total(warm_lines(_slower(is_native=True), prices)):,.0f}**."
    )
    yield ""


def _work(prices: PriceList) -> Iterator[str]:
    yield "## A working month"
    yield ""
    yield ABOUT_WORK.format_map({name: _exact(prices.usd(name)) for name in prices.prices})
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---:|---|---:|---|---:|---:|---:|---:|---:|"
    for is_native in (False, True):
        for tables in TABLES:
            for minutes in CADENCES:
                workload = Workload(tables, minutes, is_native)
                if pass_of(workload).runs <= assumptions.MOST_BATCHES.value:
                    yield working_row(workload, prices)
    yield ""
    yield f"The {DEFAULT.tables} tables of trips of this repository at {CADENCES[DEFAULT.minutes]}, line by line:"
    yield ""
    yield from _table(working_lines(DEFAULT, prices), prices, "what")
    yield ""
    yield "The computation assumes:"
    yield ""
    yield "| number | what it counts | source |"
    yield "|---:|---|---|"
    for each in assumptions.ALL:
        yield f"| {each.value:,} | {each.what} | {each.source} |"
    yield ""


def _slower(*, is_native: bool) -> Workload:
    """The same tables at the cadence of a warm standby."""
    return Workload(DEFAULT.tables, int(assumptions.STANDBY_MINUTES.value), is_native)


def _standby(costs: Mapping[str, list[Line]], prices: PriceList) -> Iterator[str]:
    yield "## A standby Region"
    yield ""
    yield ABOUT_STANDBY.format(tables=DEFAULT.tables, minutes=f"{assumptions.STANDBY_MINUTES.value:.0f}")
    modes = {
        "cold": cold_lines(DEFAULT, prices),
        "warm, Hudi tables": warm_lines(_slower(is_native=False), prices),
        "warm, Iceberg tables refreshed natively": warm_lines(_slower(is_native=True), prices),
    }
    names = [name for name in costs if name != PIPELINES]
    yield f"| standby | replication and files | {' | '.join(f'with {name} idle again' for name in names)} |"
    yield f"|---|---:|{'---:|' * len(names)}"
    for mode, lines in modes.items():
        sums = (f"**{total(lines) + total(costs[name]):,.0f}**" for name in names)
        yield f"| {mode} | {total(lines):,.2f} | {' | '.join(sums)} |"
    yield ""
    yield "The cold one, line by line:"
    yield ""
    yield from _table(modes["cold"], prices, "what")
    yield ""


def _idle(costs: Mapping[str, list[Line]], prices: PriceList) -> Iterator[str]:
    yield "## Idle"
    yield ""
    yield ABOUT_IDLE
    yield "| environment | USD a month |"
    yield "|---|---:|"
    for name, lines in costs.items():
        yield summary_row(name, lines)
    for name, lines in costs.items():
        yield ""
        yield f"### {name}"
        yield ""
        yield from _table(lines, prices, "resource")
    yield ""


def _prices(prices: PriceList) -> Iterator[str]:
    yield "## Prices"
    yield ""
    yield "| unit | USD each | date | source |"
    yield "|---|---:|---|---|"
    for name, price in prices.prices.items():
        yield f"| {price['unit']} | {_exact(prices.usd(name))} | {price['date']} | {price['source']} |"


def _table(lines: list[Line], prices: PriceList, what: str) -> Iterator[str]:
    yield f"| {what} | amount | unit | USD each | USD a month |"
    yield "|---|---:|---|---:|---:|"
    for line in sorted(lines, key=lambda line: -line.usd):
        yield _row(line, prices)
    yield f"| **sum** | | | | **{total(lines):.2f}** |"


def _row(line: Line, prices: PriceList) -> str:
    unit = prices.unit(line.price)
    if HOURLY in unit:
        unit = unit.replace(HOURLY, "hours")
    return f"| {line.type_} | {line.amount:,.0f} | {unit} | {_exact(prices.usd(line.price))} | {line.usd:.2f} |"


def _exact(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".")
