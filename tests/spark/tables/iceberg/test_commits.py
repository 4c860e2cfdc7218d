"""Whatever a change does to an Iceberg table is one commit of the catalog: all of it is seen, or nothing."""
# ruff: noqa: S608 - the names in SQL are of this test

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.errors import TableMovedError
from lake.tables.change import ChangeKind, Proof, TableChange, TableDefinition
from lake.tables.columns import column_type
from lake.tables.iceberg.catalog import load_from
from lake.tables.iceberg.commits import forget_old_snapshots
from lake.tables.iceberg.table import IcebergTable
from lake.tables.partitions import partition_of

SCHEMA = "Op string, ID bigint, V int, AT timestamp, DAY date"
FIRST = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
PROOF = {"odp.file_ids": '["f1"]'}
ROWS = [("I", 1, 10, FIRST, date(2026, 1, 31)), ("I", 2, 20, None, None)]
_numbers = count(1)


class KilledError(Exception):
    """The run ends here."""


def killed() -> None:
    raise KilledError


@pytest.fixture
def definition(spark: SparkSession) -> TableDefinition:
    spark.sql("CREATE NAMESPACE IF NOT EXISTS glue_catalog.commits")
    name = f"t{next(_numbers)}"
    return TableDefinition("commits", name, f"s3://raw/commits/{name}", "ID", ("ID",), None, ("Op", "D"))


@pytest.fixture
def change(spark: SparkSession) -> Callable[..., None]:
    """Apply rows of a schema to a table."""

    def apply(
        definition: TableDefinition,
        rows: list[Any],
        schema: str = SCHEMA,
        *,
        kind: ChangeKind = ChangeKind.MERGE,
        proof: Proof = PROOF,
        check_lease: Callable[[], None] = lambda: None,
    ) -> None:
        table = IcebergTable(spark, definition)
        frame = spark.createDataFrame(rows, schema)
        columns = {name: column_type(type_) for name, type_ in (column.split() for column in schema.split(", "))}
        known = frame if table.existing() and kind is ChangeKind.MERGE else None
        table.apply(TableChange(kind, frame, columns, proof, known), check_lease)

    return apply


def seen(spark: SparkSession, definition: TableDefinition) -> tuple[Any, ...]:
    """What a reader sees: columns, rows, snapshots, branches, properties."""
    name = f"glue_catalog.commits.{definition.name}"
    frame = spark.table(name)
    history = spark.sql(f"SELECT snapshot_id FROM {name}.snapshots").collect()
    refs = spark.sql(f"SELECT name FROM {name}.refs").collect()
    properties = spark.sql(f"SHOW TBLPROPERTIES {name}").collect()
    return frame.columns, sorted(map(repr, frame.collect())), len(history), len(refs), sorted(map(repr, properties))


def last_of(checks: int) -> Callable[[], None]:
    """Kill a run at the check of the lease with this number."""
    left = count(1)
    return lambda: killed() if next(left) == checks else None


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        (ChangeKind.MERGE, 2),
        (ChangeKind.REPLACE, 2),
        # less is done by then than at 2
        pytest.param(ChangeKind.MERGE, 1, marks=pytest.mark.slow),
        pytest.param(ChangeKind.REPLACE, 1, marks=pytest.mark.slow),
    ],
)
def test_run_that_is_killed_before_its_commit_leaves_nothing_that_a_reader_sees(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None], kind: ChangeKind, at: int
) -> None:
    """Neither rows nor the columns that the change adds, nor a branch, nor a property."""
    change(definition, ROWS)
    before = seen(spark, definition)
    wider = "Op string, ID bigint, V bigint, AT timestamp, DAY date, NOTE string"
    row = ("U", 1, 2**40, FIRST, None, "new")
    with pytest.raises(KilledError):
        change(definition, [row], wider, kind=kind, proof=many(200), check_lease=last_of(at))
    assert seen(spark, definition) == before
    change(definition, [("U", 1, 11, FIRST, None)])
    assert IcebergTable(spark, definition).existing().columns.keys() == {"Op", "ID", "V", "AT", "DAY"}  # type: ignore[union-attr]


