"""One change of a table as Arrow rows, and why a native writer leaves a change alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from lake.tables.change import ChangeKind, Proof
from lake.tables.columns import Columns


@dataclass(frozen=True, slots=True)
class RowChange:
    """Final rows, one of each record key, in the columns that the table has after the change.

    Rows that replace the table may come in pieces, which are read once; those of a merge are one table.
    """

    kind: ChangeKind
    rows: pa.Table | Iterable[pa.Table]
    columns: Columns
    proof: Proof
    may_match: bool = True
    """Whether the table may have a row of these keys. If not, rows are appended without a look at stored keys."""
    fence: int = 0
    """The fencing token of the writer's lease, which the commit carries; 0 if it has none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one change may cost; above it nothing is written."""

    touched_bytes: int = 2 << 30
    """Data files that are read and written again: 2 GB take one core about three minutes."""
    changed_rows: int = 1_000_000
    """Rows of a merge, which are in memory: about 0.7 kB each."""
