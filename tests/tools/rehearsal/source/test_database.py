import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rehearsal.source.database import SourceDatabase, SourceTable

Change = tuple[str, dict[str, Any]]


def execute(database: SourceDatabase, *statements: str) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.execute(statement)


def logged(database: SourceDatabase, after: int = 0) -> list[Change]:
    with database.snapshot() as snapshot:
        rows = snapshot.changes("rides", after).to_pylist()
    return [(row.pop("operation"), {name: row[name] for name in ("PK_ID", "vendor", "fare", "flag")}) for row in rows]


def keys(database: SourceDatabase) -> list[int]:
    with database.snapshot() as snapshot:
        return [int(key) for key in snapshot.rows("rides")["PK_ID"].to_pylist()]


def test_loaded_rows_come_back_in_the_sources_types_with_their_nulls(database: SourceDatabase) -> None:
    with database.snapshot() as snapshot:
        rows = snapshot.rows("rides")
    assert rows.schema == database.tables["rides"].schema
    assert rows["vendor"].to_pylist() == [1, 2, None]
    assert rows["flag"].to_pylist() == ["N", "", None]
    assert rows["started"].cast(pa.int64()).to_pylist() == [1_609_459_200_000_001, None, 0]


def test_insert_and_update_log_the_new_image_and_delete_the_old_one(database: SourceDatabase) -> None:
    database.capture_changes()
    execute(
        database,
        "INSERT INTO rides VALUES (4, 1, 9.5, 'Y', NULL)",
        "UPDATE rides SET vendor = 2, flag = NULL WHERE PK_ID = 1",
        "DELETE FROM rides WHERE PK_ID = 2",
    )
    assert logged(database) == [
        ("INSERT", {"PK_ID": 4, "vendor": 1, "fare": 9.5, "flag": "Y"}),
        ("UPDATE", {"PK_ID": 1, "vendor": 2, "fare": 1.5, "flag": None}),
        ("DELETE", {"PK_ID": 2, "vendor": 2, "fare": None, "flag": ""}),
    ]


def test_a_statement_that_touches_many_rows_logs_each(database: SourceDatabase) -> None:
    database.capture_changes()
    execute(database, "UPDATE rides SET fare = 0")
    assert [(operation, row["PK_ID"]) for operation, row in logged(database)] == [("UPDATE", n) for n in (1, 2, 3)]


def test_what_was_changed_before_capture_is_not_in_the_log(database: SourceDatabase) -> None:
    execute(database, "DELETE FROM rides WHERE PK_ID = 3")
    database.capture_changes()
    assert logged(database) == []
    assert keys(database) == [1, 2]


def test_capturing_twice_logs_once(database: SourceDatabase) -> None:
    database.capture_changes()
    database.capture_changes()
    execute(database, "DELETE FROM rides WHERE PK_ID = 3")
    assert len(logged(database)) == 1


def test_a_replaced_row_is_logged_as_delete_and_insert(database: SourceDatabase) -> None:
    database.capture_changes()
    execute(database, "INSERT OR REPLACE INTO rides VALUES (1, 2, 7.0, 'N', NULL)")
    assert [(operation, row["fare"]) for operation, row in logged(database)] == [("DELETE", 1.5), ("INSERT", 7.0)]


def test_a_failed_transaction_leaves_neither_rows_nor_log(database: SourceDatabase) -> None:
    database.capture_changes()
    with pytest.raises(sqlite3.IntegrityError):
        execute(database, "DELETE FROM rides WHERE PK_ID = 3", "INSERT INTO rides VALUES (1, 1, 1, '', NULL)")
    assert keys(database) == [1, 2, 3]
    assert logged(database) == []


def test_a_primary_key_cannot_be_changed_once_captured(database: SourceDatabase) -> None:
    database.capture_changes()
    with pytest.raises(sqlite3.IntegrityError, match="a primary key never changes"):
        execute(database, "UPDATE rides SET PK_ID = 9 WHERE PK_ID = 1")


def test_changes_after_a_position_leave_out_those_before(database: SourceDatabase) -> None:
    database.capture_changes()
    execute(database, "DELETE FROM rides WHERE PK_ID = 1")
    with database.snapshot() as snapshot:
        position = snapshot.log_position()
    execute(database, "DELETE FROM rides WHERE PK_ID = 2")
    assert [row["PK_ID"] for _, row in logged(database, after=position)] == [2]


def test_a_snapshot_does_not_see_what_others_commit_meanwhile(database: SourceDatabase) -> None:
    database.capture_changes()
    with database.snapshot() as snapshot:
        before = snapshot.log_position()
        execute(database, "DELETE FROM rides WHERE PK_ID = 1")
        assert snapshot.log_position() == before
        assert snapshot.rows("rides").num_rows == 3
        assert snapshot.changes("rides", 0).num_rows == 0
    assert keys(database) == [2, 3]


def test_the_log_never_goes_back_in_time_whatever_the_clock_does(database: SourceDatabase) -> None:
    database.capture_changes()
    execute(
        database, "DELETE FROM rides WHERE PK_ID = 1", "UPDATE change_log SET logged_at = '2999-01-01 00:00:00.000'"
    )
    execute(database, "DELETE FROM rides WHERE PK_ID = 2")
    with database.snapshot() as snapshot:
        assert snapshot.changes("rides", 0)["logged_at"].to_pylist() == ["2999-01-01 00:00:00.000"] * 2


def test_tables_may_have_composite_keys_and_awkward_names(tmp_path: Path) -> None:
    table = SourceTable('order "items"', pa.schema([("a b", pa.int64()), ("select", pa.string())]), ("a b", "select"))
    with SourceDatabase(tmp_path / "odd.db") as database:
        database.create_table(table)
        database.load(table.name, pa.table({"a b": [2, 1, 1], "select": ["x", "y", "x"]}))
        database.capture_changes()
        execute(database, """DELETE FROM "order ""items""\" WHERE "a b" = 2""")
        with database.snapshot() as snapshot:
            rows = snapshot.rows(table.name).to_pylist()
            assert [(row["a b"], row["select"]) for row in rows] == [(1, "x"), (1, "y")]
            assert snapshot.changes(table.name, 0)["select"].to_pylist() == ["x"]
