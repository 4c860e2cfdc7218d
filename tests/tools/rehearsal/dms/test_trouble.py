"""A source that DMS could not follow is told so; TRUNCATE, DDL and large values do what the settings say."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.dms.checkpoint import TableStatus
from rehearsal.dms.replication import Replication
from rehearsal.dms.source_errors import ReplicationFailedError, SourceLostError
from rehearsal.source.mariadb.server import MariaDbServer
from tests.tools.rehearsal.dms.databases import Database, MariaDatabase, MemorySink, selection


@pytest.fixture
def setting(mariadb: MariaDbServer) -> Iterator[Any]:
    """Change a global variable of the server, and change it back."""
    connection = mariadb.connect()
    before = {}
    with connection, connection.cursor() as cursor:

        def change(name: str, value: str) -> None:
            cursor.execute(f"SELECT @@GLOBAL.{name}")
            before[name] = str((cursor.fetchone() or ("",))[0])
            cursor.execute(f"SET GLOBAL {name} = {value}")

        yield change
        for name, value in before.items():
            cursor.execute(f"SET GLOBAL {name} = {value}")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("binlog_format", "STATEMENT", "set binlog_format=ROW"),
        ("binlog_row_image", "MINIMAL", "set binlog_row_image=FULL"),
        ("binlog_row_metadata", "NO_LOG", "set binlog_row_metadata=FULL"),
        ("log_bin_compress", "ON", "DMS does not read compressed transactions"),
    ],
)
def test_a_log_of_another_form_is_refused_before_anything_is_written(
    database: Database, sink: MemorySink, setting: Any, name: str, value: str, advice: str
) -> None:
    setting(name, value)
    with pytest.raises(ReplicationFailedError, match=f"the source has {name}={value}: .*{advice}"):
        database.replication(sink).start()
    assert sink.files == {}


def test_a_session_that_logs_statements_after_the_start_fails_the_replication(
    database: Database, sink: MemorySink, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.tsv"
    rows.write_text("7\t7\n")
    database.run("CREATE TABLE fares (id INT PRIMARY KEY, usd INT)", "INSERT INTO fares VALUES (1, 1)")
    replication = database.replication(sink)
    replication.start()
    database.run(
        "CREATE FUNCTION raise_fares() RETURNS INT DETERMINISTIC MODIFIES SQL DATA "
        "BEGIN UPDATE fares SET usd = usd + 1; RETURN 1; END"
    )
    replication.step(write=True)
    for change in (
        "UPDATE fares SET usd = 2",
        "/* said */ insert INTO fares VALUES (2, 2)",
        "-- said\nINSERT INTO fares VALUES (3, 3)",
        "# said\nUPDATE fares SET usd = 4",
        "/*!50000 UPDATE */ fares SET usd = 5",
        "SET STATEMENT max_statement_time=9 FOR UPDATE fares SET usd = 6",
        "DO raise_fares()",
        "CREATE TABLE copied (id INT PRIMARY KEY) SELECT id FROM fares",
        f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE fares",
        "DELETE FROM fares",
    ):
        database.run("SET SESSION binlog_format=STATEMENT", change, local_infile=True)
        with pytest.raises(ReplicationFailedError, match=r"a statement in place of the rows.*binlog_format=ROW.*again"):
            replication.step(write=True)
        replication.reload_all()


def test_statements_that_change_no_rows_are_no_trouble_in_a_log_of_rows(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = database.replication(sink)
    replication.start()
    database.run(
        "CREATE TABLE copied (id INT PRIMARY KEY) SELECT id FROM fares",
        "CREATE TEMPORARY TABLE passing SELECT id FROM fares",
        "INSERT INTO passing VALUES (2)",
        "CREATE TABLE noted (id INT PRIMARY KEY) COMMENT 'as by SELECT'",
        "CREATE TABLE chosen (`select` INT PRIMARY KEY)",
        "ALTER TABLE fares COMMENT 'later, RENAME it'",
        "CREATE VIEW shown AS SELECT id FROM fares",
        "ANALYZE TABLE fares",
        "OPTIMIZE TABLE fares",
        "FLUSH TABLES",
        "CREATE TABLE quick (id INT PRIMARY KEY) ENGINE=MEMORY",
        "INSERT INTO quick VALUES (1)",
        "INSERT INTO fares VALUES (2)",
        "DROP TABLE copied, quick",
    )
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


def test_a_temporary_table_of_a_tables_name_is_none_of_it(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = database.replication(sink)
    replication.start()
    database.run("SET SESSION binlog_format=MIXED", "CREATE TEMPORARY TABLE fares (id INT PRIMARY KEY)")
    database.run("INSERT INTO fares VALUES (2)")
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


@pytest.mark.parametrize("image", ["MINIMAL", "NOBLOB"])
def test_a_session_that_logs_parts_of_rows_after_the_start_suspends_the_table(
    database: Database, sink: MemorySink, image: str
) -> None:
    database.run(
        "CREATE TABLE fares (id INT PRIMARY KEY, usd INT, note TEXT)",
        "CREATE TABLE zones (id INT PRIMARY KEY)",
        "INSERT INTO fares VALUES (1, 1, 'a')",
    )
    replication = database.replication(sink)
    replication.start()
    database.run(f"SET SESSION binlog_row_image={image}", "UPDATE fares SET usd = 2")
    database.run("INSERT INTO zones VALUES (1)")
    replication.step(write=True)
    state = replication.checkpoint.tables[f"{database.schema}.fares"]
    assert (state.status, state.message.split(":")[0]) == ("Table error", "the log lacks columns of a changed row")
    assert sink.of("fares/2") == []
    database.assert_lake_is_source(sink.files, "zones")


def test_a_server_without_a_log_is_refused(sink: MemorySink, tmp_path: Any) -> None:
    with MariaDbServer(settings=("--skip-log-bin",)) as server:
        database = MariaDatabase(server, "silent", tmp_path)
        with pytest.raises(ReplicationFailedError, match="log_bin=OFF: switch the binary log on"):
            database.replication(sink).start()


def replication_of(database: Database, sink: MemorySink, *rights: str) -> Replication:
    user = f"poor_{database.schema}"
    database.run(f"CREATE USER {user}@127.0.0.1 IDENTIFIED BY 'pw'")
    for right in rights:
        where = f"`{database.schema}`.*" if right == "SELECT" else "*.*"
        database.run(f"GRANT {right} ON {where} TO {user}@127.0.0.1")
    connection = database.server.connection() | {"user": user, "password": "pw"}
    return Replication(database.definition(), connection, sink, database.folder())


@pytest.mark.parametrize(
    ("rights", "sentence"),
    [
        (["SELECT", "REPLICATION CLIENT"], "lacks REPLICATION SLAVE: GRANT REPLICATION SLAVE"),
        (["SELECT", "REPLICATION SLAVE"], "lacks REPLICATION CLIENT: GRANT REPLICATION CLIENT"),
        (["REPLICATION SLAVE", "REPLICATION CLIENT"], "no table of the source matches.*the user's SELECT"),
    ],
)
def test_a_missing_right_is_named(database: Database, sink: MemorySink, rights: list[str], sentence: str) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    with pytest.raises(ReplicationFailedError, match=sentence):
        replication_of(database, sink, *rights).start()


def test_a_wrong_password_is_no_reason_to_try_again(database: Database, sink: MemorySink) -> None:
    connection = database.server.connection() | {"password": "wrong"}
    with pytest.raises(ReplicationFailedError, match="refuses the user: Access denied"):
        Replication(database.definition(), connection, sink, database.folder()).start()


def test_the_rights_of_dmss_guide_are_enough(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = replication_of(database, sink, "SELECT", "REPLICATION SLAVE", "REPLICATION CLIENT")
    replication.start()
    database.run("INSERT INTO fares VALUES (2)")
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


def test_mappings_that_match_no_table_fail_unless_the_settings_allow_it(either: Database, sink: MemorySink) -> None:
    rules = [selection(either.schema, "Fares")]
    either.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    with pytest.raises(ReplicationFailedError, match="matches the table mappings.*whose case counts"):
        either.replication(sink, rules=rules).start()
    either.replication(sink, rules=rules, settings={"ErrorBehavior": {"FailOnNoTablesCaptured": False}}).start()


def test_a_purged_position_asks_for_a_full_reload(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = database.replication(sink)
    replication.start()
    assert replication.checkpoint.position
    database.run("FLUSH BINARY LOGS", "INSERT INTO fares VALUES (2)", "FLUSH BINARY LOGS")
    end = time.monotonic() + 10
    files: list[Any] = []
    while time.monotonic() < end:  # the server keeps a file until its last reader's connection is gone
        connection = database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            cursor.execute(f"PURGE BINARY LOGS TO '{(cursor.fetchone() or [''])[0]}'")
            cursor.execute("SHOW BINARY LOGS")
            files = [row[0] for row in cursor.fetchall()]
        if len(files) == 1:
            break
        time.sleep(0.1)
    assert len(files) == 1
    with pytest.raises(ReplicationFailedError, match=r"no longer has the log.*load all tables again \(reload-target\)"):
        replication.step()
    replication.reload_all()
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


def test_truncate_stops_the_replication_once_and_a_reload_mends_the_lake(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1), (2)")
    folder = database.folder()
    stops = {"ErrorBehavior": {"ApplyErrorFailOnTruncationDdl": True}}
    replication = database.replication(sink, folder, settings=stops)
    replication.start()
    database.run("INSERT INTO fares VALUES (3)", "TRUNCATE TABLE fares", "INSERT INTO fares VALUES (9)")
    with pytest.raises(ReplicationFailedError, match=r"fares was truncated at binlog\.\d+:\d+.*load the table again"):
        replication.step()
    assert [row["id"] for row in sink.rows("fares", loads=False)] == [3], "what came before is in files"
    resumed = database.replication(sink, folder, settings=stops)
    resumed.start()
    resumed.step(write=True)
    assert [row["id"] for row in sink.rows("fares", loads=False)] == [3, 9]
    resumed.reload((database.schema, "fares"))
    assert [row["id"] for row in sink.rows("fares", loads=True)] == [9]


@pytest.mark.parametrize("removes", [True, False])
def test_truncate_removes_the_tables_files_or_none(database: Database, sink: MemorySink, *, removes: bool) -> None:
    policy = {"ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableTruncated": removes}}
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    database.run("CREATE TABLE other (id INT PRIMARY KEY)", "INSERT INTO other VALUES (1)")
    replication = database.replication(sink, settings=policy)
    replication.start()
    database.run("TRUNCATE fares", "INSERT INTO fares VALUES (5)")
    replication.step(write=True)
    assert [row["id"] for row in sink.rows("fares")] == ([5] if removes else [1, 5])
    assert [row["id"] for row in sink.rows("other")] == [1]


@pytest.mark.parametrize("removes", [True, False])
def test_drop_table_removes_its_files_or_none(database: Database, sink: MemorySink, *, removes: bool) -> None:
    policy = {"ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableDropped": removes}}
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = database.replication(sink, settings=policy)
    replication.start()
    database.run(
        "DROP TABLE fares", "CREATE TABLE fares (id INT PRIMARY KEY, note TEXT)", "INSERT INTO fares VALUES (2, 'new')"
    )
    replication.step(write=True)
    assert [row["id"] for row in sink.rows("fares")] == ([2] if removes else [1, 2])


def test_a_renamed_table_is_suspended(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    replication = database.replication(sink)
    replication.start()
    database.run("RENAME TABLE fares TO prices", "INSERT INTO prices VALUES (1)")
    replication.step(write=True)
    state = replication.checkpoint.tables[f"{database.schema}.fares"]
    assert (state.status, state.message.partition(",")[0]) == (TableStatus.ERROR, "the source renamed the table")


def test_a_table_without_a_key_is_replicated_without_before_images(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE log (line VARCHAR(20))", "INSERT INTO log VALUES ('a')")
    replication = database.replication(sink)
    replication.start()
    database.run("UPDATE log SET line = 'b'", "DELETE FROM log")
    replication.step(write=True)
    rows = [(row["Op"], row["line"]) for row in sink.rows("log")]
    assert rows == [("I", "a"), ("U", "b"), ("D", "b")]
    assert not any("BI_" in name for key in sink.files for name in sink.table(key).column_names)


def test_a_table_with_large_values_and_no_key_is_suspended(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE texts (body LONGTEXT)", "INSERT INTO texts VALUES ('x')")
    replication = database.replication(sink)
    replication.start()
    state = replication.checkpoint.tables[f"{database.schema}.texts"]
    assert state.status == TableStatus.ERROR
    assert "needs a primary key" in state.message


@pytest.mark.parametrize("policy", ["SUSPEND_TABLE", "STOP_TASK"])
def test_a_value_that_dms_would_cut_off_suspends_the_table_or_stops(
    database: Database, sink: MemorySink, policy: str
) -> None:
    settings = {"TargetMetadata": {"LobMaxSize": 1}, "ErrorBehavior": {"DataTruncationErrorPolicy": policy}}
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, body LONGTEXT, small TEXT)")
    replication = database.replication(sink, settings=settings)
    replication.start()
    database.run(
        "INSERT INTO texts VALUES (1, REPEAT('x', 1024), REPEAT('y', 5000))",
        "INSERT INTO texts VALUES (2, REPEAT('ü', 513), '')",
        "INSERT INTO texts VALUES (3, '', '')",
    )
    if policy == "STOP_TASK":
        with pytest.raises(ReplicationFailedError, match="column body has a value of 1026 bytes"):
            replication.step(write=True)
        return
    replication.step(write=True)
    state = replication.checkpoint.tables[f"{database.schema}.texts"]
    assert state.status == TableStatus.ERROR
    assert state.message == "column body has a value of 1026 bytes, but LobMaxSize is 1024 bytes"
    assert [row["id"] for row in sink.rows("texts")] == [1], "what came before is in a file, nothing after"


def test_a_suspended_table_goes_on_after_a_reload(database: Database, sink: MemorySink) -> None:
    settings = {"TargetMetadata": {"LobMaxSize": 1}}
    database.run("CREATE TABLE texts (id INT PRIMARY KEY, body LONGTEXT)")
    replication = database.replication(sink, settings=settings)
    replication.start()
    database.run("INSERT INTO texts VALUES (1, REPEAT('x', 2000))")
    replication.step(write=True)
    database.run("UPDATE texts SET body = 'short'")
    replication.step(write=True)
    assert sink.files == {}
    replication.reload((database.schema, "texts"))
    database.run("INSERT INTO texts VALUES (2, 'b')")
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "texts")


def test_a_reload_of_a_table_that_is_not_replicated_is_refused(database: Database, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    replication = database.replication(sink)
    replication.start()
    with pytest.raises(ReplicationFailedError, match=r"no table of this replication"):
        replication.reload((database.schema, "missing"))


def test_a_source_that_is_away_is_lost_not_failed(either: Database, sink: MemorySink) -> None:
    connection = either.server.connection() | {"port": 1}
    with pytest.raises(SourceLostError, match="Can't connect|Connection refused"):
        Replication(either.definition(), connection, sink, either.folder()).start()
