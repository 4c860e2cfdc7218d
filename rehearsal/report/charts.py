"""The report's charts of counts: rows by operation, and what the taxi flow's purpose-built tables say."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

from rehearsal.report.model import TaxiReport, natural_order
from rehearsal.report.runs import TableRefresh

# Draws an Altair chart as SVG that stands in the page: vl-convert needs neither browser nor network for it.

SMALLEST = 0.75
"""How far a chart shrinks with the window, as a share of its width; below that, it scrolls."""
NAMESPACE = "{http://www.w3.org/2000/svg}"
INK, SOFT, LINE = "var(--ink)", "var(--soft)", "var(--line)"
THEME: dict[str, Any] = {
    "background": "transparent",
    "padding": {"left": 12, "right": 12, "top": 5, "bottom": 5},
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "text": {"fontSize": 12, "color": SOFT},
    "axis": {
        "domain": False,
        "gridColor": LINE,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 0,
        "labelPadding": 6,
        "ticks": False,
        "titleColor": SOFT,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": INK, "labelFontSize": 12, "orient": "top", "title": None},
}
"""Colours are the page's own, so a chart follows the light, the dark and the paper scheme.

The font is the one that vl-convert measures with; the names after it are as wide on other machines.
"""


def drawn(chart: alt.LayerChart, says: str) -> Markup:
    """The chart as an SVG element.

    Args:
        chart: what to draw; each mark's `description` is its tooltip and what a screen reader says.
        says: what the whole chart shows, for who does not see it.
    """
    svg = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.configure(**THEME).to_dict()))  # noqa: S314 - its own
    for element in svg.iter():
        element.tag = element.tag.removeprefix(NAMESPACE)  # within a page it is no name but an address
        if element.tag in {"path", "text"} and "aria-label" in element.attrib:
            ElementTree.SubElement(element, "title").text = element.get("aria-label")
    least = SMALLEST * float(svg.get("width", 0))
    svg.attrib |= {"role": "graphics-document document", "aria-label": says, "style": f"min-width: {least:.0f}px"}
    drawing = ElementTree.tostring(svg, encoding="unicode")
    return Markup(f'<div class="scroll chart" tabindex="0">{drawing}</div>')  # noqa: S704 - ElementTree escapes


COLOURS = {"inserted": "var(--inserted)", "updated": "var(--updated)", "deleted": "var(--deleted)"}
ACCENT, PAPER = "var(--accent)", "var(--card)"
ZONES_SHOWN = 12
STRONG = 0.7
"""The share of the busiest cell from which on its number is written light on dark."""
HOURS = range(24)


def rows_by_operation(tables: Sequence[TableRefresh], says: str) -> Markup:
    """One horizontal bar a table in natural order: its inserts, updates and deletes end to end, and their sum."""
    by_name = {table.table: table for table in tables}
    names = natural_order(by_name)
    parts = [
        {"table": name, "operation": operation, "place": place, "rows": rows, "says": f"{name}: {rows:,} {operation}"}
        for name in names
        for place, operation in enumerate(COLOURS)
        if (rows := getattr(by_name[name], operation))
    ]
    sums = [{"table": name, "rows": by_name[name].rows} for name in names]
    table = alt.Y("table:N", sort=names, title=None, scale=alt.Scale(domain=names))
    rows = alt.X("rows:Q", title="rows", axis=alt.Axis(orient="top", format=",d", tickCount=5, tickMinStep=1))
    bars = (
        _chart(parts)
        .mark_bar(height=14)
        .encode(
            x=rows,
            y=table,
            color=alt.Color("operation:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))),
            order="place:Q",
            description="says:N",
        )
    )
    totals = (
        _chart(sums)
        .mark_text(align="left", dx=6, aria=False)
        .encode(x=rows, y=table, text=alt.Text("rows:Q", format=","))
    )
    return drawn((bars + totals).properties(width=360, height=alt.Step(24)), says)


def demand_by_hour_and_zone(taxi: TaxiReport) -> Markup:
    """Trips by hour of the day in the busiest zones, the busiest on top; the more trips, the stronger the cell."""
    zones: Counter[str] = Counter()
    trips: Counter[tuple[str, int]] = Counter()
    for zone, hour, count in taxi.demand:
        zones[f"zone {zone}"] += count
        trips[f"zone {zone}", hour] += count
    busiest = [zone for zone, _ in zones.most_common(ZONES_SHOWN)]
    cells = [
        {"zone": zone, "hour": hour, "trips": count, "says": f"{zone}, hour {hour}: {count:,} trips"}
        for (zone, hour), count in trips.items()
        if zone in busiest
    ]
    base = _chart(cells).encode(
        x=alt.X(
            "hour:O",
            title="hour of the day",
            scale=alt.Scale(domain=list(HOURS)),
            axis=alt.Axis(orient="top", labelAngle=0),
        ),
        y=alt.Y("zone:N", title=None, sort=busiest, scale=alt.Scale(domain=busiest)),
    )
    most = max((count for zone, count in trips.items()), default=0)
    squares = base.mark_rect(fill=ACCENT, cornerRadius=2).encode(
        fillOpacity=alt.FillOpacity("trips:Q", legend=None, scale=alt.Scale(domain=[0, most], range=[0.06, 1])),
        description="says:N",
    )
    numbers = base.mark_text(aria=False, fontSize=11).encode(
        text=alt.Text("trips:Q", format=","),
        color=alt.when(alt.datum.trips > STRONG * most).then(alt.value(PAPER)).otherwise(alt.value(INK)),
    )
    chart = (squares + numbers).properties(width=alt.Step(42), height=alt.Step(24))
    return drawn(chart, "Trips by hour of the day and pick-up zone")


def trips_by_day(taxi: TaxiReport) -> Markup:
    """Trips of each day."""
    return _columns([(day, trips, f"{day}: {trips:,} trips") for day, trips, _ in taxi.days], "trips", "Trips by day")


def fares_by_day(taxi: TaxiReport) -> Markup:
    """The average fare of each day."""
    fares = [(day, fare, f"{day}: {fare:,.2f} dollars") for day, _, fare in taxi.days]
    return _columns(fares, "dollars", "Average fare by day")


def _columns(values: Sequence[tuple[str, float, str]], unit: str, says: str) -> Markup:
    """One upright bar for each date like 2021-01-05, its value and its tooltip, in the order given."""
    rows = [{"day": day[5:], "value": value, "says": tip} for day, value, tip in values]
    days = alt.X("day:O", title="day", sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    sizes = alt.Y("value:Q", title=unit, axis=alt.Axis(format=",d", tickCount=5, tickMinStep=1))
    bars = _chart(rows).mark_bar(color=ACCENT).encode(x=days, y=sizes, description="says:N")
    return drawn(alt.LayerChart(layer=[bars], width=440, height=170), says)


def _chart(rows: Sequence[dict[str, object]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))
