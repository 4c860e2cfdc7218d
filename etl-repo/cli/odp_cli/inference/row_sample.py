"""Reads a bounded number of rows: runs of neighbours, spread from the first row group to the last.

Runs, because duplicates of a key that is none lie side by side more often than far apart (lines of an order); spread,
because one corner of a table is not the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import ColumnProfile
from odp_cli.inference.footers import UNREADABLE, Footer, Footers, UnreadableFile, unreadable
from odp_cli.inference.landed_objects import ObjectSource
from odp_cli.inference.settings import ProfileSettings
from odp_cli.inference.spread import spread

_SAMPLED_KINDS = {
    *(ColumnKind.WHOLE_NUMBER, ColumnKind.DECIMAL, ColumnKind.TEXT),
    *(ColumnKind.BOOLEAN, ColumnKind.DATE, ColumnKind.TIMESTAMP, ColumnKind.EMPTY),
}
MOST_BYTES_OF_A_VALUE = 256
"""A longer text (a LOB) identifies, partitions and orders nothing, but fills the memory."""
# what a value takes in memory; dictionaries make it look smaller in the file
_LEAST_BYTES_OF_A_VALUE = 16
_LEAST_RUNS = 16
_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class RowSample:
    """Sampled rows of the full load or of the changes, in the order in which DMS wrote them."""

    rows: pa.Table
    of_rows: int
    """How many rows the files hold."""

    @property
    def count(self) -> int:
        """How many rows were sampled."""
        return int(self.rows.num_rows)

    def column(self, name: str) -> pa.Array | None:
        """Return the values of a column; None when no file has it."""
        if name not in self.rows.column_names:
            return None
        return self.rows.column(name).combine_chunks()


@dataclass(frozen=True, slots=True)
class _Run:
    footer: Footer
    group: int
    rows: int


def is_sampled(column: ColumnProfile) -> bool:
    """Whether the values of a column can matter: simple, not floating, not long, and with a name of its own."""
    return column.kind in _SAMPLED_KINDS and column.average_bytes <= MOST_BYTES_OF_A_VALUE and column.is_nameable


def sample_rows(
    footers: Footers, columns: Sequence[ColumnProfile], limit: int, source: ObjectSource, settings: ProfileSettings
) -> tuple[RowSample, tuple[UnreadableFile, ...]]:
    """Read at most `limit` rows of the columns that matter, and name the files whose rows cannot be read."""
    wanted = {column.name: column.data_type for column in columns if is_sampled(column)}
    schema = pa.schema(wanted.items())
    runs = _runs(footers, min(limit, _rows_that_fit(columns, settings)))
    with ThreadPoolExecutor(max_workers=settings.threads) as threads:
        pieces = list(threads.map(partial(_read_run, source, schema), runs))
    read = [piece for piece in pieces if isinstance(piece, pa.Table)]
    failed = {piece.key: piece for piece in pieces if isinstance(piece, UnreadableFile)}
    return RowSample(pa.concat_tables([schema.empty_table(), *read]), footers.rows), tuple(failed.values())


def _rows_that_fit(columns: Sequence[ColumnProfile], settings: ProfileSettings) -> int:
    sizes = [max(column.average_bytes, _LEAST_BYTES_OF_A_VALUE) for column in columns if is_sampled(column)]
    return max(settings.sample_bytes // max(sum(sizes), 1), 1)


def _runs(footers: Footers, limit: int) -> list[_Run]:
    """All row groups if they are few enough, else the beginnings of some, of equal length."""
    groups = [
        _Run(footer, group, footer.metadata.row_group(group).num_rows)
        for footer in footers.read
        for group in range(footer.metadata.num_row_groups)
    ]
    rows = sum(run.rows for run in groups)
    if rows <= limit:
        return groups
    average = max(rows // len(groups), 1)
    chosen = spread(groups, min(max(limit // average, _LEAST_RUNS), len(groups), limit))
    share = limit // len(chosen)
    return [_Run(run.footer, run.group, min(run.rows, share)) for run in chosen]


def _read_run(source: ObjectSource, schema: pa.Schema, run: _Run) -> pa.Table | UnreadableFile:
    present = [name for name in schema.names if name in run.footer.types]
    try:
        with (
            source.open(run.footer.file) as content,
            # pre_buffer joins the reads of neighbouring columns, which are requests to S3
            pq.ParquetFile(content, metadata=run.footer.metadata, pre_buffer=True) as parquet,
        ):
            rows = _conformed(_first_rows(parquet, run, present), schema)
            rows.validate(full=True)  # a damaged page may decode to texts that are none
            return rows
    except UNREADABLE as error:
        return unreadable(run.footer.file, error)


def _first_rows(parquet: pq.ParquetFile, run: _Run, columns: list[str]) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    missing = run.rows
    for batch in parquet.iter_batches(min(run.rows, _BATCH_ROWS) or 1, row_groups=[run.group], columns=columns):
        batches.append(batch.slice(0, missing))
        missing -= batches[-1].num_rows
        if missing <= 0:
            break
    return pa.Table.from_batches(batches) if batches else parquet.schema_arrow.empty_table().select(columns)


def _conformed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give every wanted column in the table's own type; one that the file lacks is NULL."""
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
