"""Draws an Altair chart as SVG that stands in the page: vl-convert needs neither browser nor network for it."""

from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

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
