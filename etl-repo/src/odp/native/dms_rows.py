"""Reads a DMS file as rows of its table, piece by piece: what each row is to the table, in the columns that it has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.errors import ObjectGoneError, RejectedInputError
from lake.shown_text import shown
from lake.tables.columns import Binary, Columns, ColumnType, String, TimeOfDay
from lake.tables.iceberg_native.arrow_types import arrow_type, in_type
from odp.file_processor.apply.source_columns import NamedColumns
from odp.native.dms_columns import Footer, read_footer
from odp.native.last_rows import ROW
from odp.native.value_texts import texts
from odp.records import DELETE, INSERT, OPERATION, UPDATE, LandedFile

OpenFile = Callable[[LandedFile], Any]
"""Opens a landed file for reading at any position."""
OLD_KEY = "_odp_old_"
_OF_LOAD = (
    f"in the column {OPERATION!r}, which is DMS's and I in every row of a full load; set IncludeOpForFullLoad to true "
    "on the DMS endpoint, and rename a source column of this name by a transformation rule (rename-column)"
)
_OF_CHANGE = (
    f"in the column {OPERATION!r}, which is DMS's I, U or D in files of changes; let the DMS task rename a source "
    "column of this name by a transformation rule (rename-column)"
)
_OF_IMAGE = (
    "which is named as a before-image of DMS (add-before-image-columns), though DMS has none of a new row; let the DMS "
    "task rename a source column of this name by a transformation rule (rename-column)"
)


def read_footers(files: Sequence[LandedFile], open_file: OpenFile) -> dict[str, Footer]:
    """Give the footer of each file by its id; raises RejectedInputError for a file that is not Parquet."""
    footers: dict[str, Footer] = {}
    for file in files:
        with closing(_opened(file, open_file)) as source:
            footers[file.file_id] = read_footer(_parquet(file, source))
    return footers


@dataclass(frozen=True, slots=True)
class DmsRows:
    """The rows of one file in the columns of its table; `primary_key` has the table's names."""

    file: LandedFile
    named: NamedColumns
    columns: Columns
    primary_key: Sequence[str]
    open_file: OpenFile

    def read(self, wanted: Collection[str] | None = None) -> Iterator[pa.Table]:
        """Give the rows with operation and number; the update of a key is two rows of one number, first the delete.

        Raises:
            RejectedInputError: a row has an operation that DMS does not write, or the file is damaged.
        """
        names = [name for name in self.columns if wanted is None or name in wanted or name == OPERATION]
        images = self._images_of_keys()
        sources = {self.named.sources[name] for name in (*names, *self.primary_key) if name in self.named.sources}
        sources |= {image for image, _ in self.named.before_images.values()}
        with closing(_opened(self.file, self.open_file)) as source:
            parquet, row = _parquet(self.file, source), 0
            for rows in self._groups(parquet, [name for name in parquet.schema_arrow.names if name in sources]):
                values = {name: self._value(rows, name) for name in names}
                values[OPERATION] = self._operation(rows)
                values[ROW] = pa.arange(row, row + rows.num_rows)
                row += rows.num_rows
                yield self._with_old_keys(pa.table(values), rows, images)

    def _groups(self, parquet: pq.ParquetFile, columns: list[str]) -> Iterator[pa.Table]:
        """Give the row groups; a file without one has columns, but no row."""
        if not parquet.num_row_groups:
            yield parquet.schema_arrow.empty_table()
        for group in range(parquet.num_row_groups):
            yield self._group(parquet, group, columns)

    def _group(self, parquet: pq.ParquetFile, group: int, columns: list[str]) -> pa.Table:
        if not columns:
            return pa.table({"": pa.nulls(parquet.metadata.row_group(group).num_rows)})
        try:
            return parquet.read_row_group(group, columns=columns, use_threads=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            message = (
                f"{shown(self.file.uri)} is damaged, so its rows cannot be read; odp skip the file and load the table "
                "again"
            )
            raise RejectedInputError(message) from error

    def _value(self, rows: pa.Table, name: str) -> pa.ChunkedArray:
        if name not in self.named.types:
            return pa.nulls(rows.num_rows, arrow_type(self.columns[name]))
        return _converted(rows[self.named.sources[name]], self.named.types[name], self.columns[name])

    def _operation(self, rows: pa.Table) -> pa.Array:
        source = self.named.sources.get(OPERATION)
        if source is None:
            return pa.repeat(pa.scalar(INSERT), rows.num_rows)
        operation = _as_text(self.named.types[OPERATION], rows[source])
        known = (INSERT,) if self.file.is_load else (INSERT, UPDATE, DELETE)
        self._refuse(
            pc.invert(pc.is_in(operation, pa.array(known))), operation, _OF_LOAD if self.file.is_load else _OF_CHANGE
        )
        for image, _ in self.named.before_images.values():
            is_own = pc.and_(pc.equal(operation, INSERT), pc.is_valid(rows[image]))
            if pc.any(is_own).as_py():
                message = f"{self.file.name} has an inserted row with a value in the column {image} {_OF_IMAGE}"
                raise RejectedInputError(message)
        return operation

    def _refuse(self, is_wrong: pa.Array, operation: pa.Array, advice: str) -> None:
        wrong = operation.filter(is_wrong)
        if len(wrong):
            value = wrong[0].as_py()
            said = "NULL" if value is None else f"'{value}'"
            message = f"{self.file.name} has a row with {said} {advice}"
            raise RejectedInputError(message)

    def _images_of_keys(self) -> Mapping[str, tuple[str, ColumnType]]:
        return {key: self.named.before_images[key] for key in self.primary_key if key in self.named.before_images}

    def _with_old_keys(
        self, values: pa.Table, rows: pa.Table, images: Mapping[str, tuple[str, ColumnType]]
    ) -> pa.Table:
        """Split an update that changed the key: the old key is deleted, the new one upserted, at one position."""
        if not images:
            return values
        old = {key: _converted(rows[image], type_, self.columns[key]) for key, (image, type_) in images.items()}
        is_other = None
        for key, column in old.items():
            differs = pc.and_(pc.is_valid(column), pc.fill_null(pc.not_equal(column, self._value(rows, key)), True))
            is_other = differs if is_other is None else pc.or_(is_other, differs)
        moved = pc.and_(pc.equal(values[OPERATION], UPDATE), is_other)
        if not pc.any(moved).as_py():
            return values
        deletes = values.filter(moved)
        for name in values.column_names:
            at = values.column_names.index(name)
            if name in old:
                deletes = deletes.set_column(at, name, pc.coalesce(old[name].filter(moved), deletes[name]))
        at = values.column_names.index(OPERATION)
        deletes = deletes.set_column(at, OPERATION, pa.repeat(pa.scalar(DELETE), deletes.num_rows))
        positions = pa.array(range(values.num_rows), pa.int64())
        order = pc.sort_indices(pa.concat_arrays([positions.filter(moved.combine_chunks()), positions]))
        return pa.concat_tables([deletes, values]).take(order)


def _converted(column: pa.ChunkedArray, old: ColumnType, new: ColumnType) -> pa.ChunkedArray:
    if isinstance(old, TimeOfDay) or (isinstance(new, String) and not isinstance(old, String)):
        return _as_text(old, column)
    return in_type(column, arrow_type(new))


def _as_text(type_: ColumnType, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write values as Spark's cast does, which takes bytes for a text; only keys have the digits of bytes."""
    return pc.cast(pc.cast(column, pa.binary()), pa.string()) if isinstance(type_, Binary) else texts(type_, column)


def _opened(file: LandedFile, open_file: OpenFile) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        return open_file(file)
    except FileNotFoundError as error:
        message = f"{file.uri} was deleted after the refresh was planned; the next refresh notices it"
        raise ObjectGoneError(message) from error


def _parquet(file: LandedFile, source: Any) -> pq.ParquetFile:  # noqa: ANN401
    try:
        return pq.ParquetFile(source, pre_buffer=True, coerce_int96_timestamp_unit="us")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = (
            f"{shown(file.uri)} is not a Parquet file, or damaged, or has a column of a type that is too new: let DMS "
            "write Parquet, then odp skip the file and load the table again"
        )
        raise RejectedInputError(message) from error
