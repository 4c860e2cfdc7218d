"""Decides the schema in which one refresh is written, from the schemas of its files and of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odp.errors import RejectedInputError, SchemaChangeRefusedError
from odp.file_processor.schema_changes import (
    Columns,
    SchemaVersion,
    decide_columns,
    refuse_partition_type,
)
from odp.records import (
    OPERATION,
    FileType,
    LandedFile,
    RawTableConfig,
    Refresh,
    RefreshKind,
    TableState,
    VersioningType,
)

_TEXT = "string"


@dataclass(frozen=True, slots=True)
class HeldTable:
    """What the table is before a refresh: its columns, and the files that made it."""

    columns: Columns
    state: TableState


def decide_table_columns(
    config: RawTableConfig, refresh: Refresh, file_columns: Mapping[str, Columns], held: HeldTable | None
) -> dict[str, str]:
    """Give the columns of the table after the refresh; `file_columns` are those of each file by its id.

    A reload of a snapshot table replaces every row, so its schema need not continue the table's: columns may go and
    change their type as they like. It is the way out of every refusal but for historical tables, which are never replaced.

    Raises:
        SchemaChangeRefusedError: a file does not continue the schema before it.
        RejectedInputError: a file lacks a column that keys, ordering or operations need.
    """
    files = (*refresh.files, *refresh.replayed)
    for file in files:
        _require_columns(config, file, file_columns[file.file_id])
    base = None if refresh.kind is RefreshKind.RELOAD else held
    try:
        columns = decide_columns(_versions(config, files, file_columns, base))
        columns |= {OPERATION: _TEXT} if OPERATION not in columns else {}
        columns |= {} if config.hudi_precombine_field in columns else _ordering_of_loads(config, files, file_columns)
        refuse_partition_type(columns, config.hudi_partition_key)
    except SchemaChangeRefusedError as refused:
        raise refused.of_table(config.source_table_name, _way_out(config)) from None
    return columns


def _versions(
    config: RawTableConfig, files: Sequence[LandedFile], file_columns: Mapping[str, Columns], held: HeldTable | None
) -> list[SchemaVersion]:
    state = held.state if held else TableState()
    placed = [
        (_place_of_file(file, state, files), _version(config, file, file_columns[file.file_id])) for file in files
    ]
    if held:
        placed.append((_place_of_table(state), SchemaVersion("the table", held.columns)))
    return [version for _, version in sorted(placed, key=lambda entry: entry[0])]


def _version(config: RawTableConfig, file: LandedFile, columns: Columns) -> SchemaVersion:
    """A full load need have neither operations nor an ordering; those of the changes count."""
    theirs = (OPERATION, config.hudi_precombine_field) if file.file_type is FileType.FULL_LOAD else ()
    return SchemaVersion(file.uri, {name: type_ for name, type_ in columns.items() if name not in theirs})


_Place = tuple[int, str, int]
"""Loads come first and then changes, each by name; the table comes after the newest file that is in it."""


def _place_of_file(file: LandedFile, state: TableState, files: Sequence[LandedFile]) -> _Place:
    if file.file_type is FileType.CHANGES:
        return 1, file.name, 0
    if file.key not in state.load_keys:
        return 0, file.name, 0
    # a historical table is loaded again: what was loaded is newer than the table and than what landed before it
    before = [f.name for f in files if f.file_type is FileType.CHANGES and f.landed_at < file.landed_at]
    return 1, max([state.newest_change_file, *before]), 2


def _place_of_table(state: TableState) -> _Place:
    if state.newest_change_file:
        return 1, state.newest_change_file, 1
    return 0, max((key.rsplit("/", 1)[-1] for key in state.load_keys), default=""), 1


def _ordering_of_loads(
    config: RawTableConfig, files: Sequence[LandedFile], file_columns: Mapping[str, Columns]
) -> dict[str, str]:
    name = config.hudi_precombine_field
    types = (file_columns[file.file_id].get(name) for file in files)
    return {name: next((type_ for type_ in types if type_), _TEXT)}


def _require_columns(config: RawTableConfig, file: LandedFile, columns: Columns) -> None:
    required = config.hudi_primary_key
    if file.file_type is FileType.CHANGES:
        required = (*required, config.hudi_precombine_field, OPERATION)
    missing = [column for column in required if column not in columns]
    if missing:
        message = (
            f"{config.source_table_name}: {file.uri} has no column {', '.join(missing)} (it has "
            f"{', '.join(columns)}); correct the table's manifest or the mapping rules of the DMS task"
        )
        raise RejectedInputError(message)


def _way_out(config: RawTableConfig) -> str:
    if config.table_data_versioning_type is VersioningType.HISTORICAL:
        return "undo the change at the source, or replicate the table into a new raw_table_name"
    return "undo the change at the source, or reload the table in DMS, which replaces the lake's table as a whole"
