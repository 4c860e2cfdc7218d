"""LOAD and change files of a real server, applied in key order by a plain dict, are what SELECT says."""

import random
import threading
import time
from typing import Any

import pytest

from rehearsal.dms.checkpoint import TableStatus
from rehearsal.dms.source_errors import ReplicationFailedError
from tests.tools.rehearsal.dms.databases import (
    Database,
    MariaDatabase,
    MemorySink,
    lake_rows,
    selection,
    slow_on_postgres,
    usual_rules,
)

TABLE = """CREATE TABLE {} (id INT PRIMARY KEY, region VARCHAR(8), amount DECIMAL(10,2), noted {},
 rate DOUBLE PRECISION)"""
COLUMNS = ("region", "amount", "noted", "rate")
TABLES = ("trips", "codes")


def fill(database: Database, rows: int = 300) -> None:
    for table in TABLES:
        database.run(
            TABLE.format(table, database.MOMENT),
            f"INSERT INTO {table} SELECT seq, CONCAT('r', seq % 7), seq * 0.25, '2026-11-30 10:00:00.000001', "
            f"seq / 3.0 FROM {database.series(rows)}",
        )


def one_transaction(database: Database, cursor: Any, draw: random.Random) -> None:
    """Some statements over both tables: some touch nothing, some fail, and a tenth is rolled back."""
    cursor.execute("BEGIN")
    for _ in range(draw.randint(1, 8)):
        table, key, other = draw.choice(TABLES), draw.randint(1, 400), draw.randint(1, 400)
        statement = draw.choices(
            [
                f"UPDATE {table} SET amount = amount + 1.25, region = NULL WHERE id = {key}",
                f"UPDATE {table} SET region = 'moved' WHERE id BETWEEN {key} AND {key + 5}",
                f"DELETE FROM {table} WHERE id = {key}",
                *database.upserts(table, key, other, COLUMNS, f"'x', 2, NULL, {draw.random()!r}"),
                f"UPDATE {table} SET amount = amount WHERE id = {key}",
            ],
            weights=[30, 8, 12, 15, 8, 8, 10, 3],
        )[0]
        cursor.execute(statement)
    cursor.execute("ROLLBACK" if draw.random() < 0.1 else "COMMIT")


def traffic(database: Database, seed: int, transactions: int) -> None:
    draw = random.Random(seed)
    connection = database.connect(autocommit=False)
    with connection, connection.cursor() as cursor:
        for _ in range(transactions):
            one_transaction(database, cursor, draw)


class Traffic:
    """Transactions without end in a thread of their own."""

    def __init__(self, database: Database) -> None:
        self._database, self._stop, self.count = database, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        while not self.count:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        draw = random.Random(1)
        connection = self._database.connect(autocommit=False)
        with connection, connection.cursor() as cursor:
            while not self._stop.is_set():
                one_transaction(self._database, cursor, draw)
                self.count += 1


@pytest.mark.parametrize("consistency", ["table", "snapshot"])
def test_a_load_under_traffic_and_the_changes_since_are_the_source(
    either: Database, sink: MemorySink, consistency: Any
) -> None:
    fill(either, 2_000)
    replication = either.replication(sink)
    with Traffic(either) as running:
        replication.start(consistency)
        before = running.count
        for _ in range(3):
            replication.step(write=True)
    assert running.count > before, "changes were made while the log was read"
    traffic(either, 2, 60)
    replication.step(write=True)
    either.assert_lake_is_source(sink.files, *TABLES)
    assert {row["Op"] for row in sink.rows("trips", loads=False)} == {"I", "U", "D"}


def test_changes_overlap_a_load_by_table_and_not_one_by_snapshot(either: Database) -> None:
    fill(either)
    overlapping, exact = MemorySink(), MemorySink()
    for sink, consistency in ((overlapping, "table"), (exact, "snapshot")):
        replication = either.replication(sink)
        with Traffic(either):
            replication.start(consistency)  # type: ignore[arg-type]
        replication.step(write=True)
        either.assert_lake_is_source(sink.files, *TABLES)
        starts = {state.start for state in replication.checkpoint.tables.values()}
        assert len(starts) == (2 if consistency == "table" else 1)