def many(files: int) -> dict[str, str]:
    return {"odp.file_ids": json.dumps([f"1/20260101-{number:09}.parquet/{number:032x}" for number in range(files)])}


def test_proof_of_thousands_of_files_comes_back_and_goes_with_the_next_commit(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None]
) -> None:
    """The summaries of snapshots stay small: each commit writes those of all snapshots again."""
    table = IcebergTable(spark, definition)
    for kind, files in ((ChangeKind.REPLACE, 3_000), (ChangeKind.MERGE, 5_000), (ChangeKind.MERGE, 1)):
        change(definition, ROWS, kind=kind, proof=many(files))
        assert table.last_commit().proof == many(files)  # type: ignore[union-attr]
        assert table.existing().proof == many(files)  # type: ignore[union-attr]
    name = f"glue_catalog.commits.{definition.name}"
    summaries = [row.summary for row in spark.sql(f"SELECT summary FROM {name}.snapshots").collect()]
    assert max(len(json.dumps(summary)) for summary in summaries) < 6_000
    properties = {row.key for row in spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}
    assert not [key for key in properties if key.startswith("odp.")]


@pytest.mark.parametrize("kind", [ChangeKind.MERGE, pytest.param(ChangeKind.REPLACE, marks=pytest.mark.slow)])
def test_rule_8_run_that_another_overtook_commits_nothing(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None], kind: ChangeKind
) -> None:
    """Even if the other changed no row: its proof must stay the newest."""
    change(definition, ROWS)
    checks = count(1)

    def other_commits() -> None:
        if next(checks) == 2:
            change(definition, [("D", 9, None, None, None)], proof={"odp.file_ids": '["of the other"]'})

    with pytest.raises(TableMovedError, match="has changed since this run read it, so its commit was refused"):
        change(definition, [("U", 1, 99, FIRST, None)], kind=kind, check_lease=other_commits)
    assert IcebergTable(spark, definition).last_commit().proof == {"odp.file_ids": '["of the other"]'}  # type: ignore[union-attr]
    assert sorted(spark.table(f"glue_catalog.commits.{definition.name}").select("ID", "V").collect()) == [
        (1, 10),
        (2, 20),
    ]


@pytest.mark.parametrize(
    ("kind", "is_new"),
    [
        (ChangeKind.MERGE, True),
        # both kinds of change make a table in the same way
        pytest.param(ChangeKind.REPLACE, True, marks=pytest.mark.slow),
        (ChangeKind.MERGE, False),
        (ChangeKind.REPLACE, False),
    ],
)
def test_rule_8_commit_that_comes_between_reading_and_writing_is_not_built_upon(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None], kind: ChangeKind, is_new: bool
) -> None:
    """A run that was paused after its last check may still commit, while the next run has the table read already."""
    if not is_new:
        change(definition, ROWS)
    table = IcebergTable(spark, definition)
    table.existing()
    change(definition, [("I", 3, 30, None, None)], proof={"odp.file_ids": '["late"]'})
    before = seen(spark, definition)
    rows = spark.createDataFrame([("I", 4, 40, None, None)], SCHEMA)
    columns = {name: column_type(type_) for name, type_ in (column.split() for column in SCHEMA.split(", "))}
    known = rows if kind is ChangeKind.MERGE and not is_new else None
    with pytest.raises(TableMovedError, match=definition.name):
        table.apply(TableChange(kind, rows, columns, PROOF, known), lambda: None)
    assert seen(spark, definition) == before


