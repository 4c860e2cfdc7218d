"""The options of a Hudi write follow from the table's definition and the kind of the change."""

from dataclasses import replace

import pytest

from lake.tables.change import ChangeKind, TableDefinition
from lake.tables.columns import BIGINT, INT, Binary, String, Timestamp
from lake.tables.hudi.options import IndexSettings, look_up_tasks, proof_options, write_options
from lake.tables.partitions import Partition

TABLE = TableDefinition("db", "t", "s3://bucket/db/t", "ID", ("ID",), Partition("REGION"), ("Op", "D"), "copy_on_write")
WITHOUT_DELETES = replace(TABLE, delete_marker=None)
COLUMNS = {"ID": BIGINT, "LINE": INT, "REGION": String(), "AT": Timestamp(), "HASH": Binary()}


def options(
    table: TableDefinition = TABLE,
    kind: ChangeKind = ChangeKind.MERGE,
    *,
    moves_rows: bool = True,
    exists: bool = True,
) -> dict[str, str]:
    return write_options(table, kind, COLUMNS, IndexSettings(3, moves_rows) if exists else None)


@pytest.mark.parametrize(
    ("kind", "exists", "operation"),
    [
        (ChangeKind.MERGE, False, "bulk_insert"),
        (ChangeKind.MERGE, True, "upsert"),
        (ChangeKind.REPLACE, False, "insert_overwrite_table"),
        (ChangeKind.REPLACE, True, "insert_overwrite_table"),
        (ChangeKind.REWRITE, True, "insert_overwrite_table"),
    ],
)
def test_each_kind_of_change_is_one_write_operation_that_leaves_no_key_twice(
    kind: ChangeKind, exists: bool, operation: str
) -> None:
    assert options(kind=kind, exists=exists)["hoodie.datasource.write.operation"] == operation


def test_hudi_compares_no_column_so_that_the_last_commit_wins() -> None:
    assert not [name for name in options() if "precombine" in name or "ordering" in name]


@pytest.mark.parametrize(
    ("partition", "generator"), [("REGION", "SimpleKeyGenerator"), (None, "NonpartitionedKeyGenerator")]
)
def test_record_key_is_one_column(partition: str | None, generator: str) -> None:
    given = options(replace(TABLE, record_key="_odp_key", partition_by=Partition(partition) if partition else None))
    assert given["hoodie.datasource.write.keygenerator.class"].endswith(f".{generator}")
    assert given["hoodie.datasource.write.recordkey.field"] == "_odp_key"


@pytest.mark.parametrize(("key", "is_fast"), [("ID", "true"), ("_odp_key", "true"), ("AT", "false"), ("HASH", "false")])
def test_bulk_insert_writes_keys_by_its_fast_way_only_if_that_writes_them_as_an_upsert_does(
    key: str, is_fast: str
) -> None:
    assert options(replace(TABLE, record_key=key))["hoodie.datasource.write.row.writer.enable"] == is_fast


def test_partitioned_table_has_a_global_index_that_moves_rows_unless_it_is_known_that_none_moves() -> None:
    assert options()["hoodie.index.type"] == "GLOBAL_SIMPLE"
    assert options()["hoodie.simple.index.update.partition.path"] == "true"
    assert options(moves_rows=False)["hoodie.simple.index.update.partition.path"] == "false"
    assert options(replace(TABLE, partition_by=None))["hoodie.index.type"] == "SIMPLE"


def test_index_looks_up_in_the_given_number_of_tasks_instead_of_hudis_sixty_and_only_for_changes() -> None:
    assert options()["hoodie.global.index.reconcile.parallelism"] == "3"
    assert options()["hoodie.global.simple.index.parallelism"] == "3"
    assert options(replace(TABLE, partition_by=None))["hoodie.simple.index.parallelism"] == "3"
    assert not [name for name in options(kind=ChangeKind.REPLACE) if "index" in name]


@pytest.mark.parametrize(
    ("data_files", "tasks"),
    [
        ([], 1),
        ([600_000, 700_000], 1),
        ([10_000] * 9, 3),
        ([9 << 20], 3),
        ([1 << 30] * 100, 8),
    ],
)
def test_look_up_has_a_task_for_every_four_files_or_four_megabytes_as_far_as_there_are_slots(
    data_files: list[int], tasks: int
) -> None:
    assert look_up_tasks(data_files, task_slots=8) == tasks


def test_marked_rows_delete_those_of_their_keys_only_if_the_definition_marks_any() -> None:
    assert options()["hoodie.payload.delete.field"] == "Op"
    assert options()["hoodie.payload.delete.marker"] == "D"
    assert "hoodie.payload.delete.marker" not in options(WITHOUT_DELETES)


def test_commit_carries_the_proof_if_there_is_one() -> None:
    assert proof_options({"odp.state": "{}"}) == {
        "odp.state": "{}",
        "hoodie.datasource.write.commitmeta.key.prefix": "odp.",
    }
    assert proof_options({}) == {}


def test_table_is_of_version_six_and_never_upgraded() -> None:
    assert (options()["hoodie.write.table.version"], options()["hoodie.write.auto.upgrade"]) == ("6", "false")


def test_last_ten_commits_can_be_read_as_they_were() -> None:
    """Defect 17 of the reference: it kept one commit and promised time travel."""
    assert options()["hoodie.clean.commits.retained"] == "10"


def test_configured_table_type_is_used() -> None:
    """Defect 15 of the reference: merge on read was impossible."""
    merge_on_read = replace(TABLE, table_type="merge_on_read")
    assert options(merge_on_read)["hoodie.datasource.write.table.type"] == "MERGE_ON_READ"
