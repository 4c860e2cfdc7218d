"""The proof that a commit carries: the files that it applied, the table's state, and where the next refresh continues.

A crash before the run is recorded is seen by the next run, and nothing is applied twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from lake.tables.change import Commit, Proof, StoredTable
from lake.tables.columns import Columns
from odp.file_processor.apply.source_columns import OWN_PREFIX, NamedColumns
from odp.refresh import LastCommit, RefreshKind, RefreshPlan, RowCounts, TableState
from odp.stored_format import FORMAT

# The table before a refresh, without any format.


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table's columns without technical ones, and the newest load part and change file by name in it.

    `source_names` has the source's name of each column that the source calls otherwise, by the table's name. It is
    None if the table's commits recorded no names: then nobody knows how the source calls any column.
    """

    columns: Columns
    newest_load: str = ""
    newest_change: str = ""
    source_names: Mapping[str, str] | None = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, str]:
        """The source's name of each column for which it is known, by the table's name."""
        if self.source_names is None:
            return {}
        return {name: self.source_names.get(name, name) for name in self.columns}


# Counts the updates of one commit whose keys the table did not have.
#
# Without before-images DMS writes an update of the key as an update with the new key only. The table does not have the
# new key, and keeps the row of the former key. The count is a lower bound: an update that may have another cause does
# not count.


@dataclass(frozen=True, slots=True)
class FinalRows:
    """How many final rows a commit has, deletes included, and how many rows of inserted keys are among them."""

    rows: int = 0
    inserted: int = 0

    def updates_without_row(self, written: RowCounts) -> int:
        """Return how many final rows were new to the table though no change inserted their key.

        `written` are the commit's own statistics. A final row is an update in place, or a delete, or a move to another
        partition, which counts as an insert and a delete, or new to the table. The delete of an unknown key may count
        as an insert too. So what is new is the rest, and not simply what was inserted.
        """
        new = min(self.rows - written.updated - written.deleted, written.inserted)
        return max(0, new - self.inserted)


def may_count_updates_without_row(
    refresh: RefreshPlan, table: ExistingTable | None, files: Iterable[NamedColumns]
) -> bool:
    """Whether an update in these files whose row the table does not have is worth a report.

    It is not:

    - before the table has a load, or while one is awaited, which may have the row;
    - in the first changes after a load: DMS may have read the row for the load after a change, and delete it later;
    - in changes that are read again or come late, whose rows later changes may have deleted;
    - if any file has before-images, which tell the former keys.
    """
    if refresh.kind is not RefreshKind.CHANGES or refresh.awaits_load or table is None:
        return False
    is_live = bool(table.newest_load and table.newest_change)
    is_newer = all(not file.is_load and file.name > table.newest_change for file in refresh.read_files)
    return is_live and is_newer and not any(file.before_images for file in files)


# The proof: files, state of the table, where the next refresh goes on.


FILE_IDS, STATE, CONTENT = "odp.file_ids", "odp.table_state", "odp.table_content"
FINAL_ROWS = "odp.final_rows"
EPOCH = "odp.epoch"
"""The epoch of Regions under which the commit was made. A commit without it is of epoch 0."""
# commits of every release have these names, so they stay when a field is renamed
_STORED_NAMES = {"load_landing_order": "began", "last_change_landing_order": "changes_until"}

T = TypeVar("T", "TableContent", TableState, FinalRows)


@dataclass(frozen=True, slots=True)
class TableContent:
    """What a table holds, as its writer needs to know it: its newest load part and change, the version of its load.

    `source_names` has a pair of names for each column that the source calls otherwise: the table's, then the source's.
    It is None if the last commit is of a release that recorded no names. `added_columns` came with changes since the
    load.
    """

    newest_load: str = ""
    newest_change: str = ""
    load_version: str = ""
    source_names: tuple[tuple[str, str], ...] | None = ()
    added_columns: tuple[str, ...] = ()

    def after(
        self,
        refresh: RefreshPlan,
        load_version: str,
        *,
        is_replaced: bool,
        source_names: Mapping[str, str],
        added: Iterable[str] = (),
    ) -> TableContent:
        """Return the content after a refresh, which may replace the load, and every row if it replaces the table."""
        files = () if refresh.kind is RefreshKind.EMPTY else refresh.read_files
        loads = [file.name for file in files if file.is_load]
        changes = [file.name for file in files if not file.is_load]
        is_other_table = is_replaced and refresh.kind is RefreshKind.RELOAD
        names = {**({} if is_other_table else dict(self.source_names or ())), **source_names}
        are_known = is_other_table or bool(files) or self.source_names is not None
        ends_load = refresh.kind in (RefreshKind.RELOAD, RefreshKind.EMPTY)
        return TableContent(
            newest_load=max(["" if ends_load else self.newest_load, *loads]),
            newest_change=max(["" if is_replaced else self.newest_change, *changes]),
            load_version=load_version if loads or ends_load else self.load_version,
            source_names=tuple(sorted(names.items())) if are_known else None,
            added_columns=tuple(dict.fromkeys((*(() if ends_load else self.added_columns), *added))),
        )


