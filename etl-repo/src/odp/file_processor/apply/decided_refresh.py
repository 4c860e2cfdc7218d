"""What one refresh means for its table, whatever engine applies it: the kind of its change, columns, and the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lake.errors import LakeError, RejectedInputError, TableMovedError
from lake.tables.change import ChangeKind, StoredTable
from lake.tables.columns import Columns
from odp.file_processor.apply.commit_proof import (
    ExistingTable,
    FinalRows,
    TableContent,
    proof_of_content,
    proof_of_final_rows,
    proof_of_refresh,
    read_content,
    read_existing,
    read_refresh,
)
from odp.file_processor.apply.source_columns import NamedColumns, changed_names, with_table_names
from odp.file_processor.apply.table_format import change_kind
from odp.file_processor.apply.table_schema import decide_table_columns, name_files
from odp.file_processor.apply.technical_columns import KEY, technical_columns
from odp.records import OPERATION, LandedFile, RawTableConfig, RowHistory
from odp.refresh import LastCommit, RefreshKind, RefreshPlan


@dataclass(frozen=True)
class DecidedRefresh:
    """One refresh of one table as it is stored; configuration and files have physical buckets."""

    config: RawTableConfig
    refresh: RefreshPlan
    stored: StoredTable | None

    @property
    def kind(self) -> ChangeKind:
        """What becomes of the rows that the table has."""
        return change_kind(self.config, self.refresh)

    @property
    def is_merged(self) -> bool:
        """Whether rows of the table stay."""
        return self.stored is not None and self.kind is ChangeKind.MERGE

    @property
    def is_historical(self) -> bool:
        """Whether the table keeps every version of a row."""
        return self.config.history is RowHistory.ALL

    @property
    def is_emptied(self) -> bool:
        """Whether every row goes. The files may be gone, since they are the reason."""
        return self.refresh.kind is RefreshKind.EMPTY

    @cached_property
    def existing(self) -> ExistingTable | None:
        """The columns of the table, and the newest files in it."""
        return read_existing(self.stored) if self.stored else None

    @cached_property
    def content(self) -> TableContent:
        """What the table's last commit says that it holds."""
        return read_content(self.stored.proof) if self.stored else TableContent()

    def columns(self, file_columns: Mapping[str, Columns]) -> Columns:
        """Decide the table's columns; raises RejectedInputError for files that do not continue its schema."""
        if not self.is_emptied:
            return decide_table_columns(self.config, self.refresh, file_columns, self.existing)
        if self.existing is None:
            message = f"{self.config.qualified_name}: there is no table to empty"
            raise RejectedInputError(message)
        return self.existing.columns

    def named(self, file_columns: Mapping[str, Columns]) -> dict[str, NamedColumns]:
        """Decide what the table calls the columns of each file, by the file's id."""
        return {} if self.is_emptied else name_files(self.config, self.refresh, file_columns, self.existing)

    @property
    def staying_columns(self) -> Columns | None:
        """The columns of the rows that stay in the table; None if none does."""
        return self.existing.columns if self.existing and self.is_merged else None

    def added_columns(self, named: Mapping[str, NamedColumns]) -> list[str]:
        """The columns that changes bring: rows from before them have NULL, whatever value the source gave them."""
        files = sorted(self.refresh.read_files, key=lambda file: (not file.is_load, file.name))
        before = [file for file in files if file.is_load] or ([] if self.is_merged else files[:1])
        known = {*(self.staying_columns or ()), *(name for file in before for name in named[file.file_id].types)}
        technical = {OPERATION, with_table_names(self.config).change_sequence}
        found = dict.fromkeys(name for file in files for name in named[file.file_id].types)
        return [name for name in found if name not in known | technical]

    def proof(self, load_version: str, named: Mapping[str, NamedColumns], counted: FinalRows | None) -> dict[str, str]:
        """Prove which files the commit applies, and what the table holds after it."""
        is_replaced = not self.is_merged
        after = self.content.after(
            self.refresh,
            load_version,
            is_replaced=is_replaced,
            source_names=changed_names(named.values()),
            added=self.added_columns(named) if named else (),
        )
        proof = proof_of_refresh(self.refresh) | proof_of_content(after)
        return proof | proof_of_final_rows(counted) if counted else proof


def placed(config: RawTableConfig, buckets: Mapping[str, str]) -> RawTableConfig:
    """Return the configuration with the physical bucket; one that is no role is physical already."""
    bucket = config.raw_database_s3_bucket
    return replace(config, raw_database_s3_bucket=buckets.get(bucket, bucket))


def placed_files(refresh: RefreshPlan, buckets: Mapping[str, str]) -> RefreshPlan:
    """Return the refresh with the physical bucket of each file."""

    def of(files: tuple[LandedFile, ...]) -> tuple[LandedFile, ...]:
        return tuple(replace(file, bucket=buckets.get(file.bucket, file.bucket)) for file in files)

    return replace(refresh, files=of(refresh.files), replayed=of(refresh.replayed))


def load_version(before: str, generation: int) -> str:
    """Name the version of a load's rows: later than the version before the load, earlier than any change after it."""
    return f"{before}/L{generation}"


def refuse_earlier_keys(config: RawTableConfig, stored: StoredTable | None) -> None:
    """Refuse a table of an earlier release whose record keys may be the same for two keys of the source.

    Raises:
        RejectedInputError: naming the way out.
    """
    if stored is not None and technical_columns(config) and KEY not in stored.columns:
        message = (
            f"{config.qualified_name} was written by an earlier release, whose keys of several columns and versions of "
            "rows are not always unique; replicate the table into a new raw_table_name"
        )
        raise RejectedInputError(message)


def refuse_unseen_commit(config: RawTableConfig, refresh: RefreshPlan, stored: StoredTable | None) -> None:
    """Refuse a table that an earlier run's late commit reached after this run had read it, or its files come twice.

    Raises:
        TableMovedError: nothing was written; the next refresh reads that commit.
    """
    found = read_refresh(stored.proof)[0] if stored else frozenset()
    if refresh.follows is not None and found != refresh.follows:
        message = f"{config.qualified_name}: a commit of an earlier run came after this run had read the table"
        raise TableMovedError(message)


def demand_own_commit(
    config: RawTableConfig, refresh: RefreshPlan, stored: StoredTable | None, committed: LastCommit | None
) -> LastCommit:
    """Return the newest commit if it is that of the refresh; raises LakeError for that of another writer."""
    is_new = committed is not None and (stored is None or committed.commit_time > stored.commit_time)
    if committed is None or not is_new or committed.file_ids != refresh.file_ids:
        message = f"{config.qualified_name}: the newest commit is not the one just written; is another writer at work?"
        raise LakeError(message)
    return committed