def test_sequences_rise_with_the_order_of_commits_and_have_35_digits(either: Database, sink: MemorySink) -> None:
    fill(either)
    replication = either.replication(sink)
    replication.start()
    traffic(either, 3, 40)
    replication.step(write=True)
    for table in TABLES:
        found = [row["SEQUENCE"] for row in sink.rows(f"{table}/", loads=False)]
        assert found == sorted(set(found))
        assert {len(sequence) for sequence in found} == {35}
        assert all(sequence.isdigit() for sequence in found)
        assert {row["SEQUENCE"] for row in sink.rows(f"{table}/", loads=True)} == {""}


def test_a_transaction_that_waited_for_a_lock_comes_after_the_one_it_waited_for(
    either: Database, sink: MemorySink
) -> None:
    fill(either, 3)
    replication = either.replication(sink)
    replication.start()
    first = either.connect(autocommit=False)
    with first, first.cursor() as cursor:
        cursor.execute("UPDATE trips SET region = 'first' WHERE id = 1")
        waiting = threading.Thread(target=either.run, args=("UPDATE trips SET region = 'second' WHERE id = 1",))
        waiting.start()
        time.sleep(1.2)  # the waiting statement has an older time now than the commit it waits for
        first.commit()
        waiting.join()
    replication.step(write=True)
    rows = sorted(sink.rows("trips", loads=False), key=lambda row: row["SEQUENCE"])
    assert [row["region"] for row in rows] == ["first", "second"]


def test_rolled_back_and_empty_changes_leave_nothing(database: Database, sink: MemorySink) -> None:
    fill(database, 5)
    replication = database.replication(sink)
    replication.start()
    connection = database.connect(autocommit=False)
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM trips")
        connection.rollback()
        cursor.execute("UPDATE trips SET region = region")
        cursor.execute("SAVEPOINT here")
        cursor.execute("DELETE FROM codes")
        cursor.execute("ROLLBACK TO here")
        connection.commit()
    assert replication.step(write=True) == 0
    assert [key for key in sink.files if "LOAD" not in key] == []


def test_a_key_update_names_the_former_key_only_by_a_before_image(either: Database) -> None:
    fill(either, 2)
    with_images, without = MemorySink(), MemorySink()
    first = either.replication(with_images)
    second = either.replication(without, rules=[selection(either.schema)])
    for replication in (first, second):
        replication.start()
    either.run(
        "UPDATE trips SET id = 9 WHERE id = 1", "INSERT INTO trips (id) VALUES (5)", "DELETE FROM trips WHERE id = 5"
    )
    for replication in (first, second):
        replication.step(write=True)
    images = [(row["Op"], row["id"], row["BI_id"]) for row in with_images.rows("trips", loads=False)]
    assert images == [("U", 9, 1), ("I", 5, None), ("D", 5, None)]
    assert [(row["Op"], row["id"]) for row in without.rows("trips", loads=False)] == [("U", 9), ("I", 5), ("D", 5)]
    either.assert_lake_is_source(with_images.files, "trips")


def test_replace_and_insert_on_duplicate_key_are_updates(database: Database, sink: MemorySink) -> None:
    fill(database, 1)
    replication = database.replication(sink)
    replication.start()
    database.run(
        "REPLACE INTO trips VALUES (1, 'a', 1, NULL, 1)",
        "INSERT INTO trips (id, region) VALUES (1, 'b') ON DUPLICATE KEY UPDATE region = 'c'",
    )
    replication.step(write=True)
    assert [(row["Op"], row["region"]) for row in sink.rows("trips", loads=False)] == [("U", "a"), ("U", "c")]


