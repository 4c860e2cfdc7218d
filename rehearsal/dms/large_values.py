"""Limited LOB mode: a value that is larger than the limit would lose its end."""

from collections.abc import Iterable
from typing import Any

from rehearsal.dms.columns import SourceColumn


class TooLargeError(Exception):
    """DMS would cut the value off."""


def check_size(column: SourceColumn, values: Iterable[Any], most: int) -> None:
    """Refuse a value of more bytes than the limit; only types of more than 64 KB have one."""
    if not column.is_large:
        return
    for value in values:
        size = 0 if value is None else len(value.encode() if isinstance(value, str) else value)
        if size > most:
            raise TooLargeError(f"column {column.name} has a value of {size} bytes, but LobMaxSize is {most} bytes")
