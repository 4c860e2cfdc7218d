"""Reads Parquet footers: schema, row counts and NULLs of whole files for some kilobytes each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from odp_cli.inference.column_types import plain_type
from odp_cli.inference.errors import ObjectUnreadableError
from odp_cli.inference.landed_objects import LandedObject, ObjectSource
from odp_cli.inference.settings import ProfileSettings
from odp_cli.inference.spread import spread

UNREADABLE = (pa.ArrowException, ObjectUnreadableError, OSError, ValueError)
"""What a file that is no Parquet, damaged or gone makes pyarrow or the source raise."""


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that was left out, with the reason."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Footer:
    """The footer of one file."""

    file: LandedObject
    names: tuple[str, ...]
    """Every column as it is written, so that a name that occurs twice does so here."""
    types: Mapping[str, pa.DataType]
    nulls: Mapping[str, int | None]
    """By column; None where the writer kept no statistics or the column is nested."""
    bytes: Mapping[str, int]
    """How much the values of a column take before compression."""
    metadata: pq.FileMetaData

    @property
    def rows(self) -> int:
        """How many rows the file holds."""
        return int(self.metadata.num_rows)


@dataclass(frozen=True, slots=True)
class Footers:
    """The footers that were read of a table's full load or of its changes, and how many files there are."""

    read: tuple[Footer, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()
    of_files: int = 0
    of_bytes: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every file was looked at, so that counts are counts and no estimates."""
        return len(self.read) + len(self.unreadable) == self.of_files

    @property
    def rows(self) -> int:
        """How many rows the files hold; in proportion to their bytes where not every footer was read."""
        rows = sum(footer.rows for footer in self.read)
        read_bytes = sum(footer.file.size for footer in self.read)
        return rows if self.is_complete or not read_bytes else round(rows * self.of_bytes / read_bytes)

    def without(self, unreadable: Sequence[UnreadableFile]) -> Footers:
        """Leave files out whose rows turned out to be unreadable."""
        keys = {file.key for file in unreadable}
        read = tuple(footer for footer in self.read if footer.file.key not in keys)
        return Footers(read, (*self.unreadable, *unreadable), self.of_files, self.of_bytes)


def read_footers(files: Sequence[LandedObject], source: ObjectSource, settings: ProfileSettings) -> Footers:
    """Read the footers of all files, or of as many as the settings allow, from the first to the last."""
    with ThreadPoolExecutor(max_workers=settings.threads) as threads:
        results = list(threads.map(partial(_read_footer, source), spread(files, settings.footers)))
    return Footers(
        read=tuple(result for result in results if isinstance(result, Footer)),
        unreadable=tuple(result for result in results if isinstance(result, UnreadableFile)),
        of_files=len(files),
        of_bytes=sum(file.size for file in files),
    )


def unreadable(file: LandedObject, error: BaseException) -> UnreadableFile:
    """Name a file with the first line of what went wrong."""
    first_line, *_ = str(error).splitlines() or [type(error).__name__]
    return UnreadableFile(file.key, first_line)


def _read_footer(source: ObjectSource, file: LandedObject) -> Footer | UnreadableFile:
    try:
        with source.open(file) as content, pq.ParquetFile(content) as parquet:
            schema, metadata = parquet.schema_arrow, parquet.metadata
    except UNREADABLE as error:
        return unreadable(file, error)
    nulls, sizes = _column_totals(metadata)
    types = {field.name: plain_type(field.type) for field in schema}
    return Footer(file, tuple(schema.names), types, nulls, sizes, metadata)


def _column_totals(metadata: pq.FileMetaData) -> tuple[dict[str, int | None], dict[str, int]]:
    """Add up the row groups; a nested column has its numbers under the paths of its leaves, which nobody asks for."""
    leaves = [metadata.schema.column(position).path for position in range(metadata.num_columns)]
    nulls: dict[str, int | None] = dict.fromkeys(leaves, 0)
    sizes = dict.fromkeys(leaves, 0)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for position, leaf in enumerate(leaves):
            chunk = group.column(position)
            sizes[leaf] += chunk.total_uncompressed_size
            nulls[leaf] = _sum(nulls[leaf], chunk.statistics)
    return nulls, sizes


def _sum(nulls: int | None, statistics: pq.Statistics | None) -> int | None:
    if nulls is None or statistics is None or not statistics.has_null_count:
        return None
    return nulls + int(statistics.null_count)
