"""The tester finds defects of the native engine's kind that are planted one at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from odp.native import final_rows
from odp.native.last_rows import IS_INSERT, LastRows
from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate

from lake.errors import TableMovedError
from lake.tables.iceberg_native import table, table_schema
from lake.tables.iceberg_native.commit import CatalogTable
from lake.tables.iceberg_native.key_set import KeySet
from lake.tables.iceberg_native.live_files import live_files
from lake.tables.iceberg_native.merge import FileChanges, Merge
from rehearsal.torture.check import Kind
from rehearsal.torture.histories import Story, story
from rehearsal.torture.pairs import ICEBERG, Storage
from rehearsal.torture.runner import problems_of

SEEDS = 40
NATIVE, IN_TURN = Storage(ICEBERG, 1.0), Storage(ICEBERG, 0.5)
Plant = Callable[[pytest.MonkeyPatch], None]


def files_of_a_lost_answer_are_deleted(patch: pytest.MonkeyPatch) -> None:
    """Trap T1: a commit whose answer is lost counts as failed, and its files are deleted although they are live."""

    def commit(of: CatalogTable, updates: Sequence[Any], landed: Any) -> Any:
        del landed
        try:
            return of.catalog.commit_table(of.table, tuple(of.requirements), tuple(updates)).metadata
        except Exception as failure:
            for each in updates:
                if isinstance(each, AddSnapshotUpdate):
                    of.table.io.delete(each.snapshot.manifest_list)
            raise TableMovedError from failure

    patch.setattr(CatalogTable, "commit", commit)


def first_row_of_a_key_wins(patch: pytest.MonkeyPatch) -> None:
    """Of the changes of one key in one commit the first one is taken."""

    def first_rows(rows: pa.Table, keys: Sequence[str], **_: bool) -> LastRows:
        numbered = rows.append_column("number", pa.array(range(rows.num_rows), pa.int64()))
        found = numbered.group_by(list(keys), use_threads=False).aggregate([("number", "min"), (IS_INSERT, "any")])
        order = pc.sort_indices(found["number_min"])
        places, inserted = found["number_min"].take(order), found[f"{IS_INSERT}_any"].take(order)
        return LastRows(places.combine_chunks(), inserted.combine_chunks())

    patch.setattr(final_rows, "last_rows", first_rows)


def retyped_column_is_not_written_again(patch: pytest.MonkeyPatch) -> None:
    """Trap T2: a type that the table cannot widen in place changes, and the stored rows stay as they are."""
    original = table_schema.merged_schema
    patch.setattr(table_schema, "_is_in_place", lambda old, new: old == new)
    patch.setattr(table, "merged_schema", lambda *of: replace(original(*of), must_rewrite=False))


def file_whose_bound_is_a_touched_key_is_skipped(patch: pytest.MonkeyPatch) -> None:
    """The greatest key of a data file counts as outside of it, so its row is there twice, or is not deleted."""
    original = KeySet._is_within_bounds

    def within(keys: KeySet, file: Any) -> bool:
        ids = {field.field_id for field in keys._schema.fields if field.name == keys.key}
        lower = {id_: bound for id_, bound in (file.upper_bounds or {}).items() if id_ in ids}
        column = keys._decided[keys.key]
        high = [int.from_bytes(bound, "little") for bound in lower.values()] if pa.types.is_integer(column.type) else []
        is_bound_only = bool(high) and pc.all(pc.equal(column, high[0])).as_py()
        return not is_bound_only and original(keys, file)

    patch.setattr(KeySet, "_is_within_bounds", within)


def row_that_moves_stays_in_its_former_partition(patch: pytest.MonkeyPatch) -> None:
    """Files are left out by the partition of the row as it is now."""
    original = Merge._key_set

    def key_set(merge: Merge, rows: pa.Table) -> KeySet:
        found = original(merge, rows)
        by = merge.definition.partition_column
        if not by or by not in rows.column_names:
            return found
        return KeySet(rows, merge.definition.record_key, (*merge.definition.key_columns, by), merge.writer.schema)

    patch.setattr(Merge, "_key_set", key_set)


def late_commit_is_put_onto_another_state(patch: pytest.MonkeyPatch) -> None:
    """As pyiceberg does: a refused commit is made again for the table as it is now, whoever has the lease."""
    original = CatalogTable.commit

    def commit(of: CatalogTable, updates: Sequence[Any], landed: Any) -> Any:
        try:
            return original(of, updates, landed)
        except TableMovedError:
            now = of.catalog.load_table(of.name)
            number = {"sequence_number": now.metadata.next_sequence_number()}
            again = [
                AddSnapshotUpdate(snapshot=each.snapshot.model_copy(update=number))
                if isinstance(each, AddSnapshotUpdate)
                else each
                for each in updates
                if isinstance(each, AddSnapshotUpdate | SetSnapshotRefUpdate)
            ]
            return original(replace(of, table=now, is_new=False), again, landed)

    patch.setattr(CatalogTable, "commit", commit)


def rewritten_file_stays_listed(patch: pytest.MonkeyPatch) -> None:
    """One of the files that a merge wrote again is not taken out of the table."""
    original = Merge.merge

    def merge(of: Merge, rows: pa.Table, **how: bool) -> FileChanges:
        changes = original(of, rows, **how)
        changes.removed = changes.removed[1:]
        return changes

    patch.setattr(Merge, "merge", merge)


def reload_keeps_the_rows_of_before(patch: pytest.MonkeyPatch) -> None:
    """The rows of a load join those that the table has."""
    original = Merge.replace

    def replaced(of: Merge, rows: Iterator[pa.Table]) -> FileChanges:
        changes = original(of, rows)
        changes.removed = []
        return changes

    patch.setattr(Merge, "replace", replaced)


def manifests_of_other_writers_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Of several manifests only the newest counts, as if no other engine wrote any."""

    def newest(*of: Any) -> Any:
        live = live_files(*of)
        return replace(live, manifests=live.manifests[-1:])

    patch.setattr(table, "live_files", newest)


