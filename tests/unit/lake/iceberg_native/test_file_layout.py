"""What a commit costs does not grow with the table or its age: files, row groups, manifests, snapshots, requests."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import IdentityTransform

from lake.errors import RejectedInputError
from lake.tables.change import ChangeKind
from lake.tables.iceberg import options
from lake.tables.iceberg_native import data_file_reader, data_file_writer, retention
from lake.tables.iceberg_native.lake_io import _MetadataFile
from lake.tables.iceberg_native.partitions import split
from lake.tables.iceberg_native.row_change import Limits
from tests.unit.lake.iceberg_native.lake import DATABASE, ROWS, SCHEMA, Lake, LakeTable, arrow
from tests.unit.lake.iceberg_native.observed import Calls, Killed

pytestmark = pytest.mark.simulation


def path(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def all_files(table: LakeTable) -> set[Path]:
    return {file for file in path(table.definition.location).rglob("*") if file.is_file()}


def reachable(table: LakeTable) -> set[Path]:
    """Every file that the table's metadata refers to, as pyiceberg alone reads it."""
    stored = table.stored
    found = {stored.metadata_location, *(entry.metadata_file for entry in stored.metadata.metadata_log)}
    for snapshot in stored.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(stored.io):
            found.add(manifest.manifest_path)
            found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(stored.io)}
    return {path(uri) for uri in found}


