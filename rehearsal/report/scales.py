"""Positions, ticks and words for numbers on an axis."""

import math
from collections.abc import Callable
from dataclasses import dataclass

SECOND_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
MINUTE = 60
TENTHS_BELOW = 9.95
CHARACTER_WIDTH = 0.64
"""Mean width of a character of the page's font, as a share of its size; measured, a little on the wide side."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from 0 … maximum to left … right."""

    maximum: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """The position of a value."""
        return self.left + self.length(value)

    def length(self, value: float) -> float:
        """How long a bar of this value is."""
        return (self.right - self.left) * value / self.maximum


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line and its label."""

    x: float
    label: str


def time_ticks(scale: Scale, most: int = 9) -> tuple[Tick, ...]:
    """Ticks at round times."""
    step = next((step for step in SECOND_STEPS if scale.maximum / step <= most), scale.maximum)
    return _ticks(scale, step, lambda value: duration(value).replace(".0 s", " s"))


def count_ticks(scale: Scale, most: int = 5) -> tuple[Tick, ...]:
    """Ticks at 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(scale.maximum / most)) if scale.maximum >= most else 1
    step = next(power * factor for factor in (1, 2, 5, 10) if scale.maximum / (power * factor) <= most)
    return _ticks(scale, step, lambda value: f"{value:,.0f}")


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


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 file, 2 files."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def text_width(text: str, size: float) -> float:
    """Roughly how wide a text is drawn, to decide whether it fits."""
    return len(text) * size * CHARACTER_WIDTH


def _ticks(scale: Scale, step: float, label: Callable[[float], str]) -> tuple[Tick, ...]:
    values = (number * step for number in range(math.floor(scale.maximum / step + 1e-9) + 1))
    return tuple(Tick(scale.at(value), label(value)) for value in values)
