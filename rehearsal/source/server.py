"""A database server on this machine: on the loopback address only, never as root, ended with its owner."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self, TypedDict

from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.settings import LOOPBACK
from rehearsal.source import guardian

REPLICATOR = "dms"
_START_SECONDS = 60
_STOP_SECONDS = 30
_UNPRIVILEGED = "nobody"


class ServerError(Exception):
    """The database server cannot be had on this machine, or does not start."""


class Identity(TypedDict, total=False):
    """Whom a child process runs as; nothing if it runs as the person who starts it."""

    user: int
    group: int
    extra_groups: list[int]


def identity() -> Identity:
    """Database servers refuse to run as root, so root starts them as nobody."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def is_reachable(path: Path) -> bool:
    """Whether the server may read this path; a folder of root's own is closed to nobody."""
    return subprocess.run(["/bin/test", "-r", str(path)], check=False, **identity()).returncode == 0


@dataclass
class DatabaseServer(ABC):
    """A running server: `with …Server() as server`; it keeps its rows in `folder`, if that is given."""

    ENGINE: ClassVar[str]
    ERROR: ClassVar[type[ServerError]]
    STOP: ClassVar[signal.Signals] = signal.SIGTERM
    """What the server ends by in order, without waiting for its clients."""

    folder: Path | None = None
    port: int = 0
    settings: tuple[str, ...] = ()
    """Options of the program on top of those that every start has."""
    password: str = ""
    """The administrator's and the replicator's; of a folder that is used again, the one that it has."""
    _child: ChildProcess | None = field(default=None, init=False, repr=False)
    _home: Path | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            self.remove_temporary_files()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.remove_temporary_files()

    def start(self) -> None:
        """Start on the rows of the folder, or as a new server; return when it answers."""
        program = self._reachable_program()
        data = self._data_folder()
        is_new = not self._is_initialised(data)
        if is_new:
            self.password = self.password or secrets.token_hex(16)
            self._initialise(program, data)
        self.port = self.port or _free_port()
        whom = identity()
        command = [
            sys.executable, guardian.__file__, str(whom.get("user", "")), str(whom.get("group", "")),
            str(int(self.STOP)), str(self._temporary()), *self._command(program, data), *self.settings,
        ]  # fmt: skip
        self._child = ChildProcess(command, environment=dict(os.environ), log=self.log)
        self._wait_until_it_answers()
        if is_new:
            self._prepare()

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

    @abstractmethod
    def connection(self, user: str = REPLICATOR) -> dict[str, Any]:
        """What a client needs to connect."""

    @property
    def log(self) -> Path:
        """What the server says of itself."""
        return self._temporary() / "log" / "server.log"

    def remove_temporary_files(self) -> None:
        """Remove what the server needs only while it runs, and its rows unless they have a folder of their own."""
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    @abstractmethod
    def _reachable_program(self) -> Path:
        """The program's folder; a copy of it where the server may not read the original."""

    @abstractmethod
    def _is_initialised(self, data: Path) -> bool:
        """Whether the folder has the tables of a server."""

    @abstractmethod
    def _initialise(self, program: Path, data: Path) -> None:
        """Make the server's own tables."""

    @abstractmethod
    def _command(self, program: Path, data: Path) -> list[str]:
        """The program with the options of every start."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server answers; PermissionError if it refuses the administrator."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make what a new server needs once it answers."""

    def _temporary(self) -> Path:
        """A folder with a short path: the name of a socket has at most 107 bytes."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix=f"{self.ENGINE.lower()}-"))
            _give(self._home)
        return self._home

    def _copied(self, *folders: Path) -> Path:
        """Copy folders to where the server may read them, whatever this process lets others read."""
        copy = self._temporary() / "program"
        if not copy.exists():
            for folder in folders:
                shutil.copytree(folder, copy / folder.name)
            for path in (copy, *copy.rglob("*")):
                _give(path)
        return copy

    def _data_folder(self) -> Path:
        data = self.folder or self._temporary() / "data"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        _give(data)
        if not is_reachable(data):
            raise self.ERROR(
                f"the server runs as {_UNPRIVILEGED} and may not read {data}: choose a folder whose parents all may "
                "enter, or leave the choice to the rehearsal"
            )
        return data

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._child and self._child.exit_code is None:
            try:
                if self._answers():
                    return
            except PermissionError:
                break
            time.sleep(0.05)
        said = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        self.kill()
        raise self.ERROR(f"the {self.ENGINE} server on port {self.port} does not answer; its log ends with:\n{said}")


def _give(folder: Path) -> None:
    """Make the server the folder's owner."""
    if not os.geteuid():
        shutil.chown(folder, _UNPRIVILEGED)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])
