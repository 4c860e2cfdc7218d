"""Renders the report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from rehearsal.report.gantt import gantt, run_lanes, step_lanes
from rehearsal.report.model import DemoReport
from rehearsal.report.scales import counted, duration
from rehearsal.report.stacked_bars import OPERATIONS, stacked_bars
from rehearsal.report.taxi_charts import demand_by_hour_and_zone, fares_by_day, trips_by_day


def render(report: DemoReport) -> str:
    """The whole page; every text from outside is escaped."""
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            report=report,
            operations=OPERATIONS,
            demand=demand_by_hour_and_zone(report.taxi) if report.taxi else None,
            trips_by_day=trips_by_day(report.taxi) if report.taxi else None,
            fares_by_day=fares_by_day(report.taxi) if report.taxi else None,
            steps=gantt(step_lanes(report)) if report.steps else None,
            runs=[
                (run, gantt(run_lanes(run)) if run.batches else None, stacked_bars(run.tables)) for run in report.runs
            ],
        )
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("rehearsal.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "counted": counted, "count": "{:,}".format, "px": "{:.1f}".format}
    return environment
