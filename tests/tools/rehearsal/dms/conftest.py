"""One real server of each engine for all tests of the stand-in, and a schema of its own for each."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.postgres.server import PostgresServer
from tests.tools.rehearsal.dms.databases import Database, MariaDatabase, MemorySink, PostgresDatabase


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def maria_database(mariadb: MariaDbServer, tmp_path: Path) -> Iterator[MariaDatabase]:
    database = MariaDatabase(mariadb, f"source_{next(_numbers)}", tmp_path / "replications")
    yield database
    database.drop()


@pytest.fixture
def postgres_database(postgres: PostgresServer, tmp_path: Path) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(postgres, f"source_{next(_numbers)}", tmp_path / "replications")
    yield database
    database.drop()


@pytest.fixture
def database(maria_database: MariaDatabase) -> Database:
    """For tests of what is the same for every engine, and of MariaDB alone."""
    return maria_database


@pytest.fixture(params=["mariadb", "postgres"])
def either(request: pytest.FixtureRequest) -> Database:
    """A database of each engine."""
    name = "maria_database" if request.param == "mariadb" else "postgres_database"
    database: Database = request.getfixturevalue(name)
    return database


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()
