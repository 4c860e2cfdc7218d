"""The stand-in as a process: killed, away from its source, told to reload and to stop, it loses no change."""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.emulator.child_process import ChildProcess
from tests.tools.rehearsal.dms.databases import (
    S3,
    SETTINGS,
    Database,
    numbered,
    on_one_engine,
    slow_on_postgres,
    usual_rules,
)

SECONDS = 60


class Process:
    """A stand-in that writes into a folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._child: ChildProcess | None = None
        self._input: Any = None

    def start(self, *, reload_all: bool = False, **s3: Any) -> None:
        given = {
            "reload_all": reload_all,
            "source": self._database.SOURCE,
            "target": {
                "EndpointType": "target",
                "EngineName": "s3",
                "S3Settings": S3 | {"CdcMaxBatchInterval": 0} | s3,
            },
            "config": {
                "ReplicationType": "full-load-and-cdc",
                "TableMappings": numbered(usual_rules(self._database.schema)),
                "ReplicationSettings": SETTINGS,
            },
            "connection": self._database.server.connection(),
            "folder": str(self._folder / "state"),
            "sink_folder": str(self._folder / "files"),
        }
        self._child = ChildProcess(
            [sys.executable, "-m", "rehearsal.dms"],
            environment=dict(os.environ),
            log=self._folder / "dms.log",
            told=json.dumps(given) + "\n",
        )

    def tell(self, **command: Any) -> None:
        assert self._child
        self._child.tell(json.dumps(command) + "\n")

    def kill(self) -> None:
        assert self._child
        self._child.kill()

    def end(self) -> int | None:
        assert self._child
        return self._child.wait(SECONDS)

    @property
    def log(self) -> str:
        return (self._folder / "dms.log").read_text()

    @property
    def status(self) -> dict[str, Any]:
        file = self._folder / "state" / "status.json"
        status: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return status

    def files(self) -> dict[str, bytes]:
        root = self._folder / "files"
        found = [file for file in root.rglob("*.parquet") if not file.name.startswith(".")]
        return {str(file.relative_to(root)): file.read_bytes() for file in found}

    def wait_until_read(self) -> None:
        """Wait until everything that is committed now is in files."""
        end = self._database.end_of_log()
        wait_for(lambda: tuple(self.status.get("position") or ("", 0)) >= end)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def process(either: Database, tmp_path: Path) -> Iterator[Process]:
    either.run(
        "CREATE TABLE fares (id INT PRIMARY KEY, fare INT)",
        f"INSERT INTO fares SELECT seq, seq FROM {either.series(500)}",
    )
    process = Process(either, tmp_path / "process")
    yield process
    if process._child:
        process._child.kill()


class Writer:
    """Changes single rows until told to stop; a server that is away is tried again."""

    def __init__(self, database: Database) -> None:
        self._database, self._stop, self.count = database, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        draw = random.Random(4)
        while not self._stop.is_set():
            try:
                self._write(draw)
            except Exception:  # noqa: BLE001 - the server is killed on purpose
                time.sleep(0.05)

    def _write(self, draw: random.Random) -> None:
        connection = self._database.connect()
        with connection, connection.cursor() as cursor:
            while not self._stop.is_set():
                key, other = draw.randint(1, 600), draw.randint(1, 600)
                cursor.execute(
                    draw.choice(
                        [
                            f"UPDATE fares SET fare = fare + 1 WHERE id = {key}",
                            f"DELETE FROM fares WHERE id = {key}",
                            *self._database.upserts("fares", key, other, ["fare"], "0")[1:],
                        ]
                    )
                )
                self.count += 1

    def wait_for_more(self, changes: int = 40) -> None:
        since = self.count
        wait_for(lambda: self.count > since + changes)


def test_killed_again_and_again_it_loses_no_change(either: Database, process: Process) -> None:
    with Writer(either) as writer:
        for _ in range(2):
            process.start()
            before = len(process.files())
            wait_for(lambda before=before: len(process.files()) > before + 1)  # type: ignore[misc]
            writer.wait_for_more()
            process.kill()
        process.start()
    process.wait_until_read()
    process.tell(stop=True)
    assert process.end() == 0
    either.assert_lake_is_source(process.files(), "fares")
    assert process.status["state"] == "stopped"


def test_the_death_of_the_server_loses_nothing_and_its_absence_is_waited_for(
    either: Database, process: Process
) -> None:
    with Writer(either) as writer:
        process.start()
        wait_for(lambda: len(process.files()) > 1)
        either.server.kill()
        wait_for(lambda: "the source does not answer" in process.log)
        either.server.start()
        writer.wait_for_more()
    process.wait_until_read()
    process.tell(stop=True)
    assert process.end() == 0
    either.assert_lake_is_source(process.files(), "fares")


@slow_on_postgres
def test_a_reload_that_is_asked_for_goes_on_under_traffic(either: Database, process: Process) -> None:
    process.start()
    wait_for(lambda: process.status.get("state") == "running")
    either.run("TRUNCATE fares", "INSERT INTO fares VALUES (1, 1)")
    with Writer(either) as writer:
        writer.wait_for_more()
        (load,) = [key for key in process.files() if "LOAD" in key]
        before = process.files()[load]
        process.tell(reload=[[either.schema, "fares"]])
        wait_for(lambda: process.files()[load] != before)
    process.wait_until_read()
    (table,) = process.status["tables"]
    assert (table["status"], table["full_load_rows"] < 500) == ("Table completed", True)
    process.tell(stop=True)
    assert process.end() == 0
    either.assert_lake_is_source(process.files(), "fares")


@slow_on_postgres
def test_a_load_of_all_tables_waits_for_a_source_that_is_away(either: Database, process: Process) -> None:
    process.start()
    wait_for(lambda: process.status.get("state") == "running")
    process.kill()
    either.run("INSERT INTO fares VALUES (1000, 1)")
    either.server.kill()
    process.start(reload_all=True)
    wait_for(lambda: "the source does not answer" in process.log)
    either.server.start()
    process.wait_until_read()
    process.tell(stop=True)
    assert process.end() == 0
    loads = {key: body for key, body in process.files().items() if "LOAD" in key}
    either.assert_lake_is_source(loads, "fares")


@on_one_engine
def test_a_setting_that_is_not_known_ends_it_with_a_sentence(process: Process) -> None:
    process.start(CsvDelimiter=";")
    assert process.end() == 1
    assert process.status["state"] == "failed"
    assert "CsvDelimiter is ';': it shapes CSV files" in process.status["message"]


@on_one_engine
def test_it_ends_with_its_owner(either: Database, process: Process, tmp_path: Path) -> None:
    process.start()
    wait_for(lambda: process.status.get("state") == "running")
    assert process._child
    assert process._child._process.stdin
    process._child._process.stdin.close()
    assert process.end() == 1
