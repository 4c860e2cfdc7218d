"""The one folder in which a clone's lake lives, used by one process at a time."""

import fcntl
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rehearsal.demo.failures import DemoError
from rehearsal.private_files import make_private_folder, writing_privately

PROJECT = Path(__file__).resolve().parents[2]
CONFIGURATION = PROJECT / "config" / "environments.json"
ENVIRONMENT = "dev"
NEEDED_BYTES = 1_500_000_000
FULL_BYTES = 20_000_000
LONG_SECONDS = 600
"""A run that took longer is not made again lightly."""
FULL_DISK = "the disk is full; make room and start again"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the emulator keeps its state, the apps their assemblies and the source its database."""

    folder: Path = PROJECT / ".local" / "lake"
    report: Path = PROJECT / "report.html"

    @classmethod
    def of(cls, folder: Path | None) -> Self:
        """Return the workspace in a folder of the user's, or the clone's own."""
        return cls(folder.resolve() / "lake", folder.resolve() / "report.html") if folder else cls()

    @property
    def emulator(self) -> Path:
        """The emulator's run directory: the lake itself."""
        return self.folder / "emulator"

    @property
    def logs(self) -> Path:
        """The logs of the emulator, its functions and its Glue runs."""
        return self.emulator / "logs"

    @property
    def assemblies(self) -> Path:
        """The synthesised apps."""
        return self.folder / "assemblies"

    @property
    def manifests(self) -> Path:
        """The table manifests from which the etl app is synthesised."""
        return self.folder / "table_configs"

    @property
    def configuration(self) -> Path:
        """The environments.json from which the apps are synthesised."""
        return self.folder / "environments.json"

    @property
    def database(self) -> Path:
        """The operational database of a source without a server."""
        return self.folder / "taxi_trips.sqlite"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second run of the same clone out, and other users from what this one writes.

        Raises:
            DemoError: another process uses this clone's lake.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with writing_privately(), (self.folder.parent / f"{self.folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"{self.folder} is in use by another demo or lake of this clone; end that one first"
                raise DemoError(message) from error
            if self.folder.exists():
                make_private_folder(self.folder)
            yield

    def begin(self) -> None:
        """Remove the lake of the last demo and check that there is room for a new one.

        Raises:
            DemoError: the disk is too full.
        """
        self.remove()
        make_private_folder(self.folder)
        if self._free_bytes < NEEDED_BYTES:
            message = (
                f"{self._free_bytes / 1e9:.1f} GB are free at {self.folder.parent}, "
                f"but a demo needs {NEEDED_BYTES / 1e9:.1f} GB; make room and start again"
            )
            raise DemoError(message)

    @contextmanager
    def put_away_on_failure(
        self, *, keep: bool, look: Callable[[Exception], object], say: Callable[[str], object]
    ) -> Iterator[None]:
        """Inspect the files of a failed run; remove them unless they are worth keeping.

        Raises:
            DemoError: the run failed, whatever it says, on a disk that is full.
        """
        started = time.monotonic()
        try:
            yield
        except BaseException as failure:
            is_own_failure = isinstance(failure, Exception)  # and no interruption
            is_full = is_own_failure and self._free_bytes < FULL_BYTES
            seconds = time.monotonic() - started
            try:
                if isinstance(failure, Exception):
                    look(failure)
            finally:
                if not keep and (is_full or seconds < LONG_SECONDS):
                    self.remove()
                elif not keep and self.folder.exists():
                    say(self._how_to_use_what_is_kept(seconds))
            if is_full:
                raise DemoError(FULL_DISK) from failure
            raise

    def _how_to_use_what_is_kept(self, seconds: float) -> str:
        return (
            f"What this run made in {seconds / 60:.0f} min is kept in {self.folder}, with all its logs: "
            f"{self.reopening} opens it, rm -r {shlex.quote(str(self.folder))} removes it, and so does the next demo."
        )

    @property
    def reopening(self) -> str:
        """The command that opens the lake."""
        is_own_place = self.folder == type(self)().folder
        return "make lake" if is_own_place else f"make lake REHEARSAL_FOLDER={shlex.quote(str(self.folder.parent))}"

    def remove(self) -> None:
        """Remove the lake."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _free_bytes(self) -> int:
        return shutil.disk_usage(self.folder.parent).free
