"""Times as bars below each other on one axis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rehearsal.report.lanes import AXIS_HEIGHT, BAR_HEIGHT, FONT, GAP, LANE_HEIGHT, InLane
from rehearsal.report.model import DemoReport, GlueRun, Run, TableRefresh
from rehearsal.report.scales import Scale, Tick, counted, duration, text_width, time_ticks

WIDTH = 1080


@dataclass(frozen=True, slots=True)
class Lane:
    """One bar to draw: what it is, when it was, and a remark for the right margin."""

    label: str
    start: datetime
    end: datetime
    kind: Literal["step", "batch", "table", "failed"] = "step"
    note: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Bar(InLane):
    """Where a lane's bar and its words are drawn."""

    lane: Lane
    top: float
    x: float
    width: float
    text: str
    text_x: float
    text_anchor: Literal["start", "end"]
    is_text_inside: bool


@dataclass(frozen=True, slots=True)
class Gantt:
    """A finished drawing."""

    width: float
    height: float
    left: float
    right: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    bar_height: float = BAR_HEIGHT
    lane_height: float = LANE_HEIGHT
    axis_height: float = AXIS_HEIGHT


def gantt(lanes: Sequence[Lane]) -> Gantt:
    """Lay lanes out from the earliest start to the latest end; margins are as wide as their longest text."""
    zero = min(lane.start for lane in lanes)
    last = max((lane.end - zero).total_seconds() for lane in lanes)
    left = max(text_width(lane.label, FONT) for lane in lanes) + 2 * GAP
    right = WIDTH - max(text_width(lane.note, FONT) for lane in lanes) - 2 * GAP
    scale = Scale(maximum=max(last, 0.1), left=left, right=right)
    bars = tuple(_bar(lane, number, scale, zero) for number, lane in enumerate(lanes))
    return Gantt(WIDTH, AXIS_HEIGHT + len(lanes) * LANE_HEIGHT, left, right, bars, time_ticks(scale))


def step_lanes(report: DemoReport) -> list[Lane]:
    """The steps of the demo, each with its share of the whole time."""
    whole = max(report.seconds, 0.001)
    return [Lane(step.name, step.start, step.end, note=_share(step.seconds / whole)) for step in report.steps]


def run_lanes(run: Run) -> list[Lane]:
    """Each Glue run, followed by the tables it refreshed."""
    return [lane for batch in run.batches for lane in (_batch_lane(batch), *_table_lanes(run, batch))]


def _share(part: float) -> str:
    said = f"{part:.0%}"
    return "< 1%" if said == "0%" else said


def _batch_lane(batch: GlueRun) -> Lane:
    kind: Literal["batch", "failed"] = "batch" if batch.has_succeeded else "failed"
    return Lane(f"Batch {batch.batch}", batch.start, batch.end, kind, f"{batch.run_id[:11]} {batch.state.lower()}")


def _table_lanes(run: Run, batch: GlueRun) -> Iterator[Lane]:
    tables = (table for table in run.tables if table.batch == batch.batch)
    return (Lane(t.table, t.start, t.end, "table", _work(t)) for t in sorted(tables, key=lambda table: table.start))


def _work(table: TableRefresh) -> str:
    return f"{counted(table.rows, 'row')} · {counted(table.files, 'file')}"


def _bar(lane: Lane, number: int, scale: Scale, zero: datetime) -> Bar:
    """The duration stands right of its bar, else in it, else left of it: never over another text."""
    x = scale.at((lane.start - zero).total_seconds())
    width = max(scale.length(lane.seconds), 2)
    text = duration(lane.seconds)
    needed = text_width(text, FONT) + 2 * GAP
    has_room_right = x + width + needed <= scale.right
    is_inside = not has_room_right and width >= needed
    text_x = x + width + GAP if has_room_right else x + width - GAP if is_inside else x - GAP
    top = AXIS_HEIGHT + number * LANE_HEIGHT
    return Bar(lane, top, x, width, text, text_x, "start" if has_room_right else "end", is_inside)
