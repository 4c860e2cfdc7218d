"""Loads whose objects are gone: DMS deletes a table's files when its source is truncated or dropped.

Nothing else tells the lake. Where the load may have expired, the files of changes tell it. The sweep looks once a day,
`odp status --check` when a person asks. Whether the table is to be emptied is for a person to decide, as somebody may
have deleted the objects by mistake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from odp.file_manager.change_witnesses import TIME, ChangeWitnesses, time_of
from odp.file_manager.load_objects import last_deletion
from odp.file_manager.object_key import table_folder
from odp.file_manager.s3_event import file_id
from odp.ports import Deletions, KnownLoads, LoadEntries
from odp.records import EMPTIED, FileStatus, FileType, KeptEntry, LandedFile, Quarantined, QuarantineKind, SkipReason

_SHOWN = 5
_NO_PART = "LOAD00000000.parquet"
"""DMS counts from 1."""
_CHANGE = "1/"
"""Begins the ids of change files."""
_EXPIRY_LAG = timedelta(days=2)
"""S3 deletes what expires within this time, before or after."""
KIND = QuarantineKind.VANISHED_LOAD


@dataclass(frozen=True, slots=True)
class VanishedLoad:
    """A table's load of which no object is left; `gone_at` is when the last one was deleted.

    Where no load can tell it, `parts` are change files instead, the newest first.
    """

    parts: tuple[LandedFile, ...]
    gone_at: str
    dismissed: int = 0
    """How often a person asked to empty the table of it, and dismissed the request."""

    @property
    def entry_id(self) -> str:
        """The id of the entry in quarantine; a later load that vanishes is another one."""
        return _entry_id(self.parts)

    @property
    def days_kept(self) -> int:
        """How many days after the newest object had landed the last one was deleted."""
        landed = max(datetime.fromisoformat(part.landed_at) for part in self.parts)
        return (datetime.fromisoformat(self.gone_at) - landed).days

    @property
    def objects(self) -> str:
        """What the parts are, after their number."""
        is_load = self.parts[0].is_load
        return "objects of the load in the table" if is_load else "change files that were looked for"

    def entry(self) -> Quarantined:
        """Describe it to a person."""
        name = self.parts[0].source_table_name
        reason = (
            f"{name}: all {len(self.parts)} {self.objects} were deleted from the staging bucket by {self.gone_at}, "
            "as DMS does after a TRUNCATE or DROP; the table keeps its rows until odp reload --empty"
        )
        details: dict[str, str | int] = {
            "source_table_name": name,
            "files": len(self.parts),
            "bytes": sum(part.size for part in self.parts),
            "gone_at": self.gone_at,
            "file_names": ", ".join(part.name for part in self.parts[:_SHOWN]),
        }
        return Quarantined(KIND, self.entry_id, reason, details)

    def emptying_part(self) -> LandedFile:
        """Give the load without rows that empties the table; another one once a person dismissed the former."""
        first = self.parts[0]
        key = _folder(first) + _NO_PART
        request = f"-{self.dismissed + 1}" if self.dismissed else ""
        version = f"{EMPTIED}-{first.version_id or first.etag}{request}"
        return LandedFile(
            source_table_name=first.source_table_name,
            file_id=file_id(first.bucket, key, version, FileType.FULL_LOAD),
            file_type=FileType.FULL_LOAD,
            schema_name=first.schema_name,
            table_name=first.table_name,
            bucket=first.bucket,
            key=key,
            size=0,
            etag="",
            landed_at=self.gone_at,
            version_id=version,
            event_reason=EMPTIED,
            approved=True,
        )


def load_in_table(processed: Sequence[LandedFile]) -> tuple[LandedFile, ...]:
    """Give the parts of the load that a table holds; none if a person had it emptied."""
    parts = _newest_applied(processed)
    return () if any(part.is_emptying for part in parts) else parts


def _newest_applied(processed: Sequence[LandedFile]) -> tuple[LandedFile, ...]:
    """Give the newest load that was applied, also if it has no rows."""
    applied = [part for part in processed if part.is_load and part.status is FileStatus.APPLIED]
    newest = max((part.generation for part in applied), default=0)
    return tuple(part for part in applied if part.generation == newest)


def _is_held(processed: Sequence[LandedFile]) -> bool:
    """Tell whether a load is held that is newer than the one in the table."""
    newest = max((part.landing_order for part in _newest_applied(processed)), default="")
    return any(part.is_load and part.status is FileStatus.HELD and part.landing_order > newest for part in processed)


def _folder(file: LandedFile) -> str:
    """Give the folder of a file's table."""
    if file.is_load:
        segment_folder = file.segment[: file.segment.rfind("/") + 1]
        return file.key.removesuffix(file.name).removesuffix(segment_folder)
    return table_folder(file.key, file.schema_name, file.table_name)


def _vanished(load: VanishedLoad, processed: Iterable[LandedFile]) -> VanishedLoad:
    """Count how often a person dismissed the request to empty the table."""
    skipped = (part for part in processed if part.is_emptying and part.status is FileStatus.SKIPPED)
    dismissed = {part.file_id for part in skipped if part.status_reason == SkipReason.DISMISSED}
    while load.emptying_part().file_id in dismissed:
        load = replace(load, dismissed=load.dismissed + 1)
    return load


def _entry_id(parts: Sequence[LandedFile]) -> str:
    return f"{parts[0].source_table_name}#{parts[0].file_id}"


