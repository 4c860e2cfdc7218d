"""What is known of one table when roles are sought for its columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from odp.records import DELETE, INSERT, OPERATION

from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import ColumnProfile
from odp_cli.inference.landed_tables import LandedTable
from odp_cli.inference.quantities import counted
from odp_cli.inference.row_sample import RowSample, is_sampled

FEW_ROWS = 100
"""With fewer rows, what looks like a rule may be chance."""

_CHANGE_SEQUENCE = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d\d{21}$"
"""AR_H_CHANGE_SEQ: 16 digits of time to the hundredth of a second, then a counter of 19."""
_FIRST_VALUES = 100


@dataclass(frozen=True, slots=True)
class SampledTable:
    """The columns of a table with sampled rows of its full load and of its changes."""

    table_name: str
    columns: tuple[ColumnProfile, ...]
    """All that were read and are no LOB, those that DMS adds included."""
    row_columns: tuple[ColumnProfile, ...]
    """Those that describe rows; what DMS adds describes changes."""
    loads: RowSample
    changes: RowSample
    change_files: int
    load_bytes: int

    def current_rows(self) -> RowSample:
        """Return rows in which each key should occur once: the full load, without one the rows inserted since."""
        if self.loads.of_rows:
            return self.loads
        operations = self._operations()
        if operations is None:
            return RowSample(self.changes.rows.slice(0, 0), 0)
        rows = self.changes.rows.filter(pc.equal(operations, INSERT))
        return RowSample(rows, round(self.changes.of_rows * rows.num_rows / max(self.changes.count, 1)))

    def written_changes(self) -> RowSample:
        """Return changes that carry a whole row; a delete may carry its key only."""
        operations = self._operations()
        if operations is None:
            return self.changes
        is_delete = pc.fill_null(pc.equal(operations, DELETE), fill_value=False)
        return RowSample(self.changes.rows.filter(pc.invert(is_delete)), self.changes.of_rows)

    def absence(self, column: ColumnProfile) -> str:
        """Say how many change files lack a column; nothing when each has it."""
        if not column.changes_without:
            return ""
        files = counted(self.change_files, "change file")
        return f"{column.name} is absent from {column.changes_without:,} of {files}"

    def proves_change_sequence(self, column: ColumnProfile) -> bool:
        """Whether the values alone say that this is DMS's change sequence, which full loads leave empty."""
        changes, loads = self.changes.column(column.name), self.loads.column(column.name)
        return is_change_sequence(column.kind, changes) and not has_values(column.kind, loads)

    def described_rows(self) -> str:
        """Say what `current_rows` are."""
        return "full-load rows" if self.loads.of_rows else "inserted rows of change files"

    def _operations(self) -> pa.Array | None:
        values = self.changes.column(OPERATION)
        return values if values is not None and pa.types.is_string(values.type) else None


def sampled_table(
    table: LandedTable, columns: Iterable[ColumnProfile], loads: RowSample, changes: RowSample, change_files: int
) -> SampledTable:
    """Separate the columns of the rows from the columns that DMS adds, by name and content."""
    read = tuple(column for column in columns if is_sampled(column))
    of_rows = tuple(
        column
        for column in read
        if not column.is_metadata
        and not any(is_change_sequence(column.kind, sample.column(column.name)) for sample in (loads, changes))
    )
    return SampledTable(table.table_name, read, of_rows, loads, changes, change_files, table.load_bytes)


def is_change_sequence(kind: ColumnKind, values: pa.Array | None) -> bool:
    """Whether all values that are there have the 35 digits of AR_H_CHANGE_SEQ, which begin with a time."""
    if values is None or kind is not ColumnKind.TEXT:
        return False
    present = values.filter(pc.invert(is_blank(kind, values)))
    first = present.slice(0, _FIRST_VALUES)  # refutes most texts at once
    return len(present) > 0 and all(
        pc.all(pc.match_substring_regex(part, _CHANGE_SEQUENCE)).as_py() for part in (first, present)
    )


def has_values(kind: ColumnKind, values: pa.Array | None) -> bool:
    """Whether a column was read and has a value in any row."""
    return values is not None and blanks(kind, values) < len(values)


def is_blank(kind: ColumnKind, values: pa.Array) -> pa.Array:
    """Mark NULLs, and texts without a character: neither identifies, partitions or orders."""
    if kind is not ColumnKind.TEXT:
        return pc.is_null(values)
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), fill_value=True)


def blanks(kind: ColumnKind, values: pa.Array) -> int:
    """Count NULLs and empty texts."""
    return int(pc.sum(is_blank(kind, values)).as_py() or 0)
