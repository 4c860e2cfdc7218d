"""Makes of a refresh's files the final rows that a table format writes: one of each record key.

Files are read twice, piece by piece: first their keys and positions, then the rows that are the last of their keys. So
memory depends on keys, and not on rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lake.tables.columns import Columns
from lake.tables.iceberg_native.arrow_types import arrow_type
from odp.file_processor.apply import commit_proof
from odp.file_processor.apply.source_columns import NamedColumns
from odp.file_processor.apply.technical_columns import KEY, VERSION, technical_columns
from odp.native.dms_rows import DmsRows, OpenFile
from odp.native.last_rows import FILE, IS_CHANGE, IS_INSERT, ROW, SEQUENCE, LastRows, last_rows, valid_sequences
from odp.native.value_texts import key_texts
from odp.records import DELETE, INSERT, OPERATION, LandedFile, RawTableConfig

_ROW_DIGITS = 10


def schema_of(config: RawTableConfig, columns: Columns) -> pa.Schema:
    """Return the columns of a table's rows, with the technical ones."""
    types = [(name, arrow_type(type_)) for name, type_ in columns.items()]
    return pa.schema([*types, *((name, pa.string()) for name in technical_columns(config))])


class FinalRows:
    """The final rows of one refresh of a table with these columns, whose configuration has the table's own names."""

    def __init__(
        self,
        config: RawTableConfig,
        columns: Columns,
        files: Sequence[LandedFile],
        named: Mapping[str, NamedColumns],
        open_file: OpenFile,
        load_version: str = "",
    ) -> None:
        self._config = config
        self._columns = columns
        self._files = sorted(files, key=lambda file: (not file.is_load, file.name, file.uri))
        self._readers = [
            DmsRows(file, named[file.file_id], columns, config.primary_key, open_file) for file in self._files
        ]
        self._load_version = load_version
        self._technical = technical_columns(config)
        names = [(file.is_load, file.name) for file in self._files]
        self._numbers = [names.index(name) for name in names]
        self._last = self._find_last()

    @property
    def schema(self) -> pa.Schema:
        """Give the columns of the rows, with the technical ones."""
        return schema_of(self._config, self._columns)

    def read(self, *, with_deletes: bool = True) -> Iterator[pa.Table]:
        """Give the rows in pieces, in the order of the source."""
        yield self.schema.empty_table()
        start = 0
        for number, reader in enumerate(self._readers):
            for piece in reader.read():
                placed = self._placed(piece, number)
                places = self._last.within(start, piece.num_rows)
                start += piece.num_rows
                last = placed.take(places).select(self.schema.names)
                yield last if with_deletes else last.filter(pc.not_equal(last[OPERATION], DELETE))

    def counts(self) -> commit_proof.FinalRows:
        """Count the final rows, without reading the files again."""
        return commit_proof.FinalRows(len(self._last.places), self._inserted)

    def _find_last(self) -> LastRows:
        by = [*self._config.primary_key, *([VERSION] if VERSION in self._technical else [])]
        wanted = {*self._config.primary_key, *filter(None, [self._config.change_sequence])}
        pieces = []
        for number, reader in enumerate(self._readers):
            for piece in reader.read(wanted):
                placed = self._placed(piece, number, with_key=False)
                pieces.append(placed.select([*by, IS_CHANGE, SEQUENCE, FILE, ROW, IS_INSERT, OPERATION]))
        keys = pa.concat_tables(pieces)
        has_twins = len(set(self._numbers)) < len(self._numbers)
        has_sequence = bool(self._config.change_sequence) and not all(file.is_load for file in self._files)
        found = last_rows(keys, by, has_sequence=has_sequence, has_twins=has_twins)
        stays = pc.not_equal(keys[OPERATION].take(found.places), DELETE)
        self._inserted = pc.sum(pc.and_(found.is_inserted, stays)).as_py() or 0
        return found

    def _placed(self, rows: pa.Table, number: int, *, with_key: bool = True) -> pa.Table:
        """Add positions, versions and record keys to one piece of a file, whose rows have their numbers."""
        file = self._files[number]
        columns = {
            IS_CHANGE: pa.repeat(pa.scalar(not file.is_load), rows.num_rows),
            SEQUENCE: self._sequence(rows, file),
            FILE: pa.repeat(pa.scalar(self._numbers[number]), rows.num_rows),
            IS_INSERT: pc.equal(rows[OPERATION], INSERT),
        }
        for name, column in columns.items():
            rows = rows.append_column(name, column)
        if VERSION in self._technical:
            rows = rows.append_column(VERSION, self._versions(rows, file))
        if KEY in self._technical and with_key:
            rows = rows.append_column(KEY, self._record_keys(rows))
        return rows

    def _sequence(self, rows: pa.Table, file: LandedFile) -> pa.Array | pa.ChunkedArray:
        name = self._config.change_sequence or ""
        if file.is_load or name not in rows.column_names or not pa.types.is_string(rows[name].type):
            return pa.nulls(rows.num_rows, pa.string())
        return valid_sequences(rows[name])

    def _versions(self, rows: pa.Table, file: LandedFile) -> pa.Array | pa.ChunkedArray:
        """Give texts in which later versions of a key are greater."""
        if file.is_load:
            return pa.repeat(pa.scalar(self._load_version), rows.num_rows)
        row = pc.utf8_lpad(pc.cast(rows[ROW], pa.string()), _ROW_DIGITS, padding="0")
        return pc.coalesce(rows[SEQUENCE], pc.binary_join_element_wise(file.name, row, "#"))

    def _record_keys(self, rows: pa.Table) -> pa.Array:
        text = key_texts([(self._columns[name], rows[name]) for name in self._config.primary_key])
        return pc.binary_join_element_wise(text, rows[VERSION], ",") if VERSION in self._technical else text