# the last value is the seed with which the search begins: the history that finds it costs CPU seconds
PLANTED: list[tuple[Plant, Storage, set[Kind], int]] = [
    (files_of_a_lost_answer_are_deleted, NATIVE, {Kind.ROWS, Kind.PENDING}, 0),
    (first_row_of_a_key_wins, NATIVE, {Kind.ROWS}, 0),
    (retyped_column_is_not_written_again, NATIVE, {Kind.ROWS}, 71),
    (file_whose_bound_is_a_touched_key_is_skipped, NATIVE, {Kind.ROWS}, 25),
    (row_that_moves_stays_in_its_former_partition, NATIVE, {Kind.ROWS}, 25),
    (late_commit_is_put_onto_another_state, NATIVE, {Kind.TWICE, Kind.LEASE}, 12),
    (rewritten_file_stays_listed, NATIVE, {Kind.ROWS}, 0),
    (reload_keeps_the_rows_of_before, NATIVE, {Kind.ROWS}, 0),
    (manifests_of_other_writers_are_forgotten, IN_TURN, {Kind.ROWS}, 20),
]


@pytest.mark.parametrize(
    ("plant", "storage", "kinds", "first"), PLANTED, ids=lambda value: getattr(value, "__name__", "")
)
def test_planted_defect_of_the_native_engine_is_found(
    plant: Plant, storage: Storage, kinds: set[Kind], first: int
) -> None:
    """In a history that ends well without it."""
    stories = map(story, range(first, first + SEEDS))
    assert any(kinds & _kinds(told, storage, plant) and not _kinds(told, storage) for told in stories)


def _kinds(told: Story, storage: Storage, plant: Plant = lambda _: None) -> set[Kind]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return {problem.finding.kind for problem in problems_of(told, storage)}
