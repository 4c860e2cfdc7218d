"""One real server for all tests of the stand-in, and a database of its own for each."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.source.mariadb.server import MariaDbServer
from tests.tools.rehearsal.dms.databases import Database, MemorySink


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def database(mariadb: MariaDbServer, tmp_path: Path) -> Iterator[Database]:
    database = Database(mariadb, f"source_{next(_numbers)}", tmp_path / "replications")
    yield database
    database.run(f"DROP DATABASE `{database.schema}`", database=None)


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()
