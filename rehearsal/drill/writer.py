"""What stands in for DMS in a drill: it goes on writing files into one Region, and after a failover into the other.

Like a replication that starts from an older checkpoint, it writes again what it is not sure of: the same bytes under
the same names.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.drill.source import DrillTable, SourceFile

_RETRY_SECONDS = 0.2


@dataclass(frozen=True)
class Written:
    """A file that a Region has taken."""

    file: SourceFile
    region: str
    at: float


@dataclass
class Target:
    """Where files go: a Region, its staging bucket, and a client of S3 there."""

    region: str
    bucket: str
    s3: Any


@dataclass
class SourceWriter:
    """Writes the changes of all tables, every so many seconds, until it is told to stop."""

    tables: Sequence[DrillTable]
    target: Target
    seconds: float
    changes: int
    written: list[Written] = field(default_factory=list)
    _stuck: SourceFile | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def load(self) -> None:
        """Write the full load of each table."""
        for table in self.tables:
            for part in table.load():
                self._put(part)

    def start(self) -> None:
        """Go on writing changes in the background."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._go_on, name="source", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the file under way; one that no Region takes stays unwritten, and its rows are in the source."""
        self._stopping.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def write_changes(self) -> None:
        """Change some rows of each table, and write a file of each."""
        for table in self.tables:
            table.change(self.changes)
            if file := table.changes():
                self._put(file)

    def go_on_in(self, target: Target, *, unsure_since: float) -> int:
        """Write into another Region, first again what was written since a time; returns how many files that were."""
        unsure = [each.file for each in self.written if each.at >= unsure_since]
        self.target = target
        for file in [*unsure, *([self._stuck] if self._stuck else [])]:
            self._put(file)
        self._stuck = None
        return len(unsure)

    def _go_on(self) -> None:
        while not self._stopping.is_set():
            for table in self.tables:
                table.change(self.changes)
                file = table.changes()
                if file and not self._put_until_stopped(file):
                    self._stuck = file
                    return
            self._stopping.wait(self.seconds)

    def _put_until_stopped(self, file: SourceFile) -> bool:
        while True:
            try:
                self._put(file)
            except (BotoCoreError, ClientError):
                if self._stopping.wait(_RETRY_SECONDS):
                    return False
            else:
                return True

    def _put(self, file: SourceFile) -> None:
        target = self.target
        target.s3.put_object(Bucket=target.bucket, Key=file.key, Body=file.body)
        self.written.append(Written(file, target.region, time.time()))
