"""The table writer in memory: reads DMS files as the Spark writer does, and commits as Hudi does.

It stands for Spark and Hudi, so it is written from what they are asked to do (design.md, rule 3, 6 and 7) and calls the
framework only where the framework decides before Spark or Hudi work: columns, before-images, options, what is counted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from odp.file_processor.apply.commit_proof import (
    ExistingTable,
    FinalRows,
    may_count_updates_without_row,
    proof_of_refresh,
    read_refresh,
)
from odp.file_processor.apply.row_order import KEY, VERSION
from odp.file_processor.apply.source_columns import NamedColumns
from odp.file_processor.apply.table_format import change_kind, definition_of
from odp.file_processor.apply.table_schema import decide_table_columns, name_files
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import LastCommit, RefreshKind, RefreshPlan, RowCounts

from lake.errors import RejectedInputError
from lake.tables.columns import Columns, column_type
from lake.tables.hudi.options import IndexSettings, write_options
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory.hudi_table import HudiOptions, HudiTable, Row
from rehearsal.torture.memory.staging import StagingBucket

OP = "Op"
_SEQUENCE_DIGITS = 35
_REPLACING = (RefreshKind.RELOAD, RefreshKind.EMPTY)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: what it was to apply, its metadata, what it did."""

    refresh: RefreshPlan
    metadata: Mapping[str, str]
    counts: RowCounts


@dataclass(slots=True)
class StoredTable:
    """One table with its timeline; `load_version` is the version of its newest load's rows."""

    content: HudiTable = field(default_factory=HudiTable)
    columns: Columns = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    newest_load: str = ""
    newest_change: str = ""
    load_version: str = ""

    @property
    def existing(self) -> ExistingTable:
        """What decisions about columns need of it."""
        return ExistingTable(self.columns, self.newest_load, self.newest_change)


_ReadFile = tuple[LandedFile, DmsFile, NamedColumns]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row with its place in the source's order."""

    is_change: bool
    sequence: str
    file: str
    number: int
    row: dict[str, Any]

    @property
    def version(self) -> str:
        return self.sequence or f"{self.file}#{self.number:010d}"


class MemoryWriter:
    """Applies refreshes for one run; `before_commit` is called when all is read and nothing written yet."""

    def __init__(
        self,
        tables: dict[str, StoredTable],
        staging: StagingBucket,
        before_commit: Callable[[], None],
        on_commit: Callable[[RawTableConfig, RefreshPlan], None],
    ) -> None:
        self._tables = tables
        self._staging = staging
        self._before_commit = before_commit
        self._on_commit = on_commit

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest commit."""
        table = self._tables.get(config.qualified_name)
        if table is None:
            return None
        commit = table.commits[-1]
        file_ids, state = read_refresh(commit.metadata)
        return LastCommit(f"{len(table.commits):06d}", file_ids, state, commit.counts)

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit."""
        known = self._tables.get(config.qualified_name)
        contents = dict(zip(refresh.read_files, self._staging.read([f.key for f in refresh.read_files]), strict=True))
        columns, named = _columns(config, refresh, contents, known)
        index = IndexSettings(tasks=1, moves_rows=True) if known else None
        options = write_options(definition_of(config), change_kind(config, refresh), columns, index)
        placed = list(_placed(config, [(file, of_file, named[file.file_id]) for file, of_file in contents.items()]))
        rows, load_version = _rows(config, refresh, placed, known)
        is_counted = may_count_updates_without_row(refresh, known.existing if known else None, named.values())
        self._before_commit()
        check_lease()
        table = self._tables.setdefault(config.qualified_name, StoredTable())
        table.columns, table.load_version = columns, load_version
        counts = table.content.write([_in_columns(row, columns) for row in rows], HudiOptions(options))
        if is_counted and config.history is RowHistory.LATEST:
            unexpected = _final_rows(config, rows, placed).updates_without_row(counts)
            counts = replace(counts, updates_without_row=unexpected)
        _note_names(table, refresh, config)
        table.commits.append(Commit(refresh, proof_of_refresh(refresh), counts))
        self._on_commit(config, refresh)
        committed = self.last_refresh(config)
        assert committed is not None  # noqa: S101 - it was written a line before
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:  # noqa: ARG002 - there is no catalog
        """Return the newest commit."""
        return f"{len(self._tables[config.qualified_name].commits):06d}"


def _columns(
    config: RawTableConfig, refresh: RefreshPlan, contents: Mapping[LandedFile, DmsFile], table: StoredTable | None
) -> tuple[Columns, dict[str, NamedColumns]]:
    """Return the table's columns, and what the columns of each file are to it, by the file's id."""
    for landed, content in contents.items():
        if not content.columns:
            raise RejectedInputError(f"{landed.key} is not a Parquet file")
    if refresh.kind is RefreshKind.EMPTY:
        if table is None:
            raise RejectedInputError(f"{config.qualified_name}: there is no table to empty")
        return table.columns, {}
    of_files = {
        landed.file_id: {name: column_type(text) for name, text in content.columns.items()}
        for landed, content in contents.items()
    }
    existing = table.existing if table else None
    return decide_table_columns(config, refresh, of_files, existing), name_files(config, refresh, of_files, existing)


def _in_columns(row: Row, columns: Columns) -> Row:
    """A row as the table has it: what has no column of the table is not written."""
    return {name: row.get(name) for name in (*columns, *(own for own in (KEY, VERSION) if own in row))}


