"""Decides the schema in which one refresh is written, from the schemas of its files and of the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lake.errors import RejectedInputError, SchemaChangeRefusedError
from lake.tables.columns import Columns, ColumnType, String
from odp.file_processor.apply.commit_proof import ExistingTable
from odp.file_processor.apply.source_columns import (
    DETECT,
    NamedColumns,
    SchemaVersion,
    before_images,
    decide_columns,
    impossible_names,
    name_columns,
    refuse_partition_type,
    shared_names,
    table_name,
    with_table_names,
)
from odp.file_processor.apply.table_format import format_of
from odp.records import OPERATION, FileType, LandedFile, RawTableConfig, RowHistory
from odp.refresh import RefreshKind, RefreshPlan

KEEP_DROPPED = "null"
"""The policy by which a column that the source dropped stays in the table."""

_TEXT = String()


def decide_table_columns(
    config: RawTableConfig, refresh: RefreshPlan, file_columns: Mapping[str, Columns], existing: ExistingTable | None
) -> dict[str, ColumnType]:
    """Return the columns of the table after the refresh; `file_columns` has the columns of each file by its id.

    A reload of a snapshot table replaces every row, so its schema need not continue the table's: any column may go or
    be of another type. So it is the way out of a refusal, though not for a historical table, which nothing replaces.

    Raises:
        SchemaChangeRefusedError: a file does not continue the schema before it.
        RejectedInputError: a file lacks a column that keys, ordering or operations need.
    """
    files = refresh.read_files
    for file in files:
        _require_columns(config, file, file_columns[file.file_id])
    named = with_table_names(config)
    try:
        _refuse_names(config, files, file_columns)
        of_files = name_files(config, refresh, file_columns, existing)
        _refuse_shared_names(config, refresh, of_files, existing)
        columns = _decide(named, _versions(named, refresh, of_files, existing))
        refuse_partition_type(columns, named.partition, format_of(config).capabilities)
    except SchemaChangeRefusedError as refused:
        raise refused.of_table(config.source_table_name, _way_out(config)) from None
    return columns


def name_files(
    config: RawTableConfig, refresh: RefreshPlan, file_columns: Mapping[str, Columns], existing: ExistingTable | None
) -> dict[str, NamedColumns]:
    """Name the columns of each file by its id; a column of a full load or of the table is no before-image in changes.

    DMS writes before-images into changes only. A table that an earlier release filled with them keeps them until it is
    replaced.

    Raises:
        RejectedInputError: only a full load would show whether columns of changes are before-images, and none came, or
            it is applied after them.
    """
    loads = [file_columns[file.file_id] for file in refresh.read_files if file.is_load]
    of_loads = {table_name(config, name).upper() for columns in loads for name in columns}
    of_table = {name.upper() for name in existing.columns} if existing and not _is_replaced(config, refresh) else set()
    named: dict[str, NamedColumns] = {}
    for file in refresh.read_files:
        columns = file_columns[file.file_id]
        images = {} if file.is_load else before_images(config, columns, of_loads | of_table)
        if images and config.before_images == DETECT and not _has_load(refresh, existing):
            raise RejectedInputError(_undecided(config, refresh, file, images))
        named[file.file_id] = name_columns(config, columns, images)
    return named


def _has_load(refresh: RefreshPlan, existing: ExistingTable | None) -> bool:
    """Whether a full load showed which columns the source has; one that was emptied since did, too."""
    return bool(refresh.state.load_keys or (existing and existing.newest_load)) or any(
        file.is_load for file in refresh.read_files
    )


def _undecided(config: RawTableConfig, refresh: RefreshPlan, file: LandedFile, images: Iterable[str]) -> str:
    why, then = "no full load shows", ""
    if refresh.awaits_load:
        why = "is applied before the full load, which waits, so that load does not show yet"
        then = "; then the changes are applied first, and the load after them"
    return (
        f"{config.source_table_name}: {file.uri} has {', '.join(images)}, and {why} whether these are before-images of "
        "DMS or columns of the source; write before_images into the table's manifest: written if the DMS task has "
        f"add-before-image-columns, otherwise none{then}"
    )


def _is_replaced(config: RawTableConfig, refresh: RefreshPlan) -> bool:
    """Whether no row of the table is left after the refresh."""
    return refresh.kind is RefreshKind.RELOAD and config.history is RowHistory.LATEST


def _refuse_names(config: RawTableConfig, files: Sequence[LandedFile], file_columns: Mapping[str, Columns]) -> None:
    capabilities = format_of(config).capabilities
    versions = {tuple(file_columns[file.file_id]): file for file in reversed(files)}
    problems = [
        problem
        for file in versions.values()
        for problem in impossible_names(config, SchemaVersion(file.uri, file_columns[file.file_id]), capabilities)
    ]
    if problems:
        raise SchemaChangeRefusedError(problems)


def _refuse_shared_names(
    config: RawTableConfig, refresh: RefreshPlan, of_files: Mapping[str, NamedColumns], existing: ExistingTable | None
) -> None:
    """Two columns of the source are never one of the table, also if no file has both.

    DMS shows a renamed column as it shows one that was dropped and another that was added.
    """
    of_table = existing.sources if existing and not _is_replaced(config, refresh) else {}
    places = [(file.uri, dict(of_files[file.file_id].sources)) for file in refresh.read_files]
    problems = [*shared_names([("the table", of_table), *places])]
    if problems and [*shared_names(places)] != problems:
        problems[-1] += _RENAMED
    if problems:
        raise SchemaChangeRefusedError(problems)


_RENAMED = (
    " (if it is the same column by another name, rename it to a name that the table does not have, with "
    "on_dropped_column: null)"
)


_Version = tuple[FileType | None, SchemaVersion]
"""The schema of a file of this type; that of the table has none."""


def _versions(
    config: RawTableConfig, refresh: RefreshPlan, of_files: Mapping[str, NamedColumns], existing: ExistingTable | None
) -> list[_Version]:
    """Return the schemas in the source's order; a snapshot table's reload may have other columns than the table."""
    follows = refresh.kind is RefreshKind.RELOAD and not refresh.is_late_reload
    ordered: list[tuple[_Order, _Version]] = [
        (_order_of_file(file, refresh), (file.file_type, SchemaVersion(file.uri, of_files[file.file_id].types)))
        for file in refresh.read_files
    ]
    if existing and not _is_replaced(config, refresh):
        order = _FIRST if follows else _order_of_table(existing)
        ordered.append((order, (None, SchemaVersion("the table", existing.columns))))
    return [version for _, version in sorted(ordered, key=lambda entry: entry[0])]


def _decide(config: RawTableConfig, versions: Sequence[_Version]) -> dict[str, ColumnType]:
    """A full load may lack the columns of operation and sequence; the operation is a text whatever the files say."""
    keep_dropped = config.on_dropped_column == KEEP_DROPPED
    technical = tuple(filter(None, (OPERATION, config.change_sequence)))
    _refuse_other_case(config.change_sequence, versions)
    columns: dict[str, ColumnType] = dict.fromkeys(technical, _TEXT)
    columns |= _sequence_type(config.change_sequence, versions, keep_dropped=keep_dropped)
    columns |= decide_columns([version.without(technical) for _, version in versions], keep_dropped=keep_dropped)
    in_order = dict.fromkeys(name for _, version in versions for name in version.columns)
    return {name: columns[name] for name in (*in_order, *technical)}


def _refuse_other_case(sequence: str | None, versions: Sequence[_Version]) -> None:
    """The change sequence is in the table by its configured name, beside which no other case of it can be."""
    problems = {
        name: f"column {name!r} of {version.name} differs in upper and lower case only from {sequence!r}, which the "
        "manifest names as change_sequence; name it there as the source does, or rename the column by a "
        "transformation rule of the DMS task (rename-column)"
        for _, version in reversed(versions)
        for name in version.columns
        if sequence and name != sequence and name.lower() == sequence.lower()
    }
    if problems:
        raise SchemaChangeRefusedError([*problems.values()])


def _sequence_type(name: str | None, versions: Sequence[_Version], *, keep_dropped: bool) -> dict[str, ColumnType]:
    """Changes decide it; a text holds what a load has in the column, and any other type must continue that."""
    if not name:
        return {}
    having = [(type_, version.only([name])) for type_, version in versions if name in version.columns]
    others = [version for type_, version in having if type_ is not FileType.FULL_LOAD]
    decided = decide_columns(others, keep_dropped=keep_dropped)
    return decided if decided.get(name) == _TEXT else decide_columns([version for _, version in having])


_Order = tuple[int, str, int]
"""Loads come first and then changes, each by name; the table comes after the newest file that is in it."""

_FIRST: _Order = (-1, "", 0)


def _order_of_file(file: LandedFile, refresh: RefreshPlan) -> _Order:
    """A late change of a historical table may be from before the load in it, whose columns then are the newer ones."""
    is_of_before = not file.is_load and file.landing_order < refresh.state.load_landing_order
    return (-2 if is_of_before else 0 if file.is_load else 1, file.name, 0)


def _order_of_table(existing: ExistingTable) -> _Order:
    return (1, existing.newest_change, 1) if existing.newest_change else (0, existing.newest_load, 1)


def _require_columns(config: RawTableConfig, file: LandedFile, columns: Columns) -> None:
    missing = [column for column in _required(config, file) if column not in columns]
    if not missing:
        return
    advice = "correct the table's manifest or the mapping rules of the DMS task"
    if missing == [OPERATION]:
        advice = (
            "DMS leaves it out of changes with the endpoint settings CdcInsertsOnly or CdcInsertsAndUpdates, or with "
            "an IncludeOpForFullLoad that does not fit; set both to false and IncludeOpForFullLoad to true"
        )
    message = (
        f"{config.source_table_name}: {file.uri} has no column {', '.join(missing)} (it has "
        f"{', '.join(columns)}); {advice}"
    )
    raise RejectedInputError(message)


def _required(config: RawTableConfig, file: LandedFile) -> Iterator[str]:
    yield from config.primary_key
    if config.partition_key:
        yield config.partition_key
    if not file.is_load:
        if config.change_sequence:
            yield config.change_sequence
        yield OPERATION


def _way_out(config: RawTableConfig) -> str:
    if config.history is RowHistory.ALL:
        return "undo the change at the source, or replicate the table into a new raw_table_name"
    return "undo the change at the source, or load the table again in DMS (reload-target), which replaces it as a whole"
