"""The folder in which a clone's rehearsal lives: resumed after an orderly end, restarted after a kill."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rehearsal.demo.workspace import PROJECT, Workspace
from rehearsal.pipeline.errors import EmulatorLostError
from rehearsal.private_files import make_private_folder


@dataclass(frozen=True, slots=True)
class RehearsalWorkspace:
    """Where the emulator keeps its accounts; the repositories outlive them."""

    workspace: Workspace

    @classmethod
    def of(cls, folder: Path | None) -> Self:
        """Give the workspace in a folder of the user's, or the clone's own."""
        home = folder.resolve() if folder else PROJECT / ".local"
        report = folder.resolve() / "report.html" if folder else PROJECT / "report.html"
        return cls(Workspace(home / "rehearsal", report))

    @property
    def emulator(self) -> Path:
        """The emulator's run directory."""
        return self.workspace.emulator

    @property
    def repositories(self) -> Path:
        """What was pushed."""
        return self.workspace.folder / "repositories"

    @property
    def report(self) -> Path:
        """Where the report goes."""
        return self.workspace.report

    @contextmanager
    def opened(self) -> Iterator[bool]:
        """Use the workspace alone; tell whether accounts were thrown away because the last use did not end in order.

        A failure ends in order, as long as the emulator could save its state.
        """
        with self.workspace.alone():
            was_killed = self._mark.exists()
            if was_killed:
                shutil.rmtree(self.emulator, ignore_errors=True)
            make_private_folder(self.workspace.folder)
            self._mark.touch()
            try:
                yield was_killed
            except EmulatorLostError:
                raise
            except BaseException:
                self._mark.unlink()
                raise
            self._mark.unlink()

    @property
    def _mark(self) -> Path:
        return self.workspace.folder / "in-use"