def test_each_file_has_the_columns_that_its_rows_were_written_with(either: Database, sink: MemorySink) -> None:
    fill(either, 3)
    replication = either.replication(sink)
    replication.start()
    first, retyped = (
        ("AFTER id", "MODIFY wide BIGINT") if isinstance(either, MariaDatabase) else ("", "ALTER wide TYPE BIGINT")
    )
    either.run(
        "UPDATE codes SET region = 'a' WHERE id = 1",
        f"ALTER TABLE codes ADD COLUMN wide INT NOT NULL DEFAULT 7 {first}",
        "UPDATE codes SET region = 'b' WHERE id = 1",
        "DELETE FROM codes WHERE id = 2",
        f"ALTER TABLE codes {retyped}",
        "UPDATE codes SET region = 'c' WHERE id = 1",
        "ALTER TABLE codes DROP COLUMN wide",
        "DELETE FROM codes WHERE id = 3",
        "UPDATE codes SET region = 'd' WHERE id = 1",
        "ALTER TABLE codes RENAME COLUMN rate TO pace",
        "UPDATE codes SET region = 'e' WHERE id = 1",
    )
    replication.step(write=True)
    tables = [sink.table(key) for key in sink.keys if "codes" in key and "LOAD" not in key]
    found = [{field.name: str(field.type) for field in table.schema} for table in tables]
    assert [one.get("wide") for one in found] == [None, "int32", "int64", None, None]
    assert ["pace" in one for one in found] == [False, False, False, False, True]
    updated = [[row["region"] for row in table.to_pylist() if row["Op"] == "U"] for table in tables]
    assert updated == [["a"], ["b"], ["c"], ["d"], ["e"]]
    # a delete of PostgreSQL names the key alone, so it may be in the file before an ALTER TABLE or behind it
    assert sum(table["Op"].to_pylist().count("D") for table in tables) == 2


def test_a_column_added_with_a_default_reaches_existing_rows_by_a_full_reload_only(either: Database) -> None:
    fill(either, 3)
    sink = MemorySink()
    replication = either.replication(sink)
    replication.start()
    either.run("ALTER TABLE codes ADD COLUMN wide INT NOT NULL DEFAULT 7", "INSERT INTO codes (id) VALUES (9)")
    replication.step(write=True)
    rows = lake_rows(sink.files, f"{either.schema}/codes/")
    assert [rows[id_,].get("wide") for id_ in (1, 9)] == [None, 7], "the log has no line of the default"
    with pytest.raises(ReplicationFailedError, match=r"codes was altered since its last load.*reload-target"):
        replication.reload((either.schema, "codes"))
    replication.reload_all()
    replication.step(write=True)
    either.assert_lake_is_source({key: sink.files[key] for key in sink.files if "LOAD" in key}, *TABLES)


def test_a_reload_of_one_table_under_traffic_overwrites_its_parts_and_loses_nothing(
    either: Database, sink: MemorySink
) -> None:
    fill(either, 500)
    replication = either.replication(sink, s3={"MaxFileSize": 8})
    replication.start()
    parts = [key for key in sink.of("trips") if "LOAD" in key]
    with Traffic(either):
        replication.step(write=True)
        before = set(sink.files)
        replication.reload((either.schema, "trips"))
        replication.step(write=True)
    replication.step(write=True)
    assert {key for key in set(sink.files) - before if "LOAD" in key} <= set(parts)
    # what came before the reload is in the load; a right lake replaces the table by it
    start = replication.checkpoint.tables[f"{either.schema}.trips"].start
    assert start
    since = {key: body for key, body in sink.files.items() if "LOAD" in key or key not in before}
    either.assert_lake_is_source(since, "trips")
    either.assert_lake_is_source(sink.files, "codes")


def test_a_table_that_is_created_later_is_replicated_without_a_load(either: Database, sink: MemorySink) -> None:
    fill(either, 1)
    replication = either.replication(sink)
    replication.start()
    either.run("CREATE TABLE late (id INT PRIMARY KEY)", "INSERT INTO late VALUES (1), (2)")
    copied = "(PRIMARY KEY (id)) SELECT 7 AS id" if isinstance(either, MariaDatabase) else "AS SELECT 7 AS id"
    either.run(f"CREATE TABLE copied {copied}")
    replication.step(write=True)
    assert sorted(row["id"] for row in sink.rows("/late/")) == [1, 2]
    assert [row["id"] for row in sink.rows("/copied/")] == [7]
    assert not [key for key in sink.files if "LOAD" in key and ("late" in key or "copied" in key)]


