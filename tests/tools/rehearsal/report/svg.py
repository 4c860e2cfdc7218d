"""What a drawn chart says, read from its SVG."""

from xml.etree import ElementTree

from markupsafe import Markup


def parsed(chart: Markup) -> ElementTree.Element:
    """The chart's one SVG element."""
    (svg,) = ElementTree.fromstring(chart).findall("svg")  # noqa: S314 - our own
    return svg


def tips(chart: Markup) -> list[str]:
    """The tooltip of each mark, in the order drawn."""
    return [title.text or "" for title in parsed(chart).iter("title")]


def words(chart: Markup) -> list[str]:
    """Every text that is seen."""
    return [text.text or "" for text in parsed(chart).iter("text") if text.get("opacity") != "0"]


def colours(chart: Markup) -> dict[str, str]:
    """The colour of each mark by its tooltip."""
    marks = (path for path in parsed(chart).iter("path") if path.find("title") is not None)
    return {mark.findtext("title", ""): mark.get("fill", "") for mark in marks}
