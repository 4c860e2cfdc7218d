"""Profiles one table: what its files say of schema, keys, partitions and order, and how much of them was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from odp.records import OPERATION

from odp_cli.inference.column_names import NAMEABLE
from odp_cli.inference.columns import ColumnProfile, SchemaDifference, column_profiles, schema_differences
from odp_cli.inference.errors import InferenceError
from odp_cli.inference.findings import Finding
from odp_cli.inference.footers import Footers, UnreadableFile, read_footers
from odp_cli.inference.landed_objects import ObjectSource
from odp_cli.inference.landed_tables import LandedTable
from odp_cli.inference.ordering import ordering
from odp_cli.inference.partition_key import partition_key
from odp_cli.inference.primary_key import primary_key
from odp_cli.inference.quantities import counted
from odp_cli.inference.row_sample import RowSample, sample_rows
from odp_cli.inference.sampled_table import sampled_table
from odp_cli.inference.settings import ProfileSettings


@dataclass(frozen=True, slots=True)
class ReadExtent:
    """How much of the full load, or of the changes, the evidence rests on."""

    files: int
    footers: int
    rows: int
    """By the footers; an estimate where `is_estimate`."""
    is_estimate: bool
    sampled_rows: int


@dataclass(frozen=True, slots=True)
class TableProfile:
    """What was found of one table."""

    table: LandedTable
    loads: ReadExtent
    changes: ReadExtent
    columns: tuple[ColumnProfile, ...]
    differences: tuple[SchemaDifference, ...]
    unreadable: tuple[UnreadableFile, ...]
    primary_key: Finding
    partition_key: Finding
    ordering: Finding
    notes: tuple[str, ...]
    """What a person must know before the table can be configured."""

    @property
    def source_table_name(self) -> str:
        """The name that manifests use."""
        return self.table.source_table_name


def profile_each(
    tables: Iterable[LandedTable], source: ObjectSource, settings: ProfileSettings | None = None
) -> list[TableProfile]:
    """Profile tables; one in which something goes wrong is told with the reason and leaves the others.

    Raises:
        InferenceError: the source as a whole cannot be read.
    """
    return [_profile_or_trouble(table, source, settings) for table in tables]


def _profile_or_trouble(table: LandedTable, source: ObjectSource, settings: ProfileSettings | None) -> TableProfile:
    try:
        return profile(table, source, settings)
    except InferenceError:
        raise
    except Exception as trouble:  # noqa: BLE001 - whatever it is, it is this table's, and the person is told
        return unprofiled(table, trouble)


def profile(table: LandedTable, source: ObjectSource, settings: ProfileSettings | None = None) -> TableProfile:
    """Read footers and sampled rows of one table and find its keys; a damaged file is named and left out.

    Raises:
        InferenceError: the source as a whole cannot be read.
    """
    settings = settings or ProfileSettings()
    loads, changes = (read_footers(files, source, settings) for files in (table.loads, table.changes))
    columns = column_profiles(loads, changes)
    load_rows, unreadable_loads = sample_rows(loads, columns, settings.sample_rows, source, settings)
    change_rows, unreadable_changes = sample_rows(changes, columns, settings.change_rows, source, settings)
    if unreadable_loads or unreadable_changes:
        loads, changes = loads.without(unreadable_loads), changes.without(unreadable_changes)
        load_rows, change_rows = RowSample(load_rows.rows, loads.rows), RowSample(change_rows.rows, changes.rows)
        columns = column_profiles(loads, changes)
    sampled = sampled_table(table, columns, load_rows, change_rows, len(changes.read))
    key = primary_key(sampled)
    unreadable = (*loads.unreadable, *changes.unreadable)
    return TableProfile(
        table=table,
        loads=_extent(loads, load_rows),
        changes=_extent(changes, change_rows),
        columns=columns,
        differences=schema_differences(loads, changes, columns),
        unreadable=unreadable,
        primary_key=key,
        partition_key=partition_key(sampled, key.columns),
        ordering=ordering(sampled, key.columns),
        notes=(*_notes(columns, unreadable), *_without_operation(changes)),
    )


def unprofiled(table: LandedTable, trouble: Exception) -> TableProfile:
    """Return what is known without its files of a table in which nothing could be found, and why."""
    nothing = Finding((), "its files could not be profiled")
    reason = f"{type(trouble).__name__}: {str(trouble).strip() or 'no reason given'}".splitlines()[0]
    return TableProfile(
        table=table,
        loads=ReadExtent(len(table.loads), 0, 0, is_estimate=False, sampled_rows=0),
        changes=ReadExtent(len(table.changes), 0, 0, is_estimate=False, sampled_rows=0),
        columns=(),
        differences=(),
        unreadable=(),
        primary_key=nothing,
        partition_key=nothing,
        ordering=nothing,
        notes=(f"could not be profiled: {reason}; write its keys by hand, and report this",),
    )


def _extent(footers: Footers, sample: RowSample) -> ReadExtent:
    return ReadExtent(
        files=footers.of_files,
        footers=len(footers.read),
        rows=footers.rows,
        is_estimate=not footers.is_complete,
        sampled_rows=sample.count,
    )


def _notes(columns: Sequence[ColumnProfile], unreadable: Sequence[UnreadableFile]) -> Iterator[str]:
    if unreadable:
        yield f"left out because unreadable: {counted(len(unreadable), 'file')}"
    unnameable = [repr(column.name) for column in columns if NAMEABLE.fullmatch(column.name) is None]
    if unnameable:
        yield (
            f"tables cannot have the names {', '.join(unnameable)} (letters, digits and _): rename the columns in the "
            'DMS task, or write "column_names": "sanitise"'
        )


def _without_operation(changes: Footers) -> Iterator[str]:
    """Without it nobody can tell a delete from an update; DMS omits it where it is told to write inserts only."""
    lacking = sum(OPERATION not in footer.types for footer in changes.read)
    if lacking:
        files = counted(len(changes.read), "change file")
        yield f"{lacking:,} of {files} have no column {OPERATION}: set CdcInsertsOnly of the DMS endpoint to false"
