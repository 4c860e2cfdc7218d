"""A heat map: rows by columns, each cell as strong as its value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rehearsal.report.lanes import AXIS_HEIGHT, FONT, GAP
from rehearsal.report.scales import text_width

WIDTH = 1_080
ROW_HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: where it stands, and its share of the largest."""

    row: str
    column: str
    value: float
    x: float
    y: float
    strength: float


@dataclass(frozen=True, slots=True)
class Label:
    """A row's or a column's name."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A finished drawing."""

    width: float
    height: float
    cell_width: float
    cell_height: float
    cells: tuple[Cell, ...]
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]


def heat_map(values: Mapping[tuple[str, str], float], rows: Sequence[str], columns: Sequence[str]) -> HeatMap:
    """Lay out a cell for each row and column in the order given; what has no value is empty."""
    left = max((text_width(name, FONT) for name in rows), default=0) + 2 * GAP
    cell_width = (WIDTH - left) / max(len(columns), 1)
    most = max(values.values(), default=0) or 1
    cells = tuple(
        Cell(row, column, value, left + place * cell_width, AXIS_HEIGHT + line * ROW_HEIGHT, value / most)
        for line, row in enumerate(rows)
        for place, column in enumerate(columns)
        if (value := values.get((row, column), 0.0))
    )
    row_labels = tuple(
        Label(row, left - 2 * GAP, AXIS_HEIGHT + (line + 0.5) * ROW_HEIGHT + FONT * 0.35)
        for line, row in enumerate(rows)
    )
    column_labels = tuple(
        Label(column, left + (place + 0.5) * cell_width, AXIS_HEIGHT - GAP) for place, column in enumerate(columns)
    )
    height = AXIS_HEIGHT + len(rows) * ROW_HEIGHT
    return HeatMap(WIDTH, height, cell_width, ROW_HEIGHT, cells, row_labels, column_labels)