def proof_of_refresh(refresh: RefreshPlan) -> dict[str, str]:
    """Prove which files a refresh applied, what state the table has after it, and in which epoch it was made."""
    proof = {FILE_IDS: json.dumps(sorted(refresh.file_ids)), STATE: _written(asdict(refresh.state))}
    return {**proof, EPOCH: str(refresh.epoch)} if refresh.epoch else proof


def proof_of_content(content: TableContent) -> dict[str, str]:
    """Prove what the table holds after the commit."""
    return {CONTENT: _written(asdict(content))}


def read_refresh(proof: Proof) -> tuple[frozenset[str], TableState]:
    """Read what `proof_of_refresh` wrote, in this or an earlier release; unknown fields are ignored."""
    return frozenset(json.loads(proof[FILE_IDS])), _read(TableState, proof[STATE])


def read_commit(commit: Commit) -> LastCommit:
    """Read the refresh that a commit made visible."""
    file_ids, state = read_refresh(commit.proof)
    rows, final = commit.rows, read_final_rows(commit.proof)
    counts = RowCounts(rows.inserted, rows.updated, rows.deleted)
    if final:
        with_unknown = replace(counts, deleted=rows.deleted + rows.deletes_without_row)
        counts = replace(counts, updates_without_row=final.updates_without_row(with_unknown))
    added = read_content(commit.proof).added_columns
    epoch = int(commit.proof.get(EPOCH, 0))
    return LastCommit(commit.time, file_ids, state, counts, commit.size, epoch, added)


def read_existing(stored: StoredTable) -> ExistingTable:
    """Read what a format found of a table."""
    content = read_content(stored.proof)
    names = None if content.source_names is None else dict(content.source_names)
    columns = {name: type_ for name, type_ in stored.columns.items() if not name.startswith(OWN_PREFIX)}
    return ExistingTable(columns, content.newest_load, content.newest_change, names)


def read_source_names(proof: Proof) -> Mapping[str, str]:
    """Return the source's name of each column that the table calls otherwise."""
    return dict(read_content(proof).source_names or ())


def read_content(proof: Proof) -> TableContent:
    """Read what `proof_of_content` wrote; of a commit of the first format, what its state says."""
    if written := proof.get(CONTENT):
        content = _read(TableContent, written)
        return content if "source_names" in json.loads(written) else replace(content, source_names=None)
    state = json.loads(proof[STATE])
    names = [str(key).rsplit("/", 1)[-1] for key in state.get("load_keys", ())]
    return TableContent(max(names, default=""), state.get("newest_change_file", ""), source_names=None)


def proof_of_final_rows(final: FinalRows) -> dict[str, str]:
    """Keep what was counted of the rows of the commit."""
    return {FINAL_ROWS: _written(asdict(final))}


def read_final_rows(proof: Proof) -> FinalRows | None:
    """Read what `proof_of_final_rows` wrote; None if the rows were not counted."""
    written = proof.get(FINAL_ROWS)
    return _read(FinalRows, written) if written else None


def _written(values: Mapping[str, Any]) -> str:
    plain = {
        _STORED_NAMES.get(name, name): sorted(value) if isinstance(value, set | frozenset) else value
        for name, value in values.items()
        if value is not None
    }
    return json.dumps({"format": FORMAT, **plain})


def _read(kind: type[T], text: str) -> T:
    """Read the fields that this release knows; one that is missing has its default."""
    written = json.loads(text)
    stored = {field: _STORED_NAMES.get(field.name, field.name) for field in fields(kind)}
    known = {field: written[name] for field, name in stored.items() if name in written}
    return kind(**{field.name: _of_type(str(field.type), value) for field, value in known.items()})


def _of_type(type_: str, value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """JSON knows lists only, whose elements may be such again."""
    if isinstance(value, list):
        elements = [tuple(element) if isinstance(element, list) else element for element in value]
        return frozenset(elements) if type_.startswith("frozenset") else tuple(elements)
    return value
