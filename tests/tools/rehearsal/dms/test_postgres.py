"""What only PostgreSQL's log has: key-only deletes, large values left out, truncations within transactions."""

import re
from typing import Any

import pytest

from rehearsal.dms.checkpoint import TableStatus
from rehearsal.dms.source_errors import ReplicationFailedError
from tests.tools.rehearsal.dms.databases import MemorySink, PostgresDatabase, before_images, lake_rows, selection

LARGE = "(SELECT string_agg(md5(number::text), '') FROM generate_series(1, 1000) AS number)"
"""32,000 characters that do not compress to a page, so PostgreSQL stores them outside the row."""
SETTINGS = {"TargetMetadata": {"LobMaxSize": 64}}


@pytest.fixture
def database(postgres_database: PostgresDatabase) -> PostgresDatabase:
    return postgres_database


def changes(sink: MemorySink, table: str) -> list[dict[str, Any]]:
    return sink.rows(f"/{table}/", loads=False)


def message(database: PostgresDatabase, replication: Any, table: str) -> tuple[TableStatus, str]:
    state = replication.checkpoint.tables[f"{database.schema}.{table}"]
    return state.status, state.message


@pytest.mark.parametrize(("identity", "note"), [("DEFAULT", None), ("FULL", "a")])
def test_a_delete_has_the_key_only_unless_the_replica_identity_is_full(
    database: PostgresDatabase, sink: MemorySink, identity: str, note: str | None
) -> None:
    database.run(
        "CREATE TABLE fares (zone INT, id INT, note VARCHAR(10), PRIMARY KEY (id, zone))",
        f"ALTER TABLE fares REPLICA IDENTITY {identity}",
        "INSERT INTO fares VALUES (5, 1, 'a'), (5, 2, 'b')",
    )
    replication = database.replication(sink)
    replication.start()
    database.run("DELETE FROM fares WHERE id = 1")
    replication.step(write=True)
    (row,) = changes(sink, "fares")
    assert (row["Op"], row["zone"], row["id"], row["note"]) == ("D", 5, 1, note)
    assert (row["BI_zone"], row["BI_id"]) == (None, None)
    database.assert_lake_is_source(sink.files, "fares", key=("id", "zone"))


@pytest.mark.parametrize(("identity", "former"), [("DEFAULT", None), ("FULL", "a")])
def test_before_images_of_all_columns_have_what_the_log_has(
    database: PostgresDatabase, sink: MemorySink, identity: str, former: str | None
) -> None:
    database.run(
        "CREATE TABLE fares (id INT PRIMARY KEY, note VARCHAR(10))",
        f"ALTER TABLE fares REPLICA IDENTITY {identity}",
        "INSERT INTO fares VALUES (1, 'a')",
    )
    rules = [selection(database.schema), before_images(database.schema, **{"column-filter": "all"})]
    replication = database.replication(sink, rules=rules)
    replication.start()
    database.run("UPDATE fares SET note = 'b'")
    replication.step(write=True)
    (row,) = changes(sink, "fares")
    assert (row["BI_id"], row["BI_note"]) == (1, former)


@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
def test_a_large_value_that_an_update_leaves_alone_reaches_the_lake(
    database: PostgresDatabase, sink: MemorySink, identity: str
) -> None:
    database.run(
        "CREATE TABLE texts (id INT PRIMARY KEY, note VARCHAR(10), body TEXT, raw BYTEA)",
        f"ALTER TABLE texts REPLICA IDENTITY {identity}",
        f"INSERT INTO texts SELECT 1, 'a', {LARGE}, decode({LARGE}, 'hex')",
        f"INSERT INTO texts SELECT 2, 'a', {LARGE}, NULL",
    )
    replication = database.replication(sink, settings=SETTINGS)
    replication.start()
    database.run("UPDATE texts SET note = 'b'", "UPDATE texts SET id = 3 WHERE id = 2")
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "texts")
    first, second, moved = changes(sink, "texts")
    assert (len(first["body"]), len(first["raw"]), second["raw"]) == (32_000, 16_000, None)
    # the row has another key by now, so that only FULL, which logs it, knows what it was at this line
    assert (second["body"] is None, len(moved["body"])) == (identity == "DEFAULT", 32_000)


def test_a_large_value_is_as_new_as_the_source_when_it_is_read_again(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, note VARCHAR(10), body TEXT)")
    database.run(f"INSERT INTO texts SELECT number, 'a', {LARGE} FROM generate_series(1, 3) AS number")
    replication = database.replication(sink, settings=SETTINGS)
    replication.start()
    database.run(
        "UPDATE texts SET note = 'b'",
        "UPDATE texts SET body = 'short' WHERE id = 1",
        "DELETE FROM texts WHERE id = 2",
        "UPDATE texts SET note = 'c' WHERE id = 3",
    )
    replication.step(write=True)
    bodies = [(row["Op"], row["id"], row["body"] and len(row["body"])) for row in changes(sink, "texts")]
    assert bodies == [
        ("U", 1, 5), ("U", 2, None), ("U", 3, 32_000), ("U", 1, 5), ("D", 2, None), ("U", 3, 32_000)
    ]  # fmt: skip
    database.assert_lake_is_source(sink.files, "texts")


