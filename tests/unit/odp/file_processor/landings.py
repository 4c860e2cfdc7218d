"""Landed files as tests of the selection want them, and a table that takes them: state and history in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from odp.file_manager.sources import parse_object_key
from odp.file_processor.selection.file_selection import Selection
from odp.file_processor.selection.landing_window import LandingWindow
from odp.file_processor.selection.late_files import Limits
from odp.records import FileStatus, LandedFile, RowHistory, SkipReason
from odp.refresh import RefreshPlan, TableState

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = 60
A_DAY = 24 * 3600
"""Long after everything landed that no test lets land later."""


def landed(path: str, at: int, content: str = "", *, copied: bool = False, size: int = 1) -> LandedFile:
    """A version that landed so many seconds after the beginning; without content it equals no other one.

    No two ETags are alike, as in a bucket with SSE-KMS.
    """
    key = f"s/t/{path}.parquet"
    meaning = parse_object_key(key)
    return LandedFile(
        source_table_name=meaning.source_table_name,
        file_id=f"{key}@{at}={content or at}",
        file_type=meaning.file_type,
        schema_name="s",
        table_name="t",
        bucket="staging",
        key=key,
        size=size,
        etag=f"etag-{at}",
        landed_at=f"{_BEGIN + timedelta(seconds=at):%Y-%m-%dT%H:%M:%SZ}",
        version_id=f"v{at}",
        segment=meaning.segment,
        event_reason="CopyObject" if copied else "PutObject",
    )


def load(part: int, at: int, content: str = "", *, copied: bool = False, segment: str = "") -> LandedFile:
    """A part of a full load."""
    return landed(f"{segment}LOAD{part:08X}", at, content, copied=copied)


def change(number: int, at: int, content: str = "", *, copied: bool = False, day: int = 1) -> LandedFile:
    """A file of changes, named in January 2026."""
    return landed(f"202601{day:02}-{number:09}", at, content, copied=copied)


@dataclass
class Table:
    """What one table holds, and what its history has.

    `deleted` has the keys of objects that are gone, `expired` the ids of former versions that are.
    """

    versioning: RowHistory = RowHistory.LATEST
    limits: Limits = field(default_factory=Limits)
    state: TableState = field(default_factory=TableState)
    history: dict[str, LandedFile] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    lost_on_the_way: LandingWindow | None = None

    def loads(self) -> Sequence[LandedFile]:
        return [file for file in self.history.values() if file.is_load]

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:
        found = [file for file in self.history.values() if not file.is_load and file.name >= from_name]
        return sorted(found, key=lambda file: file.name)[:most]

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        if earlier.file_id in self.expired:
            return None
        return version.file_id.partition("=")[2] == earlier.file_id.partition("=")[2]

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        there = {file.key for file in files} - self.deleted
        landed = sorted(self.history.values(), key=lambda file: file.landing_order)
        return {file.key: str(file.version_id) for file in landed if file.key in there}

    def select(
        self,
        *pending: LandedFile,
        now: int = A_DAY,
        unreadable: Mapping[str, SkipReason] | None = None,
        is_all: bool = True,
    ) -> RefreshPlan:
        """Decide the next commit, so many seconds after the beginning."""
        return Selection(
            pending=pending,
            state=self.state,
            versioning=self.versioning,
            processed=self,
            now=_BEGIN + timedelta(seconds=now),
            unreadable=self._overwritten(pending) | dict(unreadable or {}),
            limits=self.limits,
            is_all=is_all,
            lost_on_the_way=self.lost_on_the_way,
        ).select()

    def take(self, *pending: LandedFile, now: int = A_DAY) -> list[RefreshPlan]:
        """Refresh until nothing more happens, as a run does; gives every step that did something."""
        steps: list[RefreshPlan] = []
        while True:
            step = self.select(*pending, now=now)
            done = (*step.files, *step.set_aside)
            if not done:
                return steps
            steps.append(step)
            self.state = step.state
            self.history |= {file.file_id: file for file in done}
            pending = tuple(file for file in pending if file.file_id not in self.history)

    def _overwritten(self, pending: Sequence[LandedFile]) -> dict[str, SkipReason]:
        newest: dict[str, str] = {}
        for file in (*self.history.values(), *pending):
            newest[file.key] = max(newest.get(file.key, ""), file.landing_order)
        return {file.file_id: SkipReason.OVERWRITTEN for file in pending if file.landing_order < newest[file.key]}

    def approve(self) -> list[LandedFile]:
        """A person approves what is held; gives the files that are pending again."""
        held = [file for file in self.history.values() if file.status is FileStatus.HELD]
        for file in held:
            del self.history[file.file_id]
        return [replace(file, status=FileStatus.PENDING, status_reason="", approved=True) for file in held]

    def dismiss(self) -> None:
        """A person dismisses what is held."""
        held = [file for file in self.history.values() if file.status is FileStatus.HELD]
        self.history |= {file.file_id: file.skipped(SkipReason.DISMISSED) for file in held}


def filled(*files: LandedFile, versioning: RowHistory = RowHistory.LATEST) -> Table:
    """A table that has taken some files."""
    table = Table(versioning)
    table.take(*files)
    return table


def ids(files: Sequence[LandedFile]) -> list[str]:
    return [file.file_id for file in files]


def reasons(files: Sequence[LandedFile]) -> dict[str, str]:
    """Why each file is not applied."""
    return {file.file_id: file.status_reason for file in files}


def held_files(refresh: RefreshPlan) -> set[str]:
    return {file.file_id for held in refresh.held for file in held.files}


def why_held(refresh: RefreshPlan) -> str:
    (held,) = refresh.held
    return held.reason


def is_waiting(refresh: RefreshPlan) -> bool:
    """Whether nothing was decided, so that every pending file waits."""
    return not (refresh.files or refresh.skipped or refresh.held)
