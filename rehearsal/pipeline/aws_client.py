"""Hands the words of an `aws` command to the process that has answered one before in the same build.

Standard library alone, and little of it: a build calls `aws` dozens of times, and importing boto3 takes longer than
the call itself. Arguments: where that process listens, the program that answers, the words of the command.
"""

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

_PREFIX = "AWS_"


def main(address: str, program: str, words: Sequence[str]) -> int:
    """Ask the warm process; if there is none, become the program that answers and stays behind."""
    answer = _asked(address, words)
    if answer is None:
        os.execv(sys.executable, [sys.executable, "-I", program, address, *words])  # noqa: S606 - this interpreter
    code, out, error = json.loads(answer)
    sys.stdout.write(out)
    sys.stderr.write(error)
    return int(code)


def _asked(address: str, words: Sequence[str]) -> bytes | None:
    variables = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            _connect(connection, Path(address))
        except OSError:
            return None
        connection.sendall(json.dumps([list(words), variables]).encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def _connect(connection: socket.socket, address: Path) -> None:
    """By its name alone: a socket's address has at most a hundred characters, a folder's path has no such limit."""
    here = Path.cwd()
    os.chdir(address.parent)
    try:
        connection.connect(address.name)
    finally:
        os.chdir(here)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