def test_a_row_that_is_inserted_and_updated_in_one_transaction_has_its_large_value(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, note VARCHAR(10), body TEXT)")
    replication = database.replication(sink, settings=SETTINGS)
    replication.start()
    with database.connect(autocommit=False) as connection:
        for number in range(20):
            connection.execute(f"INSERT INTO texts SELECT {number}, 'a', {LARGE}")
            connection.execute(f"UPDATE texts SET note = 'b' WHERE id = {number}")
            connection.execute(f"UPDATE texts SET id = id + 100 WHERE id = {number}")
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "texts")


def test_a_large_value_that_the_source_cannot_tell_any_more_suspends_the_table(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, note VARCHAR(10), body TEXT)")
    database.run(f"INSERT INTO texts SELECT 1, 'a', {LARGE}")
    replication = database.replication(sink, settings=SETTINGS)
    replication.start()
    database.run("UPDATE texts SET note = 'b'", "ALTER TABLE texts DROP COLUMN body")
    replication.step(write=True)
    status, said = message(database, replication, "texts")
    assert status == TableStatus.ERROR
    assert "left the large value of body out, and the source can no longer tell it" in said


def test_a_large_value_counts_by_its_size_whether_it_was_logged_or_read_again(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, body TEXT)", "INSERT INTO texts VALUES (1, 'x')")
    replication = database.replication(sink, settings={"TargetMetadata": {"LobMaxSize": 16}})
    replication.start()
    database.run(f"UPDATE texts SET body = {LARGE}")
    replication.step(write=True)
    expected = "column body has a value of 32000 bytes, but LobMaxSize is 16384 bytes"
    assert message(database, replication, "texts") == (TableStatus.ERROR, expected)


def test_the_endpoint_may_say_that_a_value_which_dms_would_cut_off_stops_the_replication(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    source = database.SOURCE | {
        "PostgreSqlSettings": database.SOURCE["PostgreSqlSettings"] | {"FailTasksOnLobTruncation": True}
    }
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, body TEXT)", "INSERT INTO texts VALUES (1, 'x')")
    small = {"TargetMetadata": {"LobMaxSize": 16}}
    replication = database.replication(sink, settings=small, source=source)
    replication.start()
    database.run(f"UPDATE texts SET body = {LARGE}")
    with pytest.raises(ReplicationFailedError, match="column body has a value of 32000 bytes"):
        replication.step()
    with pytest.raises(ReplicationFailedError, match="cannot be loaded: column body has a value of 32000 bytes"):
        database.replication(sink, settings=small, source=source).start()


def transaction(database: PostgresDatabase, *statements: str) -> None:
    with database.connect(autocommit=False) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("removes", [True, False])
def test_truncate_removes_the_files_before_it_and_none_of_what_its_transaction_does_next(
    database: PostgresDatabase, sink: MemorySink, *, removes: bool
) -> None:
    policy = {"ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableTruncated": removes}}
    for table in ("fares", "tips", "other"):
        database.run(f"CREATE TABLE {table} (id INT PRIMARY KEY)", f"INSERT INTO {table} VALUES (1)")
    replication = database.replication(sink, settings=policy)
    replication.start()
    transaction(
        database, "INSERT INTO fares VALUES (2)", "TRUNCATE fares, tips", "INSERT INTO fares VALUES (3)",
        "INSERT INTO other VALUES (4)",
    )  # fmt: skip
    replication.step(write=True)
    assert [row["id"] for row in sink.rows("/fares/")] == ([3] if removes else [1, 2, 3])
    assert [row["id"] for row in sink.rows("/tips/")] == ([] if removes else [1])
    assert [row["id"] for row in sink.rows("/other/")] == [1, 4]


def test_truncate_stops_the_replication_behind_its_transaction(database: PostgresDatabase, sink: MemorySink) -> None:
    for table in ("fares", "other"):
        database.run(f"CREATE TABLE {table} (id INT PRIMARY KEY)", f"INSERT INTO {table} VALUES (1)")
    folder, stops = database.folder(), {"ErrorBehavior": {"ApplyErrorFailOnTruncationDdl": True}}
    replication = database.replication(sink, folder, settings=stops)
    replication.start()
    transaction(
        database, "INSERT INTO fares VALUES (2)", "TRUNCATE fares", "INSERT INTO fares VALUES (3)",
        "INSERT INTO other VALUES (4)",
    )  # fmt: skip
    database.run("INSERT INTO other VALUES (5)")
    with pytest.raises(ReplicationFailedError, match=r"fares was truncated at [0-9A-F]+/[0-9A-F]{8}.*load the table"):
        replication.step()
    resumed = database.replication(sink, folder, settings=stops)
    resumed.start()
    resumed.step(write=True)
    assert [row["id"] for row in changes(sink, "fares")] == [2, 3]
    assert [row["id"] for row in changes(sink, "other")] == [4, 5]
    resumed.reload((database.schema, "fares"))
    assert [row["id"] for row in sink.rows("/fares/", loads=True)] == [3]


