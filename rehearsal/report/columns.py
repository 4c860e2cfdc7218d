"""Columns: one upright bar for each name, in the order given."""

from collections.abc import Sequence
from dataclasses import dataclass

from rehearsal.report.lanes import FONT, GAP
from rehearsal.report.scales import Scale, Tick, count_ticks, text_width

WIDTH = 528
PLOT_HEIGHT = 170
LABEL_HEIGHT = 22
TOP = 12
FILLED = 0.78
"""The share of its place that a column takes."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value as a bar that stands on the base line; its label is empty where there is no room."""

    name: str
    label: str
    value: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """A finished drawing; ticks are heights above the base line."""

    width: float
    height: float
    left: float
    base: float
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]


def columns(values: Sequence[tuple[str, float]]) -> Columns:
    """Lay out a column for each value, the highest filling the space."""
    most = max((value for _, value in values), default=0) or 1
    scale = Scale(maximum=most, left=0, right=PLOT_HEIGHT)
    ticks = count_ticks(scale)
    left = max((text_width(tick.label, FONT) for tick in ticks), default=0) + GAP
    place = (WIDTH - left) / max(len(values), 1)
    every = _every_nth(values, place)
    base = TOP + PLOT_HEIGHT
    drawn = tuple(
        Column(
            name=name,
            label=name if number % every == 0 and _has_room(name, left + (number + 0.5) * place) else "",
            value=value,
            x=left + (number + (1 - FILLED) / 2) * place,
            y=base - scale.length(value),
            width=place * FILLED,
            height=scale.length(value),
        )
        for number, (name, value) in enumerate(values)
    )
    return Columns(WIDTH, base + LABEL_HEIGHT, left, base, drawn, ticks)


def _has_room(name: str, middle: float) -> bool:
    """Whether a label around this place ends inside the drawing."""
    return middle + text_width(name, FONT) / 2 <= WIDTH


def _every_nth(values: Sequence[tuple[str, float]], place: float) -> int:
    """So many labels that none touches the next."""
    widest = max((text_width(name, FONT) for name, _ in values), default=0) + GAP
    return max(1, -int(-widest // place))