def _final_rows(config: RawTableConfig, rows: Sequence[Row], placed: Iterable[_Placed]) -> FinalRows:
    inserted = {_key(each.row, config) for each in placed if each.row[OP] == "I"}
    return FinalRows(len(rows), sum(row[OP] != "D" and _key(row, config) in inserted for row in rows))


def _note_names(table: StoredTable, refresh: RefreshPlan, config: RawTableConfig) -> None:
    files = refresh.read_files
    if refresh.kind in _REPLACING:
        table.newest_load = ""
        if config.history is RowHistory.LATEST:
            table.newest_change = ""
    table.newest_load = max([table.newest_load, *(file.name for file in files if file.is_load)])
    table.newest_change = max([table.newest_change, *(file.name for file in files if not file.is_load)])


def _rows(
    config: RawTableConfig, refresh: RefreshPlan, placed: Sequence[_Placed], table: StoredTable | None
) -> tuple[list[Row], str]:
    """Return the rows of one commit, and the version of the newest load's rows."""
    before = table.load_version if table else ""
    if config.history is RowHistory.LATEST:
        last = _last_per_key(placed, config)
        if refresh.kind is not RefreshKind.CHANGES:
            last = [row for row in last if row[OP] != "D"]
        return [{**row, KEY: repr(_key(row, config))} for row in last], before
    return _versions(config, refresh, placed, table)


def _placed(config: RawTableConfig, files: Iterable[_ReadFile]) -> Iterator[_Placed]:
    """Read the rows; an update of a key is a delete of the former key and a row of the new one."""
    for landed, file, named in files:
        images = [named.before_images.get(name, ("", ""))[0] for name in config.primary_key]
        for number, row in enumerate(file.rows):
            sequence = "" if landed.is_load else _sequence(row, config)
            plain = {OP: "I", **{name: row.get(source) for name, source in named.sources.items()}}
            place = (not landed.is_load, sequence, landed.name, number)
            former = [row.get(image) for image in images]
            if plain[OP] == "U" and None not in former and tuple(former) != _key(plain, config):
                old = {**plain, **dict(zip(config.primary_key, former, strict=True)), OP: "D"}
                yield _Placed(*place, old)
            yield _Placed(*place, plain)


def _sequence(row: Row, config: RawTableConfig) -> str:
    """A sequence is a text of digits; whatever else is in the column is none."""
    value = row.get(config.change_sequence or "")
    is_one = isinstance(value, str) and value.isdigit() and len(value) == _SEQUENCE_DIGITS
    return str(value) if is_one else ""


def _last_per_key(placed: Iterable[_Placed], config: RawTableConfig) -> list[dict[str, Any]]:
    of_key: dict[tuple[Any, ...], list[_Placed]] = {}
    for each in placed:
        of_key.setdefault(_key(each.row, config), []).append(each)
    return [_last(rows).row for rows in of_key.values()]


def _last(rows: Sequence[_Placed]) -> _Placed:
    if all(each.sequence for each in rows if each.is_change):
        return max(rows, key=lambda each: (each.is_change, each.sequence, each.file, each.number))
    return max(rows, key=lambda each: (each.is_change, each.file, each.number))


def _versions(
    config: RawTableConfig, refresh: RefreshPlan, placed: Sequence[_Placed], table: StoredTable | None
) -> tuple[list[Row], str]:
    changes = [each for each in placed if each.is_change]
    loaded = [each.row for each in placed if not each.is_change]
    held = list(table.content.rows()) if table else []
    load_version = table.load_version if table else ""
    rows = {(*_key(each.row, config), each.version): {**each.row, VERSION: each.version} for each in changes}
    if refresh.kind in _REPLACING or (loaded and not load_version):
        # what a task wrote again of the time before the former load follows no load
        least = min((each.version for each in changes if each.version > load_version), default=None)
        earlier = [str(row[VERSION]) for row in held if least is None or str(row[VERSION]) < least]
        load_version = f"{max(earlier, default='')}/L{refresh.state.generation}"
    if refresh.kind in _REPLACING:
        loaded = list(_differing(loaded, [row for row in held if str(row[VERSION]) < load_version], config))
    for row in loaded:
        rows[*_key(row, config), load_version] = {**row, VERSION: load_version}
    # of an emptied table no row is loaded; the next load gets a version of its own
    return [{**row, KEY: repr(identity)} for identity, row in rows.items()], (
        "" if refresh.kind is RefreshKind.EMPTY else load_version
    )


def _differing(loaded: Sequence[Row], held: Sequence[Row], config: RawTableConfig) -> Iterator[dict[str, Any]]:
    """Return the rows of a load that are new or differ, and marks of those that vanished."""
    newest: dict[tuple[Any, ...], Row] = {}
    for row in sorted(held, key=lambda row: str(row[VERSION])):
        newest[_key(row, config)] = row
    for row in loaded:
        known = newest.pop(_key(row, config), None)
        # DMS's sequence is empty in loads, which makes no row another one; any other column does
        sequence = {config.change_sequence} if known and _sequence(known, config) else set()
        ours = {OP, KEY, VERSION, *sequence}
        if known is None or known[OP] == "D" or _values(row, ours) != _values(known, ours):
            yield dict(row)
    for row in newest.values():
        if row[OP] != "D":
            yield {**row, OP: "D"}


def _values(row: Row, without: Iterable[str | None]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in without and value is not None}


def _key(row: Row, config: RawTableConfig) -> tuple[Any, ...]:
    return tuple(row[name] for name in config.primary_key)
