"""A native table applies what the core decides, and tells what reached it: the contract of table formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

from lake.errors import BeyondEngineError, LeaseLostError, RejectedInputError
from lake.tables.change import ChangeKind, StoredTable
from lake.tables.iceberg_native.row_change import Limits, RowChange
from tests.unit.lake.iceberg_native.lake import DATABASE, ROWS, SCHEMA, Lake, LakeTable, arrow, columns, nothing

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

PROOF = {"odp.file_ids": '["f1", "f2"]', "odp.table_state": '{"generation": 1, "é": "\'%s\'"}'}


def lost() -> None:
    message = "another run has the lease"
    raise LeaseLostError(message)


def test_table_that_no_change_reached_does_not_exist(table: LakeTable) -> None:
    assert table.native.existing() is None
    assert table.native.last_commit() is None


def test_first_change_makes_the_table_with_its_rows_and_its_proof_in_one_commit(table: LakeTable) -> None:
    written = table.change(ROWS, proof=PROOF)
    assert table.rows() == [(1, 10, "north"), (2, 20, "south"), (3, 30, None)]
    commit = table.commit()
    assert commit.proof == PROOF
    assert commit.rows == written
    assert (written.inserted, written.updated, written.deleted) == (3, 0, 0)
    assert table.native.existing() == StoredTable(commit.time, columns(SCHEMA), PROOF)
    assert len(table.stored.metadata.metadata_log) == 0


def test_merge_inserts_updates_and_deletes_by_the_record_key(loaded: LakeTable) -> None:
    """A delete carries its key only; one of an unknown key deletes nothing and adds nothing."""
    first = loaded.commit().time
    changes = [("U", 1, 11, "north"), ("D", 2, None, None), ("I", 4, 40, "north"), ("D", 9, None, None)]
    written = loaded.change(changes, proof={"odp.file_ids": '["f3"]'})
    assert loaded.rows() == [(1, 11, "north"), (3, 30, None), (4, 40, "north")]
    assert (written.inserted, written.updated, written.deleted, written.deletes_without_row) == (1, 1, 1, 1)
    assert loaded.commit().proof == {"odp.file_ids": '["f3"]'}
    assert loaded.commit().time > first


def test_changed_partition_moves_the_row_and_a_delete_by_key_finds_it(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 11, "south"), ("U", 2, 21, None), ("U", 3, 31, "a/b c=%é'")])
    assert loaded.rows() == [(1, 11, "south"), (2, 21, None), (3, 31, "a/b c=%é'")]
    loaded.change([("D", 1, None, None), ("U", 3, 32, "north")])
    assert loaded.rows() == [(2, 21, None), (3, 32, "north")]


def test_null_is_a_key_like_others(table: LakeTable) -> None:
    table.change([("I", None, 1, "north"), ("I", 1, 1, "north")])
    table.change([("U", None, 2, "south")])
    assert table.rows() == [(1, 1, "north"), (None, 2, "south")]
    table.change([("D", None, None, None)])
    assert table.rows() == [(1, 1, "north")]


def test_historical_table_keeps_deletes_as_marked_rows(lake: Lake) -> None:
    plain = lake.table(partition_by=None, delete_marker=None)
    plain.change(ROWS)
    plain.change([("D", 2, 21, "south"), ("I", 4, 40, None)])
    assert plain.rows("Op", "ID", "V") == [("D", 2, 21), ("I", 1, 10), ("I", 3, 30), ("I", 4, 40)]


def test_append_looks_for_no_stored_key(lake: Lake) -> None:
    plain = lake.table(partition_by=None, delete_marker=None)
    plain.change(ROWS)
    assert plain.change([("I", 3, 31, None), ("I", 4, 40, None)], may_match=False).inserted == 2
    assert plain.rows("ID", "V") == [(1, 10), (2, 20), (3, 30), (3, 31), (4, 40)]


def test_replace_puts_rows_and_columns_in_place_of_all(loaded: LakeTable) -> None:
    schema = "Op string, ID bigint, V string, REGION string, NOTE date"
    uuid = loaded.stored.metadata.table_uuid
    written = loaded.change([("I", 7, "x", "east", None)], schema, kind=ChangeKind.REPLACE, proof={"odp.new": "1"})
    assert loaded.rows("ID", "V", "REGION", "NOTE") == [(7, "x", "east", None)]
    assert loaded.native.existing() == StoredTable(loaded.commit().time, columns(schema), {"odp.new": "1"})
    assert (written.inserted, written.updated, written.deleted) == (1, 0, 0)
    assert loaded.stored.metadata.table_uuid == uuid, "trap T9: a table is never dropped and made again"
    loaded.change([("I", 8, "y", "east", None), ("D", 7, None, None, None)], schema)
    assert loaded.rows("ID", "V") == [(8, "y")]


def test_replace_takes_rows_in_pieces(loaded: LakeTable) -> None:
    pieces = (arrow([("I", key, key, "east")]) for key in range(5))
    loaded.native.apply(RowChange(ChangeKind.REPLACE, pieces, columns(SCHEMA), PROOF), nothing)
    assert loaded.rows("ID") == [(0,), (1,), (2,), (3,), (4,)]


def test_replace_without_rows_empties_the_table_which_goes_on(loaded: LakeTable) -> None:
    loaded.change([], kind=ChangeKind.REPLACE, proof={"odp.empty": "1"})
    assert loaded.rows() == []
    assert loaded.commit().proof == {"odp.empty": "1"}
    loaded.change([("I", 5, 50, "north"), ("D", 1, None, None)])
    assert loaded.rows() == [(5, 50, "north")]


def test_merge_without_rows_keeps_the_rows_and_the_new_proof(loaded: LakeTable) -> None:
    before = loaded.rows()
    loaded.change([], proof={"odp.file_ids": '["empty"]'})
    assert (loaded.rows(), loaded.commit().proof) == (before, {"odp.file_ids": '["empty"]'})


def test_rewrite_keeps_the_proof_of_before(loaded: LakeTable) -> None:
    schema = "Op string, ID bigint, V bigint, REGION string"
    before = loaded.commit()
    loaded.change(ROWS, schema, kind=ChangeKind.REWRITE, proof={})
    assert (loaded.commit().proof, loaded.commit().rows) == (before.proof, before.rows)
    assert loaded.native.existing() == StoredTable(loaded.commit().time, columns(schema), before.proof)


def test_rows_are_read_in_pieces_as_the_table_has_them(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 11, "north", "x")], f"{SCHEMA}, NOTE string")
    found = pa.concat_tables(loaded.native.rows()).to_pylist()
    assert sorted((row["ID"], row["V"], row["NOTE"]) for row in found if row["ID"] != 3) == [
        (1, 11, "x"),
        (2, 20, None),
    ]


@pytest.mark.parametrize("kind", [ChangeKind.MERGE, ChangeKind.REPLACE])
@pytest.mark.parametrize("schema", [SCHEMA, f"{SCHEMA}, NOTE string"])
def test_rule_8_run_that_lost_its_lease_leaves_the_table_as_it_is(
    loaded: LakeTable, kind: ChangeKind, schema: str
) -> None:
    before, rows = loaded.native.existing(), loaded.rows()
    values = ("U", 1, 99, "north", "x")[: len(columns(schema))]
    with pytest.raises(LeaseLostError):
        loaded.change([values], schema, kind=kind, check_lease=lost)
    assert (loaded.native.existing(), loaded.rows()) == (before, rows)


def test_rule_8_run_that_lost_its_lease_makes_no_table(table: LakeTable) -> None:
    with pytest.raises(LeaseLostError):
        table.change(ROWS, check_lease=lost)
    assert table.native.existing() is None
    table.change(ROWS)
    assert len(table.rows()) == 3


def test_run_makes_several_commits_under_one_lease(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 11, "north")], fence=7)
    loaded.change([("U", 1, 13, "north")], fence=7)
    assert loaded.rows("ID", "V")[0] == (1, 13)


def test_comments_of_columns_are_in_the_catalog(loaded: LakeTable) -> None:
    published = loaded.native.publish("", lambda proof: {"V": proof["odp.file_ids"]})
    assert published == loaded.commit().time
    assert {field.name: field.doc for field in loaded.stored.schema().fields if field.doc} == {"V": '["f1"]'}
    loaded.change([("U", 1, 11, "north")])
    assert loaded.native.publish(published, lambda _: {}) == loaded.commit().time
    assert loaded.rows("ID", "V")[0] == (1, 11)


def test_table_of_someone_else_is_refused(lake: Lake, table: LakeTable) -> None:
    lake.reader.create_table((DATABASE, table.definition.name), Schema(NestedField(1, "ID", LongType())))
    assert table.native.existing() is None
    with pytest.raises(RejectedInputError, match="carry no proof"):
        table.native.repair(None, nothing)


def test_change_above_the_limits_writes_nothing(loaded: LakeTable) -> None:
    files = set(loaded.lake.folder.rglob("*"))
    for limits in (Limits(touched_bytes=10), Limits(changed_rows=1)):
        with pytest.raises(BeyondEngineError, match="2 changed rows touch 2 data files"):
            replace(loaded, limits=limits).change([("U", 1, 11, "north"), ("D", 2, None, None)])
    assert set(loaded.lake.folder.rglob("*")) == files


@pytest.mark.parametrize(("limits", "comes_again"), [(Limits(touched_bytes=10), True), (Limits(changed_rows=1), False)])
def test_bytes_to_write_again_come_again_with_the_next_change_and_many_rows_do_not(
    loaded: LakeTable, limits: Limits, *, comes_again: bool
) -> None:
    with pytest.raises(BeyondEngineError) as refused:
        replace(loaded, limits=limits).change([("U", 1, 11, "north"), ("D", 2, None, None)])
    assert refused.value.comes_again is comes_again


def test_delete_files_of_another_writer_are_refused(loaded: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyiceberg.manifest import ManifestContent, ManifestFile

    monkeypatch.setattr(ManifestFile, "content", ManifestContent.DELETES, raising=False)
    with pytest.raises(RejectedInputError, match="delete files"):
        loaded.change([("U", 1, 11, "north")])


VALUES: list[tuple[str, Any, Any]] = [
    ("int", -7, 8),
    ("bigint", 2**40, -1),
    ("date", date(1400, 1, 31), date(9999, 12, 31)),
    ("boolean", True, False),
    ("decimal(8,2)", Decimal("123456.78"), Decimal("-0.01")),
    ("timestamp", datetime(2026, 1, 31, 10, 30, 0, 123456, UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)),
    ("string", "b/c:=% é", ""),
]


PARTITIONS = [
    *(("P", *values) for values in VALUES),
    *(("day(P)", *values) for values in VALUES if values[0] in ("date", "timestamp")),
    *(("bucket(3, P)", *values) for values in VALUES if values[0] != "boolean"),
]


@pytest.mark.parametrize(("partition_by", "type_", "one", "other"), PARTITIONS)
def test_trap_t8_partition_of_any_type_gives_its_values_back(
    lake: Lake, partition_by: str, type_: str, one: Any, other: Any
) -> None:
    table = lake.table(partition_by=partition_by)
    schema = f"Op string, ID bigint, P {type_}"
    table.change([("I", 1, one), ("I", 2, other), ("I", 3, None)], schema)
    table.change([("U", 1, other), ("D", 2, None), ("U", 3, one)], schema)
    assert table.rows("ID", "P") == [(1, other), (3, one)]
    assert {len(file.partition) for file in _files(table)} == {1}


@pytest.mark.parametrize("type_", [type_ for type_, _, _ in VALUES])
def test_keys_of_any_type_are_found(lake: Lake, type_: str) -> None:
    one, other = next((one, other) for name, one, other in VALUES if name == type_)
    table = lake.table(record_key="K", key_columns=("K",), partition_by=None)
    schema = f"Op string, K {type_}, V int"
    table.change([("I", one, 1), ("I", other, 2), ("I", None, 3)], schema)
    table.change([("U", one, 4), ("D", other, None)], schema)
    assert table.rows("K", "V") == sorted([(one, 4), (None, 3)], key=repr)


@pytest.mark.parametrize(
    ("partition_by", "message"),
    [
        ("NOPE", "is no column"),
        ("day(V)", "is of type int"),
        ("a b", "is no column"),
    ],
)
def test_unknown_partition_is_refused_before_anything_is_written(lake: Lake, partition_by: str, message: str) -> None:
    table = lake.table(partition_by=partition_by)
    with pytest.raises(RejectedInputError, match=message):
        table.change(ROWS)
    assert not list(lake.folder.rglob(f"{table.definition.name}/*"))


def _files(table: LakeTable) -> list[Any]:
    return [task.file for task in table.stored.scan().plan_files()]
