"""Starts and stops a MariaDB server on this machine, whose log of changes is as AWS DMS wants it."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pymysql

from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.settings import LOOPBACK
from rehearsal.source.mariadb import guardian
from rehearsal.source.mariadb.program import UNPRIVILEGED, MariaDbError, identity, is_reachable, program_folder

ADMINISTRATOR, REPLICATOR = "root", "dms"
_START_SECONDS = 60
_STOP_SECONDS = 30
_SETTINGS = (
    f"--bind-address={LOOPBACK}", "--skip-name-resolve", "--server-id=1",
    "--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-row-metadata=FULL",
    "--gtid-strict-mode=ON", "--sync-binlog=0",
    # with 0, a killed server has lost rows that its log of changes has
    "--innodb-flush-log-at-trx-commit=2",
    # otherwise the server makes an RSA key at each start, for 7 seconds
    "--skip-ssl",
    # `PURGE BINARY LOGS` would keep files that no registered replica has read, and say nothing
    "--slave-connections-needed-for-purge=0",
    "--innodb-log-file-size=32M", "--innodb-undo-tablespaces=0", "--innodb-buffer-pool-size=64M",
    "--performance-schema=OFF", "--local-infile=ON", "--max-allowed-packet=64M", "--max-connections=40",
    "--character-set-server=utf8mb4", "--default-time-zone=+00:00", "--lower-case-table-names=0",
    # a zero date is no date in Parquet; which value DMS writes for it is not documented
    "--sql-mode=STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
)  # fmt: skip
_BOOTSTRAP = (
    "--bootstrap", "--log-warnings=0", "--max-allowed-packet=8M", "--net-buffer-length=16K", "--skip-log-bin",
    "--skip-ssl", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=32M", "--innodb-undo-tablespaces=0",
)  # fmt: skip
_SYSTEM_TABLES = (
    "mariadb_system_tables.sql", "mariadb_performance_tables.sql",
    "mariadb_system_tables_data.sql", "maria_add_gis_sp_bootstrap.sql",
)  # fmt: skip


@dataclass
class MariaDbServer:
    """A running server: `with MariaDbServer() as server`; it keeps its rows in `folder`, if that is given."""

    folder: Path | None = None
    cache: Path | None = None
    """Where the program is kept; by default beside the other jars."""
    port: int = 0
    settings: tuple[str, ...] = ()
    """Options of mariadbd on top of those that every start has."""
    password: str = ""
    """The administrator's and the replicator's; of a folder that is used again, the one that it has."""
    _child: ChildProcess | None = field(default=None, init=False, repr=False)
    _home: Path | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.remove_temporary_files()

    def start(self) -> None:
        """Start on the rows of the folder, or as a new server; return when it answers."""
        program = self._reachable_program()
        data = self._data_folder()
        if not (data / "mysql").exists():
            self.password = self.password or secrets.token_hex(16)
            _initialise(program, data, self.password)
        self.port = self.port or _free_port()
        whom = identity()
        command = [
            sys.executable, guardian.__file__, str(whom.get("user", "")), str(whom.get("group", "")),
            *_mariadbd(program, data), *_SETTINGS, *self.settings, f"--port={self.port}",
            f"--socket={self._temporary() / 'socket'}", f"--pid-file={data / 'pid'}", f"--tmpdir={self._temporary()}",
            f"--secure-file-priv={data}",
        ]  # fmt: skip
        self._child = ChildProcess(command, environment=dict(os.environ), log=self.log)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Stop in order; what was committed is there at the next start."""
        if self._child:
            self._child.stop(_STOP_SECONDS)
            self._child = None

    def kill(self) -> None:
        """End the server at once, as a power cut does."""
        if self._child:
            self._child.kill()
            self._child = None

    def connect(self, user: str = ADMINISTRATOR, **options: Any) -> "pymysql.Connection[Any]":  # noqa: ANN401
        """Connect; rows are tuples unless another cursor is asked for."""
        return pymysql.connect(**{"ssl_disabled": True, **self.connection(user), **options})

    def connection(self, user: str = REPLICATOR) -> dict[str, Any]:
        """What a client needs to connect: host, port, user, password."""
        return {"host": LOOPBACK, "port": self.port, "user": user, "password": self.password}

    @property
    def log(self) -> Path:
        """What the server says of itself."""
        return self._temporary() / "log" / "mariadb.log"

    def remove_temporary_files(self) -> None:
        """Remove what the server needs only while it runs, and its rows unless they have a folder of their own."""
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def _temporary(self) -> Path:
        """A folder with a short path: the name of a socket has at most 107 bytes."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="mariadb-"))
            _give(self._home)
        return self._home

    def _reachable_program(self) -> Path:
        """The program's folder; a copy of it where the server may not read the original."""
        program = program_folder(self.cache)
        if is_reachable(program / "bin" / "mariadbd"):
            return program
        copy = self._temporary() / "program"
        if not copy.exists():
            shutil.copytree(program, copy)
        return copy

    def _data_folder(self) -> Path:
        data = self.folder or self._temporary() / "data"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        _give(data)
        if not is_reachable(data):
            raise MariaDbError(
                f"the server runs as {UNPRIVILEGED} and may not read {data}: choose a folder whose parents all may "
                "enter, or leave the choice to the rehearsal"
            )
        return data

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self._child is None or self._child.exit_code is not None:
                break
            try:
                self.connect(connect_timeout=1).close()
            except pymysql.OperationalError as error:
                if error.args[0] == pymysql.constants.ER.ACCESS_DENIED_ERROR:
                    break
                time.sleep(0.05)
            else:
                return
        said = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        self.kill()
        raise MariaDbError(f"the MariaDB server on port {self.port} does not answer; its log ends with:\n{said}")


def _mariadbd(program: Path, data: Path) -> list[str]:
    return [
        str(program / "bin" / "mariadbd"), "--no-defaults", f"--basedir={program}", f"--datadir={data}",
        f"--lc-messages-dir={program / 'share'}",
    ]  # fmt: skip


def _initialise(program: Path, data: Path, password: str) -> None:
    """Make the system tables as mariadb-install-db does, with two users who connect by TCP, and no test database."""
    tables = "".join((program / "share" / name).read_text() for name in _SYSTEM_TABLES)
    # the server takes one statement for each end of a line
    users = f"""
FLUSH PRIVILEGES;
DELETE FROM mysql.global_priv WHERE User IN ('', 'root');
DELETE FROM mysql.proxies_priv;
FLUSH PRIVILEGES;
CREATE USER {ADMINISTRATOR}@{LOOPBACK} IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO {ADMINISTRATOR}@{LOOPBACK} WITH GRANT OPTION;
CREATE USER {REPLICATOR}@{LOOPBACK} IDENTIFIED BY '{password}';
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {REPLICATOR}@{LOOPBACK};
"""  # noqa: S608 - names of this module
    statements = f"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n{tables}{users}"
    command = [*_mariadbd(program, data), *_BOOTSTRAP]
    answer = subprocess.run(command, input=statements, text=True, capture_output=True, check=False, **identity())
    if answer.returncode or "ERROR" in answer.stderr:
        shutil.rmtree(data, ignore_errors=True)
        raise MariaDbError(f"the MariaDB server cannot be initialised: {answer.stderr[-2000:]}")


def _give(folder: Path) -> None:
    """Make the server the folder's owner."""
    if not os.geteuid():
        shutil.chown(folder, UNPRIVILEGED)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])