@dataclass(frozen=True, slots=True)
class VanishedLoads:
    """Compares the books of a lake with its staging bucket, and keeps one entry for each load that vanished."""

    files: KnownLoads
    staged: Deletions
    quarantine: LoadEntries
    landed_file_days: int
    clock: Callable[[], datetime]
    expired_until: str = ""
    """What the sweep noted last: objects that landed before may have expired, also under a former, shorter setting."""

    @property
    def may_have_expired_until(self) -> str:
        """Objects that landed before this time may have expired."""
        limit = self.clock() - timedelta(days=self.landed_file_days) + _EXPIRY_LAG
        return max(limit.astimezone(UTC).strftime(TIME), self.expired_until)

    def check(self, tables: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Bring the entries of each table up to date; tells of each table that is done whether its entry is new."""
        kept = self.kept()
        for table in tables:
            yield table, self.check_table(table, kept[table])

    def kept(self) -> Mapping[str, Sequence[KeptEntry]]:
        """Give the entries of all tables, none for a table without."""
        kept: dict[str, list[KeptEntry]] = defaultdict(list)
        for entry in self.quarantine.of_tables(KIND):
            kept[entry.source_table_name].append(entry)
        return kept

    def check_table(self, table: str, kept: Sequence[KeptEntry]) -> bool:
        """Bring the entries of a table up to date, given those that it has; tells whether one is new.

        A dismissed entry stays: it says that a person keeps the rows.
        """
        load = self._of(table, kept)
        known = {entry.entry_id for entry in kept}
        is_new = load is not None and load.entry_id not in known and self.quarantine.keep(load.entry())
        for entry in kept:
            if not entry.is_dismissed and (load is None or entry.entry_id != load.entry_id):
                self.quarantine.remove(KIND, entry.entry_id)
        return is_new

    def of(self, table: str) -> VanishedLoad | None:
        """Find the vanished load of a table, unless a newer load is pending or held."""
        return self._of(table, self.kept()[table])

    def cannot_tell(self, table: str) -> bool:
        """Tell whether nothing would show that the source of a table was emptied: all its files may have expired."""
        processed = self.files.processed_loads(table)
        parts, since = load_in_table(processed), self._since(processed)
        is_waiting = _is_held(processed) or self._is_load_pending(table)
        if is_waiting or (parts and not self._may_have_expired(parts)) or self._witnesses.has_any(table, since):
            return False
        emptied_at = max((part.landed_at for part in _newest_applied(processed)), default="")
        start = f"{datetime.fromisoformat(emptied_at):%Y%m%d-%H%M%S}" if emptied_at else ""
        return bool(parts or self.files.processed_changes(table, start, 1))

    def _of(self, table: str, kept: Sequence[KeptEntry]) -> VanishedLoad | None:
        """Most tables are all right, so what waits is asked for last."""
        processed = self.files.processed_loads(table)
        found = None if _is_held(processed) else self._found(table, processed, kept)
        if found is None or self._is_load_pending(table):
            return None
        # a load that was pending until now may have been applied or held since the history was read
        now = self.files.processed_loads(table)
        is_same = _newest_applied(now) == _newest_applied(processed) and not _is_held(now)
        return _vanished(found, now) if is_same else None

    def _found(self, table: str, processed: Sequence[LandedFile], kept: Sequence[KeptEntry]) -> VanishedLoad | None:
        """Judge by the load, and by changes where it cannot tell; after a dismissal only changes tell what is new."""
        parts = load_in_table(processed)
        entry = next((entry for entry in kept if parts and entry.entry_id == _entry_id(parts)), None)
        known_by = (entry.gone_at or entry.since) if entry else ""
        by_load = bool(parts) and (entry is not None or not self._may_have_expired(parts))
        if by_load and not (entry and entry.is_dismissed):
            return self._by_load(parts, known_by)
        return self._by_changes(table, processed, kept) or (self._by_load(parts, known_by) if by_load else None)

    def _by_load(self, parts: tuple[LandedFile, ...], known_by: str) -> VanishedLoad | None:
        latest = datetime.fromisoformat(known_by) if known_by else self.clock()
        gone_at = last_deletion(self.staged, parts, latest.astimezone(UTC).strftime(TIME))
        return VanishedLoad(parts, gone_at) if gone_at else None

    def _by_changes(
        self, table: str, processed: Sequence[LandedFile], kept: Sequence[KeptEntry]
    ) -> VanishedLoad | None:
        """Give what an open entry is about, else what is new, else what a person dismissed last."""
        began = max((part.landed_at for part in _newest_applied(processed)), default="")
        entries = sorted((entry for entry in kept if time_of(entry) > began), key=time_of)
        dismissed = [entry for entry in entries if entry.is_dismissed]
        since = max([self._since(processed), *map(time_of, dismissed)])
        of_changes = [entry for entry in entries if entry.entry_id.startswith(f"{table}#{_CHANGE}")]
        is_open = [entry for entry in of_changes if not entry.is_dismissed]
        found = next(filter(None, (self._witnesses.still_gone(table, since, entry) for entry in is_open)), None)
        found = found or self._witnesses.gone(table, since)
        if found is None and of_changes and of_changes[-1].is_dismissed:
            found = self._witnesses.still_gone(table, self._since(processed), of_changes[-1])
        return VanishedLoad(found.files, found.gone_at) if found else None

    @property
    def _witnesses(self) -> ChangeWitnesses:
        return ChangeWitnesses(self.files, self.staged, self.clock().astimezone(UTC))

    def _since(self, processed: Sequence[LandedFile]) -> str:
        """Give the time since which landed changes follow the load in the table and cannot have expired."""
        return max([self.may_have_expired_until, *(part.landed_at for part in _newest_applied(processed))])

    def _is_load_pending(self, table: str) -> bool:
        return bool(self.files.pending_loads(table))

    def _may_have_expired(self, parts: Sequence[LandedFile]) -> bool:
        newest = max(datetime.fromisoformat(part.landed_at) for part in parts)
        return newest < datetime.fromisoformat(self.may_have_expired_until)
