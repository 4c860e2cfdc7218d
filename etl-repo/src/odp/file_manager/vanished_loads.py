"""Loads whose objects are gone: DMS deletes a table's files when its source is truncated or dropped.

The lake has no other sign of it. Where the load may have expired, change files are the sign. The sweep checks once a
day, and `odp status --check` at once. A person decides whether to empty the table, because somebody may have deleted
the objects by mistake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from odp.file_manager.change_witnesses import TIME, ChangeWitnesses, last_deletion, time_of
from odp.file_manager.object_key import table_folder
from odp.file_manager.registration import file_id
from odp.ports import Deletions, FileHistory, LoadEntries
from odp.records import EMPTIED, FileStatus, FileType, KeptEntry, LandedFile, Quarantined, QuarantineKind, SkipReason

_SHOWN = 5
_NO_PART = "LOAD00000000.parquet"
"""DMS counts from 1."""
_CHANGE = "1/"
"""The beginning of the ids of change files."""
_EXPIRY_LAG = timedelta(days=2)
"""S3 deletes an object within this time before or after its expiry."""
KIND = QuarantineKind.VANISHED_LOAD


@dataclass(frozen=True, slots=True)
class VanishedLoad:
    """A load of a table without any object left; `gone_at` is the time at which the last one was deleted.

    If no load can show it, `parts` are change files, the newest first.
    """

    parts: tuple[LandedFile, ...]
    gone_at: str
    dismissed: int = 0
    """The number of requests to empty the table that a person dismissed."""

    @property
    def entry_id(self) -> str:
        """The id of the quarantine entry; a later vanished load has another one."""
        return _entry_id(self.parts)

    @property
    def days_kept(self) -> int:
        """The days from the landing of the newest object to the deletion of the last one."""
        landed = max(datetime.fromisoformat(part.landed_at) for part in self.parts)
        return (datetime.fromisoformat(self.gone_at) - landed).days

    @property
    def objects(self) -> str:
        """The noun for the parts, to follow their number."""
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
        """Return the load without rows that empties the table; after a dismissal it is another one."""
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
    """Return the parts of the load in a table; none if a person emptied the table."""
    parts = _newest_applied(processed)
    return () if any(part.is_emptying for part in parts) else parts


def _newest_applied(processed: Sequence[LandedFile]) -> tuple[LandedFile, ...]:
    """Return the newest applied load, even if it has no rows."""
    applied = [part for part in processed if part.is_load and part.status is FileStatus.APPLIED]
    newest = max((part.generation for part in applied), default=0)
    return tuple(part for part in applied if part.generation == newest)


def _is_held(processed: Sequence[LandedFile]) -> bool:
    """Whether a load is held that is newer than the load in the table."""
    newest = max((part.landing_order for part in _newest_applied(processed)), default="")
    return any(part.is_load and part.status is FileStatus.HELD and part.landing_order > newest for part in processed)


def _folder(file: LandedFile) -> str:
    """Return the folder of a file's table."""
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
    """Compares the ledger with the staging bucket, and keeps one quarantine entry for each vanished load."""

    files: FileHistory
    staged: Deletions
    quarantine: LoadEntries
    landed_file_days: int
    clock: Callable[[], datetime]
    expired_until: str = ""
    """The sweep's last note: objects that landed before it may have expired, perhaps under a shorter retention."""

    @property
    def may_have_expired_until(self) -> str:
        """Objects that landed before this time may have expired."""
        limit = self.clock() - timedelta(days=self.landed_file_days) + _EXPIRY_LAG
        return max(limit.astimezone(UTC).strftime(TIME), self.expired_until)

    def check(self, tables: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Update the entries of each table; yields each finished table, and whether its entry is new."""
        kept = self.kept()
        for table in tables:
            yield table, self.check_table(table, kept[table])

    def kept(self) -> Mapping[str, Sequence[KeptEntry]]:
        """Return the entries of all tables; a table without entries has an empty list."""
        kept: dict[str, list[KeptEntry]] = defaultdict(list)
        for entry in self.quarantine.of_tables(KIND):
            kept[entry.source_table_name].append(entry)
        return kept

    def check_table(self, table: str, kept: Sequence[KeptEntry]) -> bool:
        """Update the entries of a table, given its present ones; returns whether one is new.

        A dismissed entry stays, because it records that a person keeps the rows.
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
        """Whether nobody could tell that the source was emptied, because all files of the table may have expired."""
        processed = self.files.processed_loads(table)
        parts, since = load_in_table(processed), self._since(processed)
        is_waiting = _is_held(processed) or self._is_load_pending(table)
        if is_waiting or (parts and not self._may_have_expired(parts)) or self._witnesses.has_any(table, since):
            return False
        emptied_at = max((part.landed_at for part in _newest_applied(processed)), default="")
        start = f"{datetime.fromisoformat(emptied_at):%Y%m%d-%H%M%S}" if emptied_at else ""
        return bool(parts or self.files.processed_changes(table, start, 1))

    def _of(self, table: str, kept: Sequence[KeptEntry]) -> VanishedLoad | None:
        """Most tables have no problem, so pending files are read last."""
        processed = self.files.processed_loads(table)
        found = None if _is_held(processed) else self._found(table, processed, kept)
        if found is None or self._is_load_pending(table):
            return None
        # a load that was pending until now may have been applied or held since the history was read
        now = self.files.processed_loads(table)
        is_same = _newest_applied(now) == _newest_applied(processed) and not _is_held(now)
        return _vanished(found, now) if is_same else None

    def _found(self, table: str, processed: Sequence[LandedFile], kept: Sequence[KeptEntry]) -> VanishedLoad | None:
        """Judge by the load, or by changes if the load cannot show it; after a dismissal only changes can."""
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
        """Return what an open entry names, else a new finding, else the one that a person dismissed last."""
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
        """Return the time after which landed changes follow the load in the table and cannot have expired."""
        return max([self.may_have_expired_until, *(part.landed_at for part in _newest_applied(processed))])

    def _is_load_pending(self, table: str) -> bool:
        return bool(self.files.pending_loads(table))

    def _may_have_expired(self, parts: Sequence[LandedFile]) -> bool:
        newest = max(datetime.fromisoformat(part.landed_at) for part in parts)
        return newest < datetime.fromisoformat(self.may_have_expired_until)
