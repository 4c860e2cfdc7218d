"""The one folder in which a clone's lake lives, used by one process at a time."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.demo.errors import DemoError

PROJECT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the emulator keeps its state, the apps their assemblies and the source its database."""

    folder: Path = PROJECT / ".local" / "lake"
    report: Path = PROJECT / "report.html"

    @property
    def emulator(self) -> Path:
        """The emulator's run directory: the lake itself."""
        return self.folder / "emulator"

    @property
    def assemblies(self) -> Path:
        """The synthesised apps."""
        return self.folder / "assemblies"

    @property
    def database(self) -> Path:
        """The operational database."""
        return self.folder / "taxi_trips.sqlite"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second run of the same clone out.

        Raises:
            DemoError: another process uses this clone's lake.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / "lake.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"{self.folder} is in use by another demo or lake of this clone; end that one first"
                raise DemoError(message) from error
            yield

    def begin(self) -> None:
        """Remove the lake of the last demo and check that there is room for a new one.

        Raises:
            DemoError: the disk is too full.
        """
        self.remove()
        self.folder.mkdir(parents=True)
        free = shutil.disk_usage(self.folder).free
        if free < NEEDED_BYTES:
            self.remove()
            message = (
                f"{free / 1e9:.1f} GB are free at {self.folder.parent}, but a demo needs {NEEDED_BYTES / 1e9:.1f} GB; "
                "make room and start again"
            )
            raise DemoError(message)

    def remove(self) -> None:
        """Remove the lake."""
        shutil.rmtree(self.folder, ignore_errors=True)
