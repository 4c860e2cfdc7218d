"""Times as bars below each other on one axis, and times and counts in words."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor, log10

import altair as alt
from markupsafe import Markup

from rehearsal.report.charts import SOFT, drawn
from rehearsal.report.model import DemoReport
from rehearsal.report.runs import BatchRun, Run, TableRefresh

MINUTE = 60
TENTHS_BELOW = 9.95


def duration(seconds: float) -> str:
    """A time as people say it: 0.8 s, 12 s, 1 min 02 s, 2 h 05 min."""
    whole = round(seconds)
    if seconds < TENTHS_BELOW:
        return f"{seconds:.1f} s"
    if whole < MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, MINUTE)
    if minutes < MINUTE:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    return f"{minutes // MINUTE} h {minutes % MINUTE:02d} min"


def amount(usd: float) -> str:
    """A number with two digits that say something: 0.015, 0.0000042."""
    digits = max(2, 1 - floor(log10(usd))) if usd > 0 else 2
    return f"{usd:.{digits}f}"


def dollars(usd: float) -> str:
    """The same with its currency."""
    return f"{amount(usd)} USD"


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 file, 2 files."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


WIDTH = 660
COLOURS = {
    "step": "var(--accent)",
    "run": "var(--accent)",
    "action": "var(--accent)",
    "table": "var(--table)",
    "approval": "var(--table)",
    "failed": "var(--deleted)",
}
SHORTEST = 0.003
"""What is shorter than this share of the whole is drawn as long, or nobody would see it."""
LEAST = 5
"""The seconds that an axis shows at least: it has no room for the names of milliseconds."""
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Lane:
    """One bar to draw: what it is, when it was, what kind it is of (see COLOURS), and a remark."""

    label: str
    start: datetime
    end: datetime
    kind: str = "step"
    note: str = ""

    @property
    def said(self) -> str:
        """How long it took, and the remark."""
        took = duration((self.end - self.start).total_seconds())
        return f"{took} · {self.note}" if self.note else took


def timeline(lanes: Sequence[Lane], says: str) -> Markup:
    """Draw lanes in the order given, from the earliest start to the latest end."""
    zero = min(lane.start for lane in lanes)
    whole = max(LEAST, *((lane.end - zero).total_seconds() for lane in lanes))
    form, unit = ("%-M:%S", "minutes") if whole < HOUR else ("%-H:%M:%S", "hours, minutes")
    labels, kinds = json.dumps([lane.label for lane in lanes]), [kind for kind in COLOURS if _has(lanes, kind)]
    lane = alt.Y("number:O", title=None, axis=alt.Axis(labelExpr=f"{labels}[datum.value]"))
    axis = alt.Axis(orient="top", format=form, tickCount=8, labelFlush=False, labelColor=SOFT)
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[COLOURS[kind] for kind in kinds]),
        legend=alt.Legend() if len(kinds) > 1 else None,
    )
    scale = alt.Scale(type="utc", domain=[0, 1_000 * whole], nice=False)
    base = alt.Chart(alt.InlineData(values=[_row(*each, zero, whole) for each in enumerate(lanes)])).encode(y=lane)
    bars = base.mark_bar(cornerRadius=3, height=14).encode(
        x=alt.X("start:T", scale=scale, axis=axis, title=f"{unit} and seconds since the start"),
        x2="end:T",
        color=colour,
        description="says:N",
    )
    words = base.mark_text(align="left", dx=6, aria=False).encode(x="end:T", text="said:N")
    return drawn((bars + words).properties(width=WIDTH, height=alt.Step(24)), says)


def step_lanes(report: DemoReport) -> list[Lane]:
    """The steps of the demo, each with its share of the whole time."""
    whole = max(report.seconds, 0.001)
    return [Lane(step.name, step.start, step.end, note=_share(step.seconds / whole)) for step in report.steps]


def run_lanes(run: Run) -> list[Lane]:
    """Each run of a batch, followed by the tables it refreshed."""
    return [lane for batch in run.batches for lane in (_batch_lane(batch), *_table_lanes(run, batch))]


def _has(lanes: Sequence[Lane], kind: str) -> bool:
    return any(lane.kind == kind for lane in lanes)


def _row(number: int, lane: Lane, zero: datetime, whole: float) -> dict[str, float | str]:
    """Times are milliseconds after the earliest start."""
    start, end = ((moment - zero).total_seconds() for moment in (lane.start, lane.end))
    end = max(end, start + SHORTEST * whole)
    said = {"kind": lane.kind, "said": lane.said, "says": f"{lane.label}: {lane.said}"}
    return {"number": number, "start": 1_000 * start, "end": 1_000 * end, **said}


def _share(part: float) -> str:
    said = f"{part:.0%}"
    return "< 1%" if said == "0%" else said


def _batch_lane(batch: BatchRun) -> Lane:
    kind = "run" if batch.has_succeeded else "failed"
    label = f"Batch {batch.batch} on {batch.engine}"
    return Lane(label, batch.start, batch.end, kind, f"{batch.run_id[:11]} {batch.state.lower()}")


def _table_lanes(run: Run, batch: BatchRun) -> Iterator[Lane]:
    return (Lane(table.table, table.start, table.end, "table", _work(table)) for table in run.tables_of(batch))


def _work(table: TableRefresh) -> str:
    if table.left_because:
        return "left to Spark"
    return f"{counted(table.rows, 'row')} · {counted(table.files, 'file')}"
