"""The options of a Hudi write follow from the table's configuration and the decided refresh."""

from dataclasses import replace

import pytest
from odp.file_processor.apply.own_columns import own_columns, record_key
from odp.file_processor.table_writers.hudi_options import IndexLookUp, look_up_tasks, write_options
from odp.records import FileType, LandedFile, RawTableConfig, VersioningType
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.tables.columns import BIGINT, INT, Binary, String, Timestamp

CONFIG = RawTableConfig(
    "c", "s.t", ("ID",), "REGION", "SEQ", "copy_on_write", VersioningType.SNAPSHOT, "hudi", True, "db", "bucket", "t"
)
FILE = LandedFile("s.t", "f1", FileType.FULL_LOAD, "s", "t", "b", "s/t/LOAD00000001.parquet", 1, "", "2026")
COLUMNS = {"ID": BIGINT, "LINE": INT, "REGION": String(), "SEQ": String(), "AT": Timestamp(), "HASH": Binary()}
STATE = TableState(2, frozenset({FILE.key}), "20260101-000000001.parquet")


def options(
    config: RawTableConfig = CONFIG,
    kind: RefreshKind = RefreshKind.CHANGES,
    *,
    moves_rows: bool = True,
    is_held: bool = True,
) -> dict[str, str]:
    refresh = RefreshPlan(kind, (FILE,), (), STATE, skipped=(replace(FILE, file_id="f0"),))
    return write_options(config, refresh, COLUMNS, IndexLookUp(3, moves_rows) if is_held else None)


HISTORICAL = replace(CONFIG, table_data_versioning_type=VersioningType.HISTORICAL)


@pytest.mark.parametrize(
    ("kind", "is_held", "of_snapshot", "of_historical"),
    [
        (RefreshKind.INITIAL, False, "bulk_insert", "bulk_insert"),
        (RefreshKind.INITIAL, True, "upsert", "upsert"),
        (RefreshKind.CHANGES, True, "upsert", "upsert"),
        (RefreshKind.RELOAD, True, "insert_overwrite_table", "upsert"),
        (RefreshKind.EMPTY, True, "insert_overwrite_table", "upsert"),
    ],
)
def test_each_kind_of_refresh_is_one_write_operation_that_leaves_no_key_twice(
    kind: RefreshKind, is_held: bool, of_snapshot: str, of_historical: str
) -> None:
    name = "hoodie.datasource.write.operation"
    assert options(kind=kind, is_held=is_held)[name] == of_snapshot
    assert options(HISTORICAL, kind, is_held=is_held)[name] == of_historical


def test_hudi_compares_no_column_so_that_the_last_commit_wins() -> None:
    assert not [name for name in options() if "precombine" in name or "ordering" in name]


@pytest.mark.parametrize(
    ("keys", "partition", "generator", "key"),
    [
        (("ID",), "REGION", "SimpleKeyGenerator", "ID"),
        (("ID",), None, "NonpartitionedKeyGenerator", "ID"),
        (("ID", "LINE"), "REGION", "SimpleKeyGenerator", "_odp_key"),
        (("ID", "LINE"), None, "NonpartitionedKeyGenerator", "_odp_key"),
    ],
)
def test_record_key_is_one_column_which_is_the_frameworks_own_for_several_keys(
    keys: tuple[str, ...], partition: str | None, generator: str, key: str
) -> None:
    config = replace(CONFIG, hudi_primary_key=keys, hudi_partition_key=partition)
    assert options(config)["hoodie.datasource.write.keygenerator.class"].endswith(f".{generator}")
    assert options(config)["hoodie.datasource.write.recordkey.field"] == key


@pytest.mark.parametrize(
    ("keys", "is_fast"),
    [(("ID",), "true"), (("ID", "LINE"), "true"), (("AT",), "false"), (("HASH",), "false"), (("ID", "HASH"), "true")],
)
def test_bulk_insert_writes_keys_by_its_fast_way_only_if_that_writes_them_as_an_upsert_does(
    keys: tuple[str, ...], is_fast: str
) -> None:
    config = replace(CONFIG, hudi_primary_key=keys)
    assert options(config)["hoodie.datasource.write.row.writer.enable"] == is_fast


def test_partitioned_table_has_a_global_index_that_moves_rows_unless_it_is_known_that_none_moves() -> None:
    assert options()["hoodie.index.type"] == "GLOBAL_SIMPLE"
    assert options()["hoodie.simple.index.update.partition.path"] == "true"
    assert options(moves_rows=False)["hoodie.simple.index.update.partition.path"] == "false"
    assert options(replace(CONFIG, hudi_partition_key=None))["hoodie.index.type"] == "SIMPLE"


def test_index_looks_up_in_the_given_number_of_tasks_instead_of_hudis_sixty_and_only_for_changes() -> None:
    assert options()["hoodie.global.index.reconcile.parallelism"] == "3"
    assert options()["hoodie.global.simple.index.parallelism"] == "3"
    assert options(replace(CONFIG, hudi_partition_key=None))["hoodie.simple.index.parallelism"] == "3"
    assert not [name for name in options(kind=RefreshKind.RELOAD) if "index" in name]


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


def test_snapshot_table_deletes_and_historical_table_keeps_deletes_under_a_key_with_the_version() -> None:
    assert options()["hoodie.payload.delete.marker"] == "D"
    assert "hoodie.payload.delete.marker" not in options(HISTORICAL)
    assert record_key(HISTORICAL) == "_odp_key"
    assert own_columns(HISTORICAL) == ("_odp_key", "_odp_version")


def test_table_is_of_version_six_and_never_upgraded() -> None:
    assert (options()["hoodie.write.table.version"], options()["hoodie.write.auto.upgrade"]) == ("6", "false")


def test_last_ten_commits_can_be_read_as_they_were() -> None:
    """Defect 17 of the reference: it kept one commit and promised time travel."""
    assert options()["hoodie.clean.commits.retained"] == "10"


def test_configured_table_type_is_used() -> None:
    """Defect 15 of the reference: merge on read was impossible."""
    merge_on_read = replace(CONFIG, hudi_table_type="merge_on_read")
    assert options(merge_on_read)["hoodie.datasource.write.table.type"] == "MERGE_ON_READ"
