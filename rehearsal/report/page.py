"""Renders the report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from rehearsal.report import charts
from rehearsal.report.model import DemoReport, Section
from rehearsal.report.pipelines import RehearsalReport
from rehearsal.report.timeline import run_lanes, step_lanes, timeline
from rehearsal.report.words import counted, duration


def render(report: DemoReport) -> str:
    """The whole page; every text from outside is escaped."""
    return (
        _templates()
        .get_template("page.html.j2")
        .render(report=report, charts=charts, timeline=timeline, run_lanes=run_lanes, step_lanes=step_lanes)
    )


def render_rehearsal(report: RehearsalReport) -> str:
    """The page of a rehearsal of the deployment."""
    return _templates().get_template("rehearsal.html.j2").render(report=report)


def pipelines_section(report: RehearsalReport) -> Section:
    """The part of the demo's page that shows how the lake was deployed."""
    body = _templates().get_template("pipelines_section.html.j2").render(report=report)
    lead = "A push ran the synthesised pipelines, action by action with IAM enforced. The newest execution comes first."
    return Section("pipelines", "The pipelines that deployed it", lead, body)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("rehearsal.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "counted": counted, "count": "{:,}".format}
    return environment
