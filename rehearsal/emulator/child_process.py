"""A child process ends with its parent, however that ends: it waits for the end of its standard input."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_LINES_KEPT = 2000


class ChildProcess:
    """A child in its own session: Ctrl-C reaches only the parent, which then stops the child in order."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: dict[str, str],
        log: Path,
        sockets: Sequence[int] = (),
        told: str = "",
    ) -> None:
        """Start a child; what it is `told` comes first on its standard input, where other users cannot read it."""
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, pass_fds=sockets,
            )  # fmt: skip
        self.log = log
        self.tell(told)

    def tell(self, text: str) -> None:
        """Write to its standard input."""
        if text and self._process.stdin:
            with suppress(BrokenPipeError):  # a child that has ended says why in its log
                self._process.stdin.write(text.encode())
                self._process.stdin.flush()

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


def log_events(log: Path) -> list[dict[str, Any]]:
    """Return the end of a child's log as CloudWatch takes it; nothing if the child has not begun to log."""
    now = int(time.time() * 1000)
    lines = log.read_text(errors="replace").splitlines()[-_LINES_KEPT:] if log.exists() else []
    return [{"timestamp": now, "message": line} for line in lines if line.strip()]


def when_parent_ends(action: Callable[[], object]) -> None:
    """Call `action` once the parent has ended."""

    def watch() -> None:
        sys.stdin.buffer.read()
        action()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def end_process_group() -> None:
    """End this process and all it has started."""
    os.killpg(0, signal.SIGKILL)
