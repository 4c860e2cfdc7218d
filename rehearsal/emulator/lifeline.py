"""A child process ends with its parent, however that ends: its standard input is a pipe nobody writes to."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path


class ChildProcess:
    """A child in a session of its own, so that a Ctrl-C reaches only the parent, which then stops it in order."""

    def __init__(
        self, command: Sequence[str], *, environment: dict[str, str], log: Path, sockets: Sequence[int] = ()
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, pass_fds=sockets,
            )  # fmt: skip
        self.log = log

    @property
    def pid(self) -> int:
        """The child's process id, which is also its process group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while the child runs."""
        return self._process.poll()

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the child's end and return its exit code, or None if it is still running then."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def let_go(self) -> None:
        """Let the child see the end of its input, which is how it learns that its parent has no more use for it."""
        if self._process.stdin:
            self._process.stdin.close()

    def stop(self, grace: float) -> int:
        """End the child in order, and by force what is left of its process group after `grace` seconds."""
        if self._process.poll() is None:
            self._process.terminate()
            self.wait(grace)
        return self.kill()

    def kill(self) -> int:
        """End the whole process group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        return code


def when_parent_ends(action: Callable[[], object]) -> None:
    """Call `action` once the parent has ended or has let go of this process."""

    def watch() -> None:
        sys.stdin.buffer.read()
        action()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def end_process_group() -> None:
    """End this process and all it has started."""
    os.killpg(0, signal.SIGKILL)
