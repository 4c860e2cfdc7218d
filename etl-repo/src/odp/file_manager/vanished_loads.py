"""Loads whose objects are gone: DMS deletes a table's files when its source is truncated or dropped.

Nothing else tells the lake. Whether the table is to be emptied is for a person to decide, as somebody may have deleted
the objects by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from odp.file_manager.s3_event import file_id
from odp.records import EMPTIED, FileStatus, FileType, LandedFile, Quarantined, QuarantineKind

_SHOWN = 5
_NO_PART = "LOAD00000000.parquet"
"""DMS counts from 1."""
_EXPIRY_LAG = timedelta(days=2)
"""S3 deletes what expires within this time, before or after."""

GoneSince = Callable[[LandedFile], str | None]
"""When the object of a part was deleted: None if it is there, empty if nobody knows when."""


@dataclass(frozen=True, slots=True)
class VanishedLoad:
    """A table's load of which no object is left; `gone_at` is when the last one was deleted."""

    parts: tuple[LandedFile, ...]
    gone_at: str

    @property
    def entry_id(self) -> str:
        """The id of the entry in quarantine; a later load that vanishes is another one."""
        return f"{self.parts[0].source_table_name}#{self.parts[0].file_id}"

    def entry(self) -> Quarantined:
        """Describe it to a person."""
        name = self.parts[0].source_table_name
        reason = (
            f"{name}: all {len(self.parts)} objects of the load in the table were deleted from the staging bucket by "
            f"{self.gone_at}, as DMS does after a TRUNCATE or DROP; the table keeps its rows until odp reload --empty"
        )
        details: dict[str, str | int] = {
            "source_table_name": name,
            "files": len(self.parts),
            "bytes": sum(part.size for part in self.parts),
            "gone_at": self.gone_at,
            "file_names": ", ".join(part.name for part in self.parts[:_SHOWN]),
        }
        return Quarantined(QuarantineKind.VANISHED_LOAD, self.entry_id, reason, details)

    def emptying_part(self) -> LandedFile:
        """Give the load without rows that empties the table; the same however often it is asked for."""
        first = self.parts[0]
        segment_folder = first.segment[: first.segment.rfind("/") + 1]
        key = first.key.removesuffix(first.name).removesuffix(segment_folder) + _NO_PART
        version = f"{EMPTIED}-{first.version_id or first.etag}"
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


def load_in_table(processed: Iterable[LandedFile]) -> tuple[LandedFile, ...]:
    """Give the parts of the load that a table holds; none if a person had it emptied."""
    applied = [part for part in processed if part.is_load and part.status is FileStatus.APPLIED]
    newest = max((part.generation for part in applied), default=0)
    parts = tuple(part for part in applied if part.generation == newest)
    return () if any(part.is_emptying for part in parts) else parts


def vanished_load(
    parts: tuple[LandedFile, ...], gone_since: GoneSince, *, now: datetime, landed_file_days: int
) -> VanishedLoad | None:
    """Tell whether a load vanished before its objects could expire; asks no further than for the first that is there.

    Where nobody knows when an object was deleted, it was by now.
    """
    expired = now - timedelta(days=landed_file_days) + _EXPIRY_LAG
    if not parts or max(datetime.fromisoformat(part.landed_at) for part in parts) < expired:
        return None
    times = []
    for part in parts:
        gone = gone_since(part)
        if gone is None:
            return None
        times.append(gone or now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return VanishedLoad(parts, max(times))
