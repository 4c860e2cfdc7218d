"""Splits lines of CSV files into values, in linear time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column

_QUOTE, _COMMA = '"', ","
_END = "\n"
"""A character that no line contains."""
# a value and its comma; possessive quantifiers never backtrack, so the cost is linear
_VALUE = r'\G((?:[^",]++|"[^"]*+")*+),'
_QUOTED = r'(?s)^\s*"(.*)"\s*$'


def values_of(line: Column) -> Column:
    """Split a line at its commas; only lines with quotes take the slower way that respects them."""
    quoted = F.transform(F.split(_with_marked_ends(line), _END, -1), _without_quotes)
    return F.when(F.contains(line, F.lit(_QUOTE)), quoted).otherwise(F.split(line, _COMMA, -1))


def _with_marked_ends(line: Column) -> Column:
    """Replace each comma that ends a value: it has an even number of quotes behind it.

    Where a line has an odd number of quotes, no comma before the first of them ends a value.
    """
    quotes = F.octet_length(line) - F.octet_length(F.replace(line, F.lit(_QUOTE), F.lit("")))
    unpaired = F.when(quotes % 2 == 1, F.instr(line, _QUOTE)).otherwise(0)
    paired = F.regexp_replace(F.substr(line, unpaired + 1), _VALUE, f"$1{_END}")
    return F.concat(F.substr(line, F.lit(1), unpaired), paired)


def _without_quotes(value: Column) -> Column:
    unwrapped = F.replace(F.regexp_replace(value, _QUOTED, "$1"), F.lit(_QUOTE * 2), F.lit(_QUOTE))
    return F.when(F.contains(value, F.lit(_QUOTE)), unwrapped).otherwise(value)
