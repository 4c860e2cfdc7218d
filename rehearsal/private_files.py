"""What the rehearsal writes is for the person who started it: other users of the machine cannot read them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_MASK = 0o077
_FOLDER, _FILE = 0o700, 0o600


@contextmanager
def writing_privately() -> Iterator[None]:
    """Let this process and those it starts write files and folders for their owner only."""
    before = os.umask(PRIVATE_MASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private_folder(folder: Path) -> None:
    """Make a folder, or close one that an earlier version left open to others."""
    folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
    folder.chmod(_FOLDER)


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else can read at any moment, also if it was there before."""
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY, _FILE), "w", encoding="utf-8") as output:
        os.fchmod(output.fileno(), _FILE)
        output.truncate()
        output.write(text)
