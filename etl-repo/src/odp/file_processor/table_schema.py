"""Decides the schema in which one refresh is written, from the schemas of its files and of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odp.errors import RejectedInputError, SchemaChangeRefusedError
from odp.file_processor.schema_changes import Columns, SchemaVersion, decide_columns, refuse_partition_type
from odp.records import OPERATION, FileType, LandedFile, RawTableConfig, VersioningType
from odp.refreshes import Refresh, RefreshKind, TableState

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

    A reload of a snapshot table replaces every row, so its schema need not continue the table's: any column may go or
    be of another type. So it is the way out of a refusal, though not for a historical table, which nothing replaces.

    Raises:
        SchemaChangeRefusedError: a file does not continue the schema before it.
        RejectedInputError: a file lacks a column that keys, ordering or operations need.
    """
    files = (*refresh.files, *refresh.replayed)
    for file in files:
        _require_columns(config, file, file_columns[file.file_id])
    versions = _versions(files, file_columns, None if refresh.kind is RefreshKind.RELOAD else held)
    try:
        columns = _decide(versions, (OPERATION, config.hudi_precombine_field))
        refuse_partition_type(columns, config.hudi_partition_key)
    except SchemaChangeRefusedError as refused:
        raise refused.of_table(config.source_table_name, _way_out(config)) from None
    return columns


_Version = tuple[FileType | None, SchemaVersion]
"""The schema of a file of this type; that of the table has none."""


def _versions(
    files: Sequence[LandedFile], file_columns: Mapping[str, Columns], held: HeldTable | None
) -> list[_Version]:
    state = held.state if held else TableState()
    placed: list[tuple[_Place, _Version]] = [
        (_place_of_file(file, state, files), (file.file_type, SchemaVersion(file.uri, file_columns[file.file_id])))
        for file in files
    ]
    if held:
        placed.append((_place_of_table(state), (None, SchemaVersion("the table", held.columns))))
    return [version for _, version in sorted(placed, key=lambda entry: entry[0])]


def _decide(versions: Sequence[_Version], ours: Sequence[str]) -> dict[str, str]:
    """A full load need have neither of our columns, operation and ordering; what it has counts if nothing else does."""
    of_loads = [version.only(ours).columns for type_, version in versions if type_ is FileType.FULL_LOAD]
    others = [version.only(ours) for type_, version in versions if type_ is not FileType.FULL_LOAD]
    columns = dict.fromkeys(ours, _TEXT)
    for found in (
        *of_loads,
        decide_columns(others),
        decide_columns([version.without(ours) for _, version in versions]),
    ):
        columns |= found
    in_order = dict.fromkeys(name for _, version in versions for name in version.columns)
    return {name: columns[name] for name in (*in_order, *ours)}


_Place = tuple[int, str, int]
"""Loads come first and then changes, each by name; the table comes after the newest file that is in it."""


def _place_of_file(file: LandedFile, state: TableState, files: Sequence[LandedFile]) -> _Place:
    if not file.is_load:
        return 1, file.name, 0
    # nothing ends what a historical table holds: a load of it is newer than the changes that landed before
    before = [f.name for f in files if not f.is_load and f.moment < file.moment]
    if file.key in state.load_keys or "" < state.changes_until < file.moment:
        before.append(state.newest_change_file)
    return (1, max(before), 2) if before else (0, file.name, 0)


def _place_of_table(state: TableState) -> _Place:
    if state.newest_change_file:
        return 1, state.newest_change_file, 1
    return 0, max((key.rsplit("/", 1)[-1] for key in state.load_keys), default=""), 1


def _require_columns(config: RawTableConfig, file: LandedFile, columns: Columns) -> None:
    required = (*config.hudi_primary_key, *filter(None, [config.hudi_partition_key]))
    if not file.is_load:
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
