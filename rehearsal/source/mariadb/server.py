"""Starts and stops a MariaDB server on this machine, whose log of changes is as AWS DMS wants it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from rehearsal.emulator.settings import LOOPBACK
from rehearsal.source.mariadb.program import MariaDbError, program_folder
from rehearsal.source.server import REPLICATOR, DatabaseServer, identity, is_reachable

ADMINISTRATOR = "root"
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
class MariaDbServer(DatabaseServer):
    """A running server: `with MariaDbServer() as server`; it keeps its rows in `folder`, if that is given."""

    ENGINE, ERROR = "MariaDB", MariaDbError

    cache: Path | None = None
    """Where the program is kept; by default beside the other jars."""

    def connect(self, user: str = ADMINISTRATOR, **options: Any) -> "pymysql.Connection[Any]":  # noqa: ANN401
        """Connect; rows are tuples unless another cursor is asked for."""
        return pymysql.connect(**{"ssl_disabled": True, **self.connection(user), **options})

    def connection(self, user: str = REPLICATOR) -> dict[str, Any]:
        """What a client needs to connect: host, port, user, password."""
        return {"host": LOOPBACK, "port": self.port, "user": user, "password": self.password}

    def _reachable_program(self) -> Path:
        program = program_folder(self.cache)
        if is_reachable(program / "bin" / "mariadbd"):
            return program
        return self._copied(program) / program.name

    def _is_initialised(self, data: Path) -> bool:
        return (data / "mysql").exists()

    def _initialise(self, program: Path, data: Path) -> None:
        _initialise(program, data, self.password)

    def _command(self, program: Path, data: Path) -> list[str]:
        return [
            *_mariadbd(program, data), *_SETTINGS, f"--port={self.port}",
            f"--socket={self._temporary() / 'socket'}", f"--pid-file={data / 'pid'}", f"--tmpdir={self._temporary()}",
            f"--secure-file-priv={data}",
        ]  # fmt: skip

    def _prepare(self) -> None:
        """Everything is made before the first start."""

    def _answers(self) -> bool:
        try:
            self.connect(connect_timeout=1).close()
        except pymysql.OperationalError as error:
            if error.args[0] == pymysql.constants.ER.ACCESS_DENIED_ERROR:
                raise PermissionError(str(error)) from error
            return False
        return True


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