def test_a_table_that_new_mappings_select_is_loaded_at_the_next_start(either: Database, sink: MemorySink) -> None:
    fill(either, 4)
    folder = either.folder()
    only_trips = [selection(either.schema, "trips"), *usual_rules(either.schema)[1:]]
    replication = either.replication(sink, folder, rules=only_trips)
    replication.start()
    either.run("DELETE FROM trips WHERE id = 1", "DELETE FROM codes WHERE id = 2")
    replication.step(write=True)
    assert sink.of("codes") == []
    again = either.replication(sink, folder)
    again.start()
    either.run("DELETE FROM codes WHERE id = 3")
    again.step(write=True)
    either.assert_lake_is_source(sink.files, *TABLES)
    assert len([key for key in sink.of("trips") if "LOAD" in key]) == 1


def test_full_load_only_and_changes_only(either: Database) -> None:
    fill(either, 3)
    loads, changes = MemorySink(), MemorySink()
    only_load = either.replication(loads, kind="full-load")
    only_changes = either.replication(changes, kind="cdc")
    only_load.start()
    only_changes.start()
    either.run("UPDATE trips SET region = 'z' WHERE id = 1")
    only_changes.step(write=True)
    assert {key.rpartition("/")[2] for key in loads.files} == {"LOAD00000001.parquet"}
    assert [row["Op"] for row in changes.rows("trips")] == ["U"]


def test_statistics_count_rows_as_dms_does(either: Database, sink: MemorySink) -> None:
    fill(either, 3)
    replication = either.replication(sink)
    replication.start()
    either.run(
        "INSERT INTO trips (id) VALUES (8), (9)",
        "UPDATE trips SET region = 'q' WHERE id > 7",
        "DELETE FROM trips WHERE id = 1",
        "ALTER TABLE trips ADD COLUMN more INT",
    )
    replication.step(write=True)
    state = replication.checkpoint.tables[f"{either.schema}.trips"]
    assert (state.status, state.full_load_rows) == (TableStatus.COMPLETED, 3)
    statements = 1 if isinstance(either, MariaDatabase) else 0  # the log of PostgreSQL has no ALTER TABLE
    assert (state.inserts, state.updates, state.deletes, state.ddls) == (2, 2, 1, statements)


def test_generated_and_invisible_columns_reach_no_file(either: Database, sink: MemorySink) -> None:
    hidden = ", i INT INVISIBLE DEFAULT 4" if isinstance(either, MariaDatabase) else ""
    either.run(
        "CREATE TABLE sums (id INT PRIMARY KEY, a INT, s INT GENERATED ALWAYS AS (a + 1) STORED, "
        f"v INT GENERATED ALWAYS AS (a + 2) VIRTUAL{hidden})",
        "INSERT INTO sums (id, a) VALUES (1, 1)",
    )
    replication = either.replication(sink)
    replication.start()
    either.run("INSERT INTO sums (id, a) VALUES (2, 2)", "UPDATE sums SET a = 5 WHERE id = 1")
    replication.step(write=True)
    columns = [[name for name in sink.table(key).column_names if name.islower()] for key in sink.keys]
    assert columns == [["id", "a"], ["id", "a"]]
    assert {key: row["a"] for key, row in lake_rows(sink.files, f"{either.schema}/sums/").items()} == {
        (1,): 5,
        (2,): 2,
    }


@slow_on_postgres
def test_a_reload_that_dms_would_fail_suspends_the_table_and_the_others_go_on(
    either: Database, sink: MemorySink
) -> None:
    fill(either, 2)
    replication = either.replication(sink, s3={"CdcMaxBatchInterval": 0})
    stopped = threading.Event()
    running = threading.Thread(target=replication.run, args=(stopped,))
    running.start()
    try:
        while replication.checkpoint.position is None:
            time.sleep(0.05)
        either.run("ALTER TABLE codes ADD COLUMN more INT")
        replication.ask_for_reload((either.schema, "codes"))
        codes = f"{either.schema}.codes"
        while replication.checkpoint.tables[codes].status != TableStatus.ERROR:
            time.sleep(0.05)
        either.run("DELETE FROM trips")
        while len(sink.rows("trips", loads=False)) < 2:
            time.sleep(0.05)
    finally:
        stopped.set()
        running.join()
    assert "was altered since its last load" in replication.checkpoint.tables[codes].message
