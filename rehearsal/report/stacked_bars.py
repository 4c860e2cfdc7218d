"""Rows by operation: one horizontal bar a table, its inserts, updates and deletes end to end."""

from collections.abc import Sequence
from dataclasses import dataclass

from rehearsal.report.lanes import AXIS_HEIGHT, BAR_HEIGHT, FONT, GAP, LANE_HEIGHT, InLane
from rehearsal.report.model import TableRefresh, natural_order
from rehearsal.report.scales import Scale, Tick, count_ticks, text_width

WIDTH = 528
OPERATIONS = ("inserted", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a bar that one operation takes."""

    operation: str
    rows: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class StackedBar(InLane):
    """One table's bar."""

    table: str
    total: int
    top: float
    segments: tuple[Segment, ...]
    end: float


@dataclass(frozen=True, slots=True)
class StackedBars:
    """A finished drawing."""

    width: float
    height: float
    left: float
    right: float
    bars: tuple[StackedBar, ...]
    ticks: tuple[Tick, ...]
    bar_height: float = BAR_HEIGHT
    axis_height: float = AXIS_HEIGHT


def stacked_bars(tables: Sequence[TableRefresh]) -> StackedBars:
    """Lay out one bar a table, in natural order, the longest filling the space."""
    by_name = {table.table: table for table in tables}
    left = max((text_width(name, FONT) for name in by_name), default=0) + 2 * GAP
    most = max((table.rows for table in tables), default=0)
    scale = Scale(maximum=max(most, 1), left=left, right=WIDTH - text_width(f"{most:,}", FONT) - 2 * GAP)
    bars = tuple(_bar(by_name[name], number, scale) for number, name in enumerate(natural_order(by_name)))
    height = AXIS_HEIGHT + len(bars) * LANE_HEIGHT
    return StackedBars(WIDTH, height, scale.left, scale.right, bars, count_ticks(scale))


def _bar(table: TableRefresh, number: int, scale: Scale) -> StackedBar:
    segments, x = [], scale.left
    for operation in OPERATIONS:
        rows = getattr(table, operation)
        segments.append(Segment(operation, rows, x, scale.length(rows)))
        x += scale.length(rows)
    top = AXIS_HEIGHT + number * LANE_HEIGHT
    return StackedBar(table.table, table.rows, top, tuple(s for s in segments if s.rows), x)
