"""Runs a server as long as its owner lives: `python guardian.py user group signal folder program arguments…`.

The owner holds this process's standard input. At its end, however the owner ended, the server is told to stop by the
signal. Then the folder is removed, which an owner that lives removes itself. Only the standard library is imported, so
that this starts at once.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading

_GRACE = 20
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main(arguments: list[str]) -> int:
    """Start the server, as another user if one is named, and return its exit code."""
    user, group, signal_, folder, *command = arguments
    owner_is_gone = threading.Event()
    libc = ctypes.CDLL(None)

    def die_with_guardian() -> None:
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)

    whom = {"user": int(user), "group": int(group), "extra_groups": []} if user else {}
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_guardian, **whom)  # type: ignore[call-overload]  # noqa: PLW1509 - one thread

    def stop(*_: object) -> None:
        server.send_signal(int(signal_))

    def watch_owner() -> None:
        while os.read(0, 1024):
            pass
        owner_is_gone.set()
        stop()
        try:
            server.wait(_GRACE)
        except subprocess.TimeoutExpired:
            server.kill()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=watch_owner, daemon=True).start()
    code = int(server.wait())
    if owner_is_gone.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