def test_a_column_that_gets_more_digits_has_them_in_new_files(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY, fare NUMERIC(6,2))", "INSERT INTO fares VALUES (1, 1.25)")
    replication = database.replication(sink)
    replication.start()
    for statement in ("UPDATE fares SET fare = 2", "ALTER TABLE fares ALTER fare TYPE NUMERIC(10,4)"):
        database.run(statement)
        replication.step(write=True)
    database.run("UPDATE fares SET fare = 1.0005")
    replication.step(write=True)
    types = [str(sink.table(key).schema.field("fare").type) for key in sink.keys]
    assert types == ["decimal128(6, 2)", "decimal128(6, 2)", "decimal128(10, 4)"]
    database.assert_lake_is_source(sink.files, "fares")


def test_without_a_primary_key_inserts_are_replicated_and_the_rest_is_said_to_be_ignored(
    database: PostgresDatabase, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    database.run("CREATE TABLE log (line VARCHAR(20))", "INSERT INTO log VALUES ('a')")
    replication = database.replication(sink)
    replication.start()
    expected = "without a primary key, its updates and deletes are ignored"
    assert message(database, replication, "log") == (TableStatus.COMPLETED, expected)
    database.run("UPDATE log SET line = 'b'", "DELETE FROM log", "INSERT INTO log VALUES ('c')")
    replication.step(write=True)
    assert [(row["Op"], row["line"]) for row in sink.rows("/log/")] == [("I", "a"), ("I", "c")]
    said = [record.getMessage() for record in caplog.records if "names no row" in record.getMessage()]
    assert [line.split(": ")[1].split()[0] for line in said] == ["UPDATE", "DELETE"]


def test_with_replica_identity_full_a_table_needs_no_primary_key(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE log (line VARCHAR(20))", "ALTER TABLE log REPLICA IDENTITY FULL")
    database.run("INSERT INTO log VALUES ('a')")
    replication = database.replication(sink)
    replication.start()
    database.run("UPDATE log SET line = 'b'", "DELETE FROM log")
    replication.step(write=True)
    assert [(row["Op"], row["line"]) for row in sink.rows("/log/")] == [("I", "a"), ("U", "b"), ("D", "b")]
    assert message(database, replication, "log") == (TableStatus.COMPLETED, "")


@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (["CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id)"], "it is partitioned.*select those"),
        (["CREATE UNLOGGED TABLE t (id INT PRIMARY KEY)"], "it is UNLOGGED, so no change of it is in the log"),
        (
            ["CREATE TABLE t (id INT PRIMARY KEY)", "ALTER TABLE t REPLICA IDENTITY NOTHING"],
            "its REPLICA IDENTITY is NOTHING or an index.*DEFAULT or FULL",
        ),
        (["CREATE TABLE t (body TEXT)"], "a table with large values needs a primary key"),
    ],
)
def test_a_table_that_its_log_does_not_describe_is_suspended_and_the_others_go_on(
    database: PostgresDatabase, sink: MemorySink, statements: list[str], sentence: str
) -> None:
    database.run(*statements, "CREATE TABLE z (id INT PRIMARY KEY)", "INSERT INTO z VALUES (1)")
    replication = database.replication(sink)
    replication.start()
    status, said = message(database, replication, "t")
    assert status == TableStatus.ERROR
    assert re.search(sentence, said)
    assert len(sink.rows("/z/")) == 1


