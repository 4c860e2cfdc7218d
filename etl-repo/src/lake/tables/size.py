"""How large a table is, as its commits say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableSize:
    """The rows of a table after a commit, and the bytes and number of its data files."""

    rows: int
    bytes: int
    files: int
