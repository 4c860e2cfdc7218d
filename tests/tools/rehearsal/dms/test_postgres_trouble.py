"""A PostgreSQL that DMS could not follow is told so, in a sentence that says what to do."""

import threading
import time
from pathlib import Path

import pytest

from rehearsal.dms.postgres import connection as connection_of_postgres
from rehearsal.dms.replication import Replication
from rehearsal.dms.source_errors import ReplicationFailedError, SourceLostError
from rehearsal.source.postgres.server import PostgresServer
from tests.tools.rehearsal.dms.databases import MemorySink, PostgresDatabase


@pytest.fixture
def database(postgres_database: PostgresDatabase) -> PostgresDatabase:
    return postgres_database


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("wal_level=replica", "the source has wal_level=replica: set wal_level=logical and start it again"),
        pytest.param(
            "wal_sender_timeout=5s",
            "the source has wal_sender_timeout=5000 ms: DMS wants 0, or 10 s and more",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_server_that_dms_cannot_follow_is_refused_before_anything_is_written(
    sink: MemorySink, tmp_path: Path, setting: str, advice: str
) -> None:
    with PostgresServer(settings=(f"--{setting}",)) as server:
        database = PostgresDatabase(server, "silent", tmp_path)
        database.run("CREATE TABLE fares (id INT PRIMARY KEY)")
        with pytest.raises(ReplicationFailedError, match=advice):
            database.replication(sink).start()
    assert sink.files == {}


def replication_of(database: PostgresDatabase, sink: MemorySink, attributes: str, *rights: str) -> Replication:
    user = f"poor_{database.schema}"
    database.run(
        f"CREATE ROLE {user} LOGIN PASSWORD 'pw' {attributes}", *(f"GRANT {each} TO {user}" for each in rights)
    )
    connection = database.server.connection() | {"user": user, "password": "pw"}
    return Replication(database.definition(), connection, sink, database.folder())


def test_a_missing_right_is_named(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    schema = database.schema
    user = f"poor_{schema}"
    with pytest.raises(ReplicationFailedError, match=f"user {user} lacks REPLICATION: ALTER ROLE {user} REPLICATION"):
        replication_of(database, sink, "", f"USAGE ON SCHEMA {schema}", f"SELECT ON {schema}.fares").start()
    for rights in ([], [f"USAGE ON SCHEMA {schema}"]):
        database.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")
        with pytest.raises(ReplicationFailedError, match="no table of the source matches.*the user's SELECT"):
            replication_of(database, sink, "REPLICATION", *rights).start()
    database.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")
    rights = [f"USAGE ON SCHEMA {schema}", f"SELECT ON {schema}.fares"]
    replication = replication_of(database, sink, "REPLICATION", *rights)
    replication.start()
    database.run("INSERT INTO fares VALUES (2)")
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")
    database.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def test_rows_that_a_policy_hides_are_no_reason_to_load_the_others(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "ALTER TABLE fares ENABLE ROW LEVEL SECURITY")
    database.run("INSERT INTO fares VALUES (1)")
    with pytest.raises(ReplicationFailedError, match="refuses the user: .*row-level security policy"):
        database.replication(sink).start()
    assert sink.files == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"dbname": "missing"}, 'database "missing" does not exist'),
    ],
)
def test_a_refused_user_is_no_reason_to_try_again(
    database: PostgresDatabase, sink: MemorySink, wrong: dict[str, str], said: str
) -> None:
    connection = database.server.connection() | wrong
    with pytest.raises(ReplicationFailedError, match=f"refuses the user: .*{said}"):
        Replication(database.definition(), connection, sink, database.folder()).start()