def test_merge_touches_only_files_with_keys_of_the_change(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(options.MERGED_TABLE_PROPERTIES, options.TARGET_PROPERTY, "1")
    for module in (data_file_reader, data_file_writer):
        monkeypatch.setattr(module, "ROW_GROUP", 10)
    table = lake.table(partition_by=None)
    table.change([("I", key, key, None) for key in range(100)])
    before = set(table.data_files())
    assert len(before) == 10
    with Calls.watched() as seen:
        table.change([("U", 15, 0, None), ("D", 17, None, None)])
    assert len(before - set(table.data_files())) == 1
    assert Counter(seen)["read data"] == 1, "statistics leave the other files out"


@pytest.mark.parametrize("partition_by", ["ID", "bucket(8, ID)"])
def test_partitions_of_keys_leave_files_out(lake: Lake, partition_by: str) -> None:
    table = lake.table(partition_by=partition_by)
    table.change([("I", key, key, None) for key in range(40)])
    with Calls.watched() as seen:
        table.change([("U", 15, 0, None)])
    assert Counter(seen)["read data"] == 1
    assert (15, 0) in table.rows("ID", "V")


def test_days_of_keys_leave_files_out(lake: Lake) -> None:
    table = lake.table(record_key="T", key_columns=("T",), partition_by="day(T)")
    schema = "Op string, T timestamp, V int"
    table.change([("I", datetime(2026, 1, day, 12, tzinfo=UTC), day) for day in range(1, 20)], schema)
    with Calls.watched() as seen:
        table.change([("U", datetime(2026, 1, 7, 12, tzinfo=UTC), 70)], schema)
    assert Counter(seen)["read data"] == 1
    assert 70 in [value for (value,) in table.rows("V")]


def test_statistics_of_before_a_key_was_widened_find_its_rows(lake: Lake) -> None:
    table = lake.table(partition_by=None)
    table.change([("I", 2_000, 1)], "Op string, ID int, V int")
    table.change([("I", 2**40, 2)], "Op string, ID bigint, V int", may_match=False)
    table.change([("U", 2_000, 3)], "Op string, ID bigint, V int")
    assert table.rows("ID", "V") == [(2**40, 2), (2_000, 3)]


def test_trap_t3_manifests_do_not_become_more(lake: Lake) -> None:
    merged, appended = lake.table(partition_by=None), lake.table(partition_by="ID", delete_marker=None)
    for number in range(30):
        merged.change([("U", number % 3, number, None)])
        appended.change([("I", number, number, None)], may_match=False)
    for table, most in ((merged, 1), (appended, 10)):
        stored = table.stored
        assert len(stored.metadata.current_snapshot().manifests(stored.io)) <= most  # type: ignore[union-attr]
    assert len(merged.rows()) == 3
    assert len(appended.rows()) == 30


def test_trap_t4_row_groups_and_files_do_not_become_more(lake: Lake) -> None:
    table = lake.table(partition_by=None)
    for number in range(20):
        table.change([("I", number, number, None), ("U", 0, number, None)])
        table.change([("I", 1000 + number, number, None)], may_match=False)
    (file,) = table.data_files()
    assert pq.ParquetFile(path(file)).num_row_groups == 1
    assert len(table.rows()) == 40


def test_small_files_are_taken_along_while_they_fit_into_what_a_change_may_write_again(lake: Lake) -> None:
    """Or a change that touches nothing would write hundreds of files again, and a function would run out of time."""
    rows = [("I", number, number, f"p{number}") for number in range(40)]
    table = lake.table()
    table.change(rows)
    before = {str(row["file_path"]): int(row["file_size_in_bytes"]) for row in files_of(table)}
    limited = replace(table, limits=Limits(touched_bytes=3 * max(before.values())))
    limited.change([("I", 100 + number, number, f"p{number}") for number in range(40)])
    again = [size for path, size in before.items() if path not in table.data_files()]
    assert 2 <= len(again) <= 3
    assert sum(again) <= 3 * max(before.values())
    assert len(table.rows()) == 80


def files_of(table: LakeTable) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.stored.inspect.files().to_pylist()
    return found


def test_table_called_metadata_has_data_files_as_any_other(lake: Lake) -> None:
    """Files of metadata are kept in memory and written in one request; data files are not."""
    table = lake.table(name="metadata", location=f"{lake.root}/{DATABASE}/metadata")
    table.change(ROWS)
    kept = {path for path in _MetadataFile.kept if f"/{DATABASE}/metadata/" in path}
    assert kept
    assert kept.isdisjoint(table.data_files())


def test_trap_t7_a_commit_makes_few_requests(loaded: LakeTable) -> None:
    with Calls.watched() as seen:
        loaded.change([("U", 1, 11, "north")])
    assert Counter(seen) == {
        "load table": 2,  # the run's, and the catalog's own right before it writes
        "ask for commit": 1,
        "answer of commit": 1,
        "read metadata": 2,
        "read list": 1,
        "read manifest": 1,
        "read data": 1,
        "write data": 1,
        "write manifest": 2,
        "write list": 1,
        "write metadata": 1,
    } | {name: count for name, count in Counter(seen).items() if name == "write manifest"}


def test_trap_t10_long_proof_is_kept_once_and_not_in_every_snapshot(loaded: LakeTable) -> None:
    def proof(number: int) -> dict[str, str]:
        return {"odp.file_ids": json.dumps([f"{number:08d}{file:056d}" for file in range(1000)]), "odp.state": "{}"}

    for number in range(5):
        loaded.change([("U", 1, number, "north")], proof=proof(number))
        assert loaded.commit().proof == proof(number)
    size = path(loaded.stored.metadata_location).stat().st_size
    assert size < 2 * len(proof(0)["odp.file_ids"])
    loaded.change([("U", 1, 0, "north")], proof={"odp.file_ids": "[]"})
    assert loaded.commit().proof == {"odp.file_ids": "[]"}
    assert path(loaded.stored.metadata_location).stat().st_size < 30_000


def test_proof_of_any_length_is_kept_in_properties_that_the_data_catalog_takes(loaded: LakeTable) -> None:
    """The Data Catalog takes 512,000 bytes in a property."""
    proof = {"odp.file_ids": random.Random(1).randbytes(500_000).hex()}  # noqa: S311
    loaded.change([("U", 1, 0, "north")], proof=proof)
    assert loaded.commit().proof == proof
    kept = [value for name, value in loaded.stored.properties.items() if name.startswith("odp.")]
    assert len(kept) > 1
    assert max(map(len, kept)) < 512_000
    loaded.change([("U", 1, 1, "north")], proof={"odp.file_ids": "[]"})
    assert not [name for name in loaded.stored.properties if name.startswith("odp.")]


def test_table_that_was_rolled_back_to_a_commit_with_a_long_proof_is_refused(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 1, "north")], proof={"odp.file_ids": "x" * 5_000})
    then = loaded.stored.metadata.current_snapshot_id
    loaded.change([("U", 1, 2, "north")], proof={"odp.file_ids": "y" * 5_000})
    assert then is not None
    loaded.stored.manage_snapshots().set_current_snapshot(then).commit()
    with pytest.raises(RejectedInputError, match="rolled back"):
        loaded.native.existing()


def test_other_writers_commits_without_proof_leave_the_proof_as_it_is(loaded: LakeTable) -> None:
    proof = loaded.commit().proof
    loaded.stored.overwrite(loaded.stored.scan().to_arrow())
    existing = loaded.native.existing()
    assert existing is not None
    assert existing.proof == proof
    assert existing.commit_time > loaded.commit().time
    loaded.change([("U", 1, 11, "north")])
    assert loaded.rows("ID", "V") == [(1, 11), (2, 20), (3, 30)]


def test_old_snapshots_are_forgotten_and_their_files_deleted(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "QUERY_MS", -1)
    table = lake.table(partition_by="REGION")
    for number in range(90):
        table.change([("U", number % 4, number, "abc"[number % 3]), ("D", 5, None, None)], proof={"odp.n": str(number)})
    assert 50 <= len(table.stored.metadata.snapshots) <= 60
    assert all_files(table) == reachable(table)
    assert table.commit().proof == {"odp.n": "89"}
    assert table.rows("ID", "V") == [(0, 88), (1, 89), (2, 86), (3, 87)]