@pytest.mark.parametrize(
    "partition_by",
    [
        "day(AT)",
        # Iceberg makes these partitions of rows, too: the table is changed in the same way
        *(pytest.param(by, marks=pytest.mark.slow) for by in ("DAY", "bucket(3, V)", "day(DAY)", "bucket(4, ID)")),
    ],
)
def test_rows_of_a_partitioned_table_move_and_come_back(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None], partition_by: str
) -> None:
    table = replace(definition, partition_by=partition_of(partition_by))
    change(table, ROWS)
    later = datetime(2026, 2, 1, 0, 0, tzinfo=UTC)
    change(table, [("U", 1, 11, later, date(2026, 2, 1)), ("D", 2, None, None, None), ("I", 3, 30, FIRST, None)])
    name = f"glue_catalog.commits.{table.name}"
    found = sorted(tuple(row) for row in spark.table(name).select("ID", "V", "DAY").collect())
    assert found == [(1, 11, date(2026, 2, 1)), (3, 30, None)]
    assert len(spark.sql(f"SELECT * FROM {name}.partitions").collect()) == 2
    change(table, ROWS, kind=ChangeKind.REPLACE)
    assert spark.table(name).count() == 2


def test_tables_are_changed_in_threads_that_know_no_session(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None]
) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(IcebergTable(spark, definition).last_commit).result()
        thread.submit(change, definition, ROWS).result()
    assert IcebergTable(spark, definition).last_commit() is not None


def test_table_that_is_refreshed_each_minute_keeps_a_bounded_number_of_snapshots(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that a query may still read stay, whatever their number."""
    monkeypatch.setattr("lake.tables.iceberg.commits.MOST_SNAPSHOTS", 4)
    for value in range(4):
        change(definition, [("I", 1, value, FIRST, None)])
    name = f"glue_catalog.commits.{definition.name}"
    assert spark.sql(f"SELECT * FROM {name}.snapshots").count() == 7
    monkeypatch.setattr("lake.tables.iceberg.commits.QUERY_MS", 0)
    change(definition, [("I", 1, 9, FIRST, None)])
    assert spark.sql(f"SELECT * FROM {name}.snapshots").count() == 4
    assert [tuple(row) for row in spark.table(name).select("ID", "V").collect()] == [(1, 9)]


def test_snapshot_that_was_the_newest_until_a_moment_ago_is_kept_for_its_readers(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that rested for hours may get a backlog of commits at once; a query may still read what was before."""
    change(definition, ROWS)
    table = load_from(spark, definition.database, definition.name)
    resting = table.currentSnapshot()
    change(definition, [("I", 3, 30, None, None)])
    table.refresh()
    newest = table.currentSnapshot()
    assert resting.timestampMillis() < newest.timestampMillis()
    monkeypatch.setattr("lake.tables.iceberg.commits.MOST_SNAPSHOTS", 1)
    monkeypatch.setattr(
        "lake.tables.iceberg.commits.QUERY_MS", (newest.timestampMillis() - resting.timestampMillis()) // 2
    )
    forget_old_snapshots(table)
    table.refresh()
    assert table.snapshot(resting.snapshotId()) is not None
    monkeypatch.setattr("lake.tables.iceberg.commits.QUERY_MS", 0)
    forget_old_snapshots(table)
    table.refresh()
    assert table.snapshot(resting.snapshotId()) is None


def test_age_and_number_that_a_person_gave_the_table_are_kept_to(
    spark: SparkSession, definition: TableDefinition, change: Callable[..., None]
) -> None:
    change(definition, ROWS)
    name = f"glue_catalog.commits.{definition.name}"
    wanted = "'history.expire.max-snapshot-age-ms' = '1', 'history.expire.min-snapshots-to-keep' = '1'"
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ({wanted})")
    change(definition, [("I", 3, 30, None, None)])
    change(definition, [("I", 4, 40, None, None)])
    # what was the newest a millisecond before the newest is still read; what came before it is gone
    assert spark.sql(f"SELECT * FROM {name}.snapshots").count() <= 2