def test_a_source_that_goes_away_between_two_steps_is_lost_and_nothing_else_is(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    folder = database.folder()
    replication = database.replication(sink, folder)
    replication.start()
    database.run("INSERT INTO fares VALUES (2)")
    database.server.kill()
    try:
        with pytest.raises(SourceLostError):
            replication.step(write=True)
    finally:
        database.server.start()
    database.run("INSERT INTO fares VALUES (3)")
    again = database.replication(sink, folder)
    again.start()
    again.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


def slots(database: PostgresDatabase) -> list[tuple[str, int]]:
    with database.connect() as connection:
        return list(
            connection.execute("SELECT slot_name, confirmed_flush_lsn - '0/0'::pg_lsn FROM pg_replication_slots")
        )


def test_a_dropped_slot_asks_for_a_full_reload(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    folder = database.folder()
    database.replication(sink, folder).start()
    ((name, _),) = slots(database)
    database.run(f"SELECT pg_drop_replication_slot('{name}')", "INSERT INTO fares VALUES (2)")
    replication = database.replication(sink, folder)
    for act in (replication.start, replication.step):
        with pytest.raises(ReplicationFailedError, match=r"no longer has the log.*reload-target"):
            act()
    replication.reload_all()
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


@pytest.mark.slow
def test_a_log_that_grew_too_large_asks_for_a_full_reload(sink: MemorySink, tmp_path: Path) -> None:
    with PostgresServer(settings=("--max_slot_wal_keep_size=1MB", "--max_wal_size=32MB")) as server:
        database = PostgresDatabase(server, "busy", tmp_path)
        database.run("CREATE TABLE fares (id INT PRIMARY KEY, note TEXT)")
        folder = database.folder()
        replication = database.replication(sink, folder)
        replication.start()
        for _ in range(3):
            database.run(
                "INSERT INTO fares SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) AS n",
                "DELETE FROM fares",
                "SELECT pg_switch_wal()",
                "CHECKPOINT",
            )
        for act in (replication.step, database.replication(sink, folder).start):
            with pytest.raises(ReplicationFailedError, match=r"no longer has the log.*let the source keep its log"):
                act()
        replication.reload_all()


def test_the_source_may_remove_its_log_only_up_to_what_is_in_files(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)")
    replication = database.replication(sink)
    replication.start()
    database.run("INSERT INTO fares VALUES (1)")
    before = slots(database)
    replication.step()
    assert slots(database) == before, "the change is in no file"
    replication.step(write=True)
    ((_, confirmed),) = slots(database)
    assert confirmed > before[0][1]
    assert replication.checkpoint.position
    assert confirmed == replication.checkpoint.position.offset
    database.run("CREATE TABLE elsewhere (id INT PRIMARY KEY)")
    replication.step()
    assert slots(database)[0][1] > confirmed, "an idle source need not keep what is not replicated"


def test_a_load_of_all_tables_has_a_new_slot_and_leaves_no_other(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    replication = database.replication(sink)
    replication.start()
    database.run("INSERT INTO fares VALUES (2)")
    replication.reload_all()
    assert len(slots(database)) == 1
    assert [row["id"] for row in sink.rows("/fares/")] == [1, 2]
    assert replication.step(write=True) == 0


def test_a_full_load_alone_leaves_no_slot(database: PostgresDatabase, sink: MemorySink) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "INSERT INTO fares VALUES (1)")
    database.replication(sink, kind="full-load").start()
    assert slots(database) == []


@pytest.mark.slow
def test_a_transaction_that_stays_open_is_named_as_what_a_start_or_a_load_waits_for(
    database: PostgresDatabase, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run("CREATE TABLE fares (id INT PRIMARY KEY)", "CREATE TABLE other (id INT PRIMARY KEY)")
    monkeypatch.setitem(connection_of_postgres._OPTIONS, "lock_timeout", "1s")
    replication = database.replication(sink)
    with database.connect(autocommit=False) as connection:
        connection.execute("INSERT INTO fares VALUES (1)")
        with pytest.raises(SourceLostError, match="wait for a transaction that stays open"):
            replication.start()
        connection.commit()
        replication.start()
        connection.execute("INSERT INTO fares VALUES (2)")
        with pytest.raises(SourceLostError, match="wait for a transaction that stays open"):
            replication.reload((database.schema, "fares"))
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "fares")


def test_a_transaction_that_is_open_while_a_table_is_loaded_is_not_lost(
    database: PostgresDatabase, sink: MemorySink
) -> None:
    for table in ("a", "b"):
        database.run(f"CREATE TABLE {table} (id INT PRIMARY KEY)", f"INSERT INTO {table} VALUES (1)")
    replication = database.replication(sink)
    connection = database.connect(autocommit=False)
    connection.execute("INSERT INTO a VALUES (2)")
    loading = threading.Thread(target=replication.start)
    loading.start()
    time.sleep(0.5)
    connection.execute("INSERT INTO b VALUES (2)")
    connection.commit()
    connection.close()
    loading.join()
    replication.step(write=True)
    database.assert_lake_is_source(sink.files, "a", "b")
