"""The commands as a person runs them: programs of their own, watched by what they print and what they leave running."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.demo.workspace import PROJECT

_OWN_VARIABLES = ("TRIPS", "ROWS", "PORT", "KEEP_FAILED", "REHEARSAL_FOLDER", "DIRECT", "FORMAT", "SOURCE")


class Program:
    """One command with its output in a file; like a shell's job, it leads a process group of its own."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        variables = {name: value for name, value in os.environ.items() if name not in _OWN_VARIABLES}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rehearsal", *arguments],
                cwd=PROJECT,
                env=variables | {"COLUMNS": "250"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All that it has printed."""
        return self._log.read_text()

    def wait_for(self, text: str, seconds: float = 120) -> re.Match[str]:
        """Wait until it has printed something."""
        deadline = time.monotonic() + seconds
        while (found := re.search(text, self.output)) is None:
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)
        return found

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send a signal to the whole process group, as a terminal does."""
        os.killpg(self._process.pid, number)

    def exit_code(self, seconds: float) -> int:
        """Wait for its end."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it at once; what it started ends by itself then."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(log: Path, *arguments: str) -> Iterator[Program]:
    """Start a command and end it whatever happens."""
    program = Program(log, *arguments)
    try:
        yield program
    finally:
        program.kill()


def processes_of(folder: Path) -> dict[int, str]:
    """The processes whose command line, environment or working directory names the folder."""
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text(errors="replace")
            places = [command, (process / "environ").read_text(errors="replace"), str((process / "cwd").readlink())]
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue  # it has ended, or it is somebody else's
        if any(str(folder) in place for place in places):
            found[int(process.name)] = command.replace("\0", " ")
    return found
