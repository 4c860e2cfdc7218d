"""The types of a table's columns: classes with one text form, and one rule by which a type may become wider."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import singledispatch
from typing import Literal


class ColumnType(ABC):
    """The type of a column; its text is what messages show, what is stored, and Spark's own word for it."""

    __slots__ = ()

    @abstractmethod
    def __str__(self) -> str:
        """Give the type's one text form, which `column_type` reads."""


@dataclass(frozen=True, slots=True)
class Boolean(ColumnType):
    """True or false."""

    def __str__(self) -> str:
        return "boolean"


@dataclass(frozen=True, slots=True)
class Integer(ColumnType):
    """A signed whole number of 32 or 64 bits."""

    bits: Literal[32, 64]

    def __str__(self) -> str:
        return "int" if self.bits == 32 else "bigint"  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Float(ColumnType):
    """A binary floating-point number of 32 bits."""

    def __str__(self) -> str:
        return "float"


@dataclass(frozen=True, slots=True)
class Double(ColumnType):
    """A binary floating-point number of 64 bits."""

    def __str__(self) -> str:
        return "double"


@dataclass(frozen=True, slots=True)
class Decimal(ColumnType):
    """A number of so many decimal digits, `scale` of them after the point."""

    precision: int
    scale: int

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})"


@dataclass(frozen=True, slots=True)
class String(ColumnType):
    """A text of any length."""

    def __str__(self) -> str:
        return "string"


@dataclass(frozen=True, slots=True)
class Binary(ColumnType):
    """Bytes of any length."""

    def __str__(self) -> str:
        return "binary"


@dataclass(frozen=True, slots=True)
class Date(ColumnType):
    """A day."""

    def __str__(self) -> str:
        return "date"


@dataclass(frozen=True, slots=True)
class Timestamp(ColumnType):
    """An instant to the microsecond."""

    def __str__(self) -> str:
        return "timestamp"


@dataclass(frozen=True, slots=True)
class TimeOfDay(ColumnType):
    """A time of day as a file has it; tables keep it as text."""

    unit: Literal["millis", "micros"]

    def __str__(self) -> str:
        return f"time({self.unit})"


@dataclass(frozen=True, slots=True)
class Unsupported(ColumnType):
    """A type that no table can hold, as the file's format writes it."""

    what: str

    def __str__(self) -> str:
        return f"unsupported: {self.what}"


Columns = Mapping[str, ColumnType]
"""The type of each column, in the table's order."""

INT, BIGINT = Integer(32), Integer(64)
UNSIGNED_64 = Decimal(20, 0)
"""What tables keep an unsigned integer of 64 bits as."""

_TYPES: tuple[ColumnType, ...] = (
    Boolean(),
    INT,
    BIGINT,
    Float(),
    Double(),
    String(),
    Binary(),
    Date(),
    Timestamp(),
    TimeOfDay("millis"),
    TimeOfDay("micros"),
)
_BY_TEXT = {str(type_): type_ for type_ in _TYPES}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_UNSUPPORTED = str(Unsupported(""))


def column_type(text: str) -> ColumnType:
    """Read a type from its text form; raises ValueError for any other text."""
    if found := _DECIMAL.fullmatch(text):
        return Decimal(int(found[1]), int(found[2]))
    if text.startswith(_UNSUPPORTED):
        return Unsupported(text.removeprefix(_UNSUPPORTED))
    if text not in _BY_TEXT:
        message = f"{text!r} is no type of a column ({', '.join(_BY_TEXT)}, decimal(p,s))"
        raise ValueError(message)
    return _BY_TEXT[text]


def stored_type(type_: ColumnType) -> ColumnType:
    """Give the type that a table has for a type of a file: tables know no time of day, so it is kept as text."""
    return String() if isinstance(type_, TimeOfDay) else type_


class Promotion(Enum):
    """The ways in which a type becomes a wider one that holds every value of it."""

    INT_TO_BIGINT = auto()
    INTEGER_TO_UNSIGNED = auto()
    FLOAT_TO_DOUBLE = auto()
    DECIMAL_PRECISION = auto()
    """More digits before the point, as many after it."""
    DECIMAL_SCALE = auto()
    """More digits after the point, and no fewer before it."""


@singledispatch
def promote(old: ColumnType, new: ColumnType) -> Promotion | None:  # noqa: ARG001 - by the classes registered below
    """Tell by which promotion a type becomes another; None if the other does not hold every value, or is the same."""
    return None


@promote.register
def _(old: Integer, new: ColumnType) -> Promotion | None:
    if new == UNSIGNED_64:
        return Promotion.INTEGER_TO_UNSIGNED
    return Promotion.INT_TO_BIGINT if (old, new) == (INT, BIGINT) else None


@promote.register
def _(old: Float, new: ColumnType) -> Promotion | None:  # noqa: ARG001
    return Promotion.FLOAT_TO_DOUBLE if isinstance(new, Double) else None


@promote.register
def _(old: Decimal, new: ColumnType) -> Promotion | None:
    if not isinstance(new, Decimal) or old == new:
        return None
    if new.scale < old.scale or new.precision - new.scale < old.precision - old.scale:
        return None
    return Promotion.DECIMAL_PRECISION if new.scale == old.scale else Promotion.DECIMAL_SCALE
