"""What the database servers of the living source have in common, as their users see it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.postgres.server import PostgresServer

Server = MariaDbServer | PostgresServer


@dataclass(frozen=True)
class Engine:
    """What a server of an engine is asked, and what it answers."""

    server: type[Server]
    where: str
    """Asks for the folder of the rows."""
    process: str
    """The file in it that says which process the server is."""
    stranger: str
    refused: type[Exception]
    refusal: str
    unknown: tuple[str, str]
    """A setting that no server has, and what the server says of it."""

    def one(self, server: Server, query: str) -> tuple[Any, ...]:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(query.encode() if isinstance(server, PostgresServer) else query)
            return tuple(cursor.fetchone() or ())

    def folder_of(self, server: Server) -> Path:
        return Path(str(self.one(server, self.where)[0]))

    def process_of(self, server: Server) -> int:
        return int((self.folder_of(server) / self.process).read_text().split()[0])


MARIADB = Engine(
    MariaDbServer, "SELECT @@datadir", "pid", "", pymysql.OperationalError, "Access denied",
    ("--no-such-setting=1", "unknown variable 'no-such-setting=1'"),
)  # fmt: skip
POSTGRES = Engine(
    PostgresServer, "SHOW data_directory", "postmaster.pid", "nobody", psycopg.OperationalError,
    "password authentication failed",
    ("--no_such_setting=1", 'unrecognized configuration parameter "no_such_setting"'),
)  # fmt: skip


@pytest.fixture(scope="module", params=[MARIADB, POSTGRES], ids=["mariadb", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.param
    return found


@pytest.fixture(scope="module")
def server(engine: Engine) -> Iterator[Server]:
    with engine.server() as server:
        yield server


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(is_so: Any, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(is_so())


def test_it_listens_on_the_loopback_address_only_and_not_as_root(engine: Engine, server: Server) -> None:
    process = engine.process_of(server)
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


def test_nobody_enters_without_the_password(engine: Engine, server: Server) -> None:
    for user in ("root", "postgres", "dms", engine.stranger):
        with pytest.raises(engine.refused, match=engine.refusal):
            server.connect(user, password="wrong")


def test_what_was_committed_survives_the_death_of_the_server_with_its_connections(engine: Engine) -> None:
    with engine.server() as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA kept")
            cursor.execute("CREATE TABLE kept.numbers (number INT PRIMARY KEY)")
            cursor.executemany("INSERT INTO kept.numbers VALUES (%s)", [(number,) for number in range(1, 501)])
            connection.commit()
        open_one = server.connect()
        at_work = open_one.cursor()
        at_work.execute("UPDATE kept.numbers SET number = -number")
        os.kill(engine.process_of(server), signal.SIGKILL)
        server.kill()
        server.start()
        assert engine.one(server, "SELECT COUNT(*) FROM kept.numbers WHERE number > 0") == (500,)
        with pytest.raises(engine.refused):
            at_work.execute("SELECT 1")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the server may enter, who is not who runs the tests; pytest's are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


def test_a_stop_does_not_wait_for_clients_and_a_folder_keeps_the_rows(engine: Engine, folder: Path) -> None:
    first = engine.server(folder=folder)
    first.start()
    with first.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA kept")
        cursor.execute("CREATE TABLE kept.rows_ AS SELECT 7 AS number")
        connection.commit()
    client = first.connect()
    client.cursor().execute("SELECT 1")
    begun = time.monotonic()
    first.stop()
    first.remove_temporary_files()
    assert time.monotonic() - begun < 15
    with engine.server(folder=folder, password=first.password) as second:
        assert engine.one(second, "SELECT number FROM kept.rows_") == (7,)
    with (
        pytest.raises(engine.server.ERROR, match=engine.refusal),
        engine.server(folder=folder, password="another"),
    ):
        pass


OWNER = """
import sys, time
from pathlib import Path
from tests.tools.rehearsal.source.test_server import MARIADB, POSTGRES
engine = MARIADB if sys.argv[1] == "MariaDB" else POSTGRES
with engine.server(folder=Path(sys.argv[2]) if sys.argv[2:] else None) as server:
    print(engine.process_of(server), server.log.parent.parent, flush=True)
    time.sleep(600)
"""


def killed_owner(engine: Engine, *folder: str) -> tuple[int, Path]:
    """Kill a process that has started a server; the server's process, and the folder that it needs while it runs."""
    command = [sys.executable, "-c", OWNER, engine.server.ENGINE, *folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        process, home = owner.stdout.readline().split()
        assert is_running(int(process))
        assert Path(home).is_dir()
        owner.kill()
    return int(process), Path(home)


def test_the_server_ends_with_its_owner_even_if_that_is_killed_and_leaves_no_folder(engine: Engine) -> None:
    process, home = killed_owner(engine)
    assert wait_until(lambda: not is_running(process))
    assert wait_until(lambda: not home.exists()), "46 MB in /tmp for each rehearsal that was killed"


def test_rows_in_a_folder_of_their_own_stay_when_the_owner_is_killed(engine: Engine, folder: Path) -> None:
    process, home = killed_owner(engine, str(folder))
    assert wait_until(lambda: not is_running(process) and not home.exists())
    assert any(folder.iterdir())


def test_a_server_that_is_stopped_or_killed_by_its_owner_starts_again_on_its_rows(engine: Engine) -> None:
    with engine.server() as server:
        for end in (server.stop, server.kill):
            end()
            server.start()
        assert engine.process_of(server)
        home = server.log.parent.parent
    assert not home.exists()


def test_a_server_that_does_not_start_says_what_its_log_says(engine: Engine) -> None:
    setting, said = engine.unknown
    with pytest.raises(engine.server.ERROR, match=said), engine.server(settings=(setting,)):
        pass
