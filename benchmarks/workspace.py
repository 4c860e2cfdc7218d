"""Where a benchmark works, and where its figures are kept."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".local" / "benchmarks"


@contextmanager
def workspace(name: str) -> Iterator[Path]:
    """Return an empty folder on the project's own disk, and remove it afterwards."""
    folder = FOLDER / f"{name}.work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