def test_an_identity_that_becomes_an_index_suspends_the_table_at_its_first_delete(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE t (id INT PRIMARY KEY, code INT NOT NULL UNIQUE)", "INSERT INTO t VALUES (1, 1)")
    replication = database.replication(sink)
    replication.start()
    database.run("ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key", "DELETE FROM t")
    replication.step(write=True)
    status, said = message(database, replication, "t")
    assert status == TableStatus.ERROR
    assert "leaves column id of the primary key out" in said


def test_an_identity_that_becomes_nothing_suspends_the_table_at_its_first_delete(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    replication = database.replication(sink)
    replication.start()
    database.run("ALTER TABLE t REPLICA IDENTITY NOTHING", "DELETE FROM t")
    replication.step(write=True)
    assert message(database, replication, "t")[0] == TableStatus.ERROR


def test_a_primary_key_that_is_added_later_lets_updates_and_deletes_through(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE t (id INT NOT NULL, note VARCHAR(5))", "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    replication = database.replication(sink)
    replication.start()
    database.run("INSERT INTO t VALUES (3, 'c')")
    replication.step(write=True)
    database.run("ALTER TABLE t ADD PRIMARY KEY (id)", "UPDATE t SET id = 4 WHERE id = 1", "DELETE FROM t WHERE id = 2")
    replication.step(write=True)
    assert message(database, replication, "t") == (TableStatus.COMPLETED, "")
    database.assert_lake_is_source(sink.files, "t")


@pytest.mark.parametrize("end", ["DROP TABLE t", "ALTER TABLE t RENAME TO u"])
def test_the_last_changes_of_a_table_that_is_gone_when_they_are_read_reach_the_lake(
    database: PostgresDatabase, sink: MemorySink, end: str
) -> None:
    database.run("CREATE TABLE t (id INT PRIMARY KEY, n NUMERIC(6,2))", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    replication = database.replication(sink)
    replication.start()
    database.run(
        "UPDATE t SET id = 4 WHERE id = 1", "DELETE FROM t WHERE id = 2", "UPDATE t SET n = 9 WHERE id = 3", end
    )
    replication.step(write=True)
    found = {key: row["n"] for key, row in lake_rows(sink.files, f"{database.schema}/t/").items()}
    assert found == {(4,): 1, (3,): 9}


def test_a_table_that_is_created_later_and_not_described_by_its_log_is_suspended(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE first (id INT PRIMARY KEY)")
    replication = database.replication(sink)
    replication.start()
    transaction(
        database, "CREATE TABLE late (id INT PRIMARY KEY)", "ALTER TABLE late REPLICA IDENTITY NOTHING",
        "INSERT INTO late VALUES (1)", "CREATE TABLE log (line VARCHAR(5))", "INSERT INTO log VALUES ('a')",
    )  # fmt: skip
    replication.step(write=True)
    assert message(database, replication, "late")[0] == TableStatus.ERROR
    assert message(database, replication, "log")[1] == "without a primary key, its updates and deletes are ignored"
    assert [row["line"] for row in sink.rows("/log/")] == ["a"]


def test_updates_that_change_nothing_are_in_the_log(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(5))", "INSERT INTO t VALUES (1, 'a')")
    replication = database.replication(sink)
    replication.start()
    database.run("UPDATE t SET note = note", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING")
    with database.connect(autocommit=False) as connection:
        connection.execute("DELETE FROM t")
        connection.rollback()
        connection.execute("SAVEPOINT here")
        connection.execute("DELETE FROM t")
        connection.execute("ROLLBACK TO here")
    replication.step(write=True)
    assert [(row["Op"], row["note"]) for row in changes(sink, "t")] == [("U", "a")]


def test_names_and_texts_with_quotes_brackets_and_colons_are_read(database: PostgresDatabase, sink: MemorySink) -> None:
    odd = 'a "b]:[c.d, e'
    quoted = '"' + odd.replace('"', '""') + '"'
    database.run(
        "CREATE TYPE \"ty]pe: ['\" AS ENUM ('x:1', 'it''s')",
        f'CREATE TABLE {quoted} (id INT PRIMARY KEY, {quoted} "ty]pe: [\'", "Text" VARCHAR(90), tags VARCHAR(9)[])',
    )
    replication = database.replication(sink, rules=[selection(database.schema)])
    replication.start()
    text = "new-tuple: id[integer]:2 ''null unchanged-toast-datum\n''\\"
    database.run(f"INSERT INTO {quoted} VALUES (1, 'it''s', '{text}', ARRAY['a b', 'c,d'])")
    database.run(f"UPDATE {quoted} SET id = 2", f"UPDATE {quoted} SET \"Text\" = 'null'", f"TRUNCATE {quoted}")
    replication.step(write=True)
    rows = [tuple(row[name] for name in ("Op", "id", odd, "Text", "tags")) for row in sink.rows(odd)]
    array = '{"a b","c,d"}'
    assert rows == [
        ("I", 1, "it's", text.replace("''", "'"), array),
        ("U", 2, "it's", text.replace("''", "'"), array),
        ("U", 2, "it's", "null", array),
    ]
    assert replication.checkpoint.tables[f"{database.schema}.{odd}"].ddls == 1


def test_rows_of_children_are_those_of_the_child_alone(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run(
        "CREATE TABLE parent (id INT PRIMARY KEY)", "CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)",
        "INSERT INTO parent VALUES (1)", "INSERT INTO child VALUES (2)",
    )  # fmt: skip
    replication = database.replication(sink)
    replication.start()
    assert [row["id"] for row in sink.rows("/parent/")] == [1]
    assert [row["id"] for row in sink.rows("/child/")] == [2]
