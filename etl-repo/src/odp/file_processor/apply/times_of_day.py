"""Writes times of day as text: `HH:MM:SS.ffffff` whatever the file's unit, also below zero and of 24 hours and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.tables.columns import BIGINT, INT, ColumnType, TimeOfDay

if TYPE_CHECKING:
    from pyspark.sql import Column

_MICROSECONDS = {"millis": 1000, "micros": 1}
_PHYSICAL = {"millis": INT, "micros": BIGINT}


def physical_type(type_: ColumnType) -> ColumnType:
    """Give the type in which Spark can read a column: a time of day is a number, any other is what it is."""
    return _PHYSICAL[type_.unit] if isinstance(type_, TimeOfDay) else type_


def time_text(quoted: str, type_: TimeOfDay) -> Column:
    """Write the number that a time of day is; Spark's own formats know no hour beyond 23 and would wrap it."""
    value = f"(CAST({quoted} AS BIGINT) * {_MICROSECONDS[type_.unit]})"
    size = f"abs({value})"
    text = F.format_string(
        "%s%02d:%02d:%02d.%06d",
        F.expr(f"IF({value} < 0, '-', '')"),
        F.expr(f"{size} div 3600000000"),
        F.expr(f"{size} div 60000000 % 60"),
        F.expr(f"{size} div 1000000 % 60"),
        F.expr(f"{size} % 1000000"),
    )
    return F.when(F.expr(f"{quoted} IS NOT NULL"), text)