def test_old_files_of_killed_runs_are_deleted_with_forgotten_snapshots(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However old the table's own files are, and those that another run writes at this moment."""
    monkeypatch.setattr(retention, "QUERY_MS", -1)
    monkeypatch.setattr(retention, "MOST_SNAPSHOTS", 5)
    monkeypatch.setitem(options.MERGED_TABLE_PROPERTIES, options.MIN_SNAPSHOTS, "5")
    table = lake.table(partition_by="REGION")
    table.change([("I", 1, 0, "a b"), ("I", 9, 0, "never written again")])
    for step in ("write manifest", "write list", "write metadata", "ask for commit"):
        with pytest.raises(Killed), Calls.watched(failing_before(step)):
            table.change([("U", 1, 99, "a b")])
    orphans = all_files(table) - reachable(table)
    assert len(orphans) > 8
    foreign = path(table.definition.location) / "data" / "of_someone.csv"
    foreign.write_text("1")
    for file in all_files(table):
        os.utime(file, (0, 0))
    with pytest.raises(Killed), Calls.watched(failing_before("ask for commit")):
        table.change([("U", 1, 99, "a b")])
    under_way = all_files(table) - reachable(table) - orphans - {foreign}
    for number in range(17):
        table.change([("U", 1, number, "a b")])
    assert len(table.stored.metadata.snapshots) < 17
    assert all_files(table) == reachable(table) | under_way | {foreign}
    assert table.rows("ID", "V") == [(1, 16), (9, 0)]


def failing_before(step: str) -> Callable[[str], None]:
    def at(what: str) -> None:
        if what == step:
            raise Killed

    return at


def test_snapshots_that_a_query_may_read_or_a_tag_names_are_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    table = lake.table(partition_by=None)
    table.change([("I", 1, 0, None)])
    first = table.stored.metadata.current_snapshot_id
    assert first is not None
    table.stored.manage_snapshots().create_tag(first, "kept").commit()
    for number in range(65):
        table.change([("U", 1, number, None)])
    assert len(table.stored.metadata.snapshots) == 66, "all are younger than a query may take"
    monkeypatch.setattr(retention, "QUERY_MS", -1)
    table.change([("U", 1, 99, None)])
    assert len(table.stored.metadata.snapshots) < 60
    assert table.stored.scan(snapshot_id=first).to_arrow()["V"].to_pylist() == [0]


def test_metadata_files_of_before_are_deleted_but_the_newest(lake: Lake) -> None:
    table = lake.table(partition_by=None)
    for number in range(30):
        table.change([("U", 1, number, None)])
    assert len(list(path(table.definition.location).rglob("*.metadata.json"))) == 21


def test_files_without_field_ids_are_refused(loaded: LakeTable) -> None:
    foreign = path(loaded.definition.location) / "foreign.parquet"
    pq.write_table(arrow([("I", 8, 80, "north")]), foreign)
    plain = loaded.lake.table(partition_by=None)
    plain.change([("I", 1, 10, "north")])
    plain.stored.add_files([str(foreign)])
    with pytest.raises(RejectedInputError, match="has no field ids"):
        plain.change([("U", 8, 81, "north")])


def test_rows_are_parted_by_every_field_of_a_partition(loaded: LakeTable) -> None:
    schema = loaded.stored.schema()
    spec = PartitionSpec(
        PartitionField(schema.find_field("REGION").field_id, 1000, IdentityTransform(), "REGION"),
        PartitionField(schema.find_field("V").field_id, 1001, IdentityTransform(), "V"),
    )
    rows = [("I", key, key % 3, "ab"[key % 2]) for key in range(12)]
    parts: dict[Any, list[int]] = {
        (record[0], record[1]): sorted(part["ID"].to_pylist()) for record, part in split(arrow(rows), spec, schema)
    }
    assert parts == {(r, v): [k for k in range(12) if k % 3 == v and "ab"[k % 2] == r] for r in "ab" for v in range(3)}


def test_load_writes_files_of_the_target_size(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(options.MERGED_TABLE_PROPERTIES, options.TARGET_PROPERTY, "20000")
    monkeypatch.setattr(data_file_writer, "ROW_GROUP", 1_000)
    table = lake.table(partition_by=None)
    table.change([("I", key, key * 7919 % 10_007, f"text {key * 7919 % 10_007}") for key in range(10_000)], SCHEMA)
    sizes = [path(file).stat().st_size for file in table.data_files()]
    assert len(sizes) > 3
    assert max(sizes) < 40_000


def test_waiting_rows_of_many_partitions_are_bounded(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_file_writer, "_WAITING_BYTES", 1_000)
    table = lake.table(partition_by="V")
    table.change([("I", key, key % 10, "x" * 20) for key in range(500)], kind=ChangeKind.REPLACE)
    assert len(table.rows()) == 500
    assert len(table.data_files()) == 10
