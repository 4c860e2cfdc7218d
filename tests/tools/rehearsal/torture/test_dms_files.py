"""The tester's files are named and filled as DMS may name and fill them, and the framework knows them all."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from odp.file_manager.sources import Sources
from odp.records import FileType

from rehearsal.source.dms import CHANGE_SEQUENCE, DELIMITERS, OP, SEQUENCES, DatePartitions, DmsSettings
from rehearsal.torture.dms_files import BEFORE, DmsFile, DmsTable, any_settings
from rehearsal.torture.source_table import Change, SourceTable


def table(settings: DmsSettings, *, rows: int = 6, **how: Any) -> DmsTable:
    """A table with the unchanged rows 0 to n-1."""
    source = SourceTable(("ID",), keys=rows)
    draw = Random(1)
    while len(source.rows) < rows:
        source.change(draw)
    moments = (datetime(2026, 3, 31, 23, tzinfo=UTC) + timedelta(hours=hour) for hour in range(10_000))
    return DmsTable("t1", source, settings, lambda: next(moments), **how)


def every_key() -> Iterator[tuple[str, DmsFile, FileType]]:
    partitions = [DatePartitions(sequence, delimiter) for sequence in SEQUENCES for delimiter in DELIMITERS]  # type: ignore[arg-type]
    for folder in ("", "deep/folder"):
        for partition in (None, *partitions):
            writer = table(DmsSettings("sales", folder, partition, rows_per_file=2))
            yield from ((folder, file, FileType.CHANGES) for file in writer.changes())
            yield from ((folder, file, FileType.FULL_LOAD) for file in writer.full_load())


@pytest.mark.parametrize(("folder", "file", "file_type"), list(every_key()))
def test_framework_knows_schema_table_and_type_of_every_key(folder: str, file: DmsFile, file_type: FileType) -> None:
    found = Sources({"default": folder}).parse_object_key(file.key)
    assert (found.source_table_name, found.file_type) == ("sales.t1", file_type)
    assert found.folder == "/".join([*filter(None, [folder]), "sales", "t1", ""])


def test_parts_of_a_load_are_counted_in_hexadecimal_digits() -> None:
    names = [file.key.rpartition("/")[2] for file in table(DmsSettings("s", rows_per_file=1), rows=17).full_load()]
    assert names[8:11] == ["LOAD00000009.parquet", "LOAD0000000A.parquet", "LOAD0000000B.parquet"]
    assert names[16] == "LOAD00000011.parquet"


@pytest.mark.parametrize("sequence", ["", None])
@pytest.mark.parametrize("has_operation", [True, False])
def test_full_load_has_no_change_sequence_and_an_operation_only_if_wanted(
    sequence: str | None, has_operation: bool
) -> None:
    (file,) = table(DmsSettings("s", op_on_full_load=has_operation, full_load_sequence=sequence)).full_load()
    assert {row[CHANGE_SEQUENCE] for row in file.rows} == {sequence}
    assert {row.get(OP) for row in file.rows} == ({"I"} if has_operation else {None})
    assert (OP in file.columns) == has_operation


def test_deletes_may_carry_the_key_alone() -> None:
    (file,) = table(DmsSettings("s", deletes_carry="key"), rows=4).changes()
    deletes = [row for row in file.rows if row[OP] == "D"]
    assert deletes
    filled = [{name for name, value in row.items() if value is not None} for row in deletes]
    assert all(names == {"ID", OP, CHANGE_SEQUENCE} for names in filled)


def test_changes_come_once_until_the_task_starts_again_from_an_older_checkpoint() -> None:
    writer = table(DmsSettings("s"))
    (first,) = writer.changes()
    assert writer.changes() == []
    writer.rewind(Random(3))
    (again,) = writer.changes()
    assert again.rows == first.rows[-len(again.rows) :]
    assert again.key > first.key


def test_settings_are_drawn_from_all_that_are_legal() -> None:
    drawn = [any_settings(Random(seed), "crm/dms") for seed in range(300)]
    partitions = {settings.date_partitions for settings in drawn}
    assert len(partitions) == 1 + len(SEQUENCES) * len(DELIMITERS)
    assert {settings.deletes_carry for settings in drawn} == {"row", "key"}
    assert {settings.full_load_sequence for settings in drawn} == {"", None}
    assert {settings.folder for settings in drawn} == {"crm/dms"}


def test_segments_of_a_parallel_load_count_their_parts_from_one_each_and_share_the_rows() -> None:
    files = table(DmsSettings("s", rows_per_file=2), segments=2).full_load()
    assert [file.name for file in files] == [
        "SEGMENT1_LOAD00000001.parquet",
        "SEGMENT1_LOAD00000002.parquet",
        "SEGMENT2_LOAD00000001.parquet",
        "SEGMENT2_LOAD00000002.parquet",
    ]
    assert all(file.is_load for file in files)
    assert sorted(row["ID"] for file in files for row in file.rows) == list(range(6))
    segments = [Sources({"default": ""}).parse_object_key(file.key).segment for file in files]
    assert segments == ["SEGMENT1_", "SEGMENT1_", "SEGMENT2_", "SEGMENT2_"]


def test_load_of_a_task_moves_its_position_and_one_of_another_task_does_not() -> None:
    one_task, two_tasks = table(DmsSettings("s")), table(DmsSettings("s"), writes_changes_apart=True)
    for writer in (one_task, two_tasks):
        writer.full_load()
    assert one_task.changes() == []
    assert len(two_tasks.changes()) == 1


@pytest.mark.parametrize("before_images", [True, False])
def test_update_of_a_key_carries_the_former_key_only_with_before_images(before_images: bool) -> None:
    writer = table(DmsSettings("s"), before_images=before_images)
    writer.changes()
    writer.source.rows[100,] = {**writer.source.rows.pop((0,)), "ID": 100}
    writer.source.log.append(Change("U", writer.source.rows[100,], "9", (0,)))
    (file,) = writer.changes()
    (row,) = file.rows
    assert (row["ID"], row.get(f"{BEFORE}ID")) == (100, 0 if before_images else None)
    assert (f"{BEFORE}ID" in file.columns) == before_images


def test_task_never_starts_again_from_before_its_checkpoint() -> None:
    writer = table(DmsSettings("s"))
    writer.changes()
    writer.keep_checkpoint()
    for seed in range(20):
        writer.rewind(Random(seed))
    assert writer.changes() == []


def test_broken_file_is_named_like_a_change_and_has_no_columns() -> None:
    file = table(DmsSettings("s")).no_parquet()
    assert (file.is_load, dict(file.columns), file.rows) == (False, {}, ())
