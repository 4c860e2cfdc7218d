"""A lake's loads in memory: its ledger, what its staging bucket says of their objects, and its quarantine."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from odp.file_manager.registration import listed_object
from odp.file_manager.vanished_loads import VanishedLoads
from odp.records import KeptEntry, LandedFile, Quarantined, QuarantineKind

from lake.landing.listings import ObjectVersion

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAYS = 90


def part(
    number: int, *, folder: str = "s/t/", landed: str = "2026-11-01T00:00:00Z", generation: int = 1, version: str = "v1"
) -> LandedFile:
    name = f"LOAD{number:08X}.parquet"
    found = listed_object(ObjectVersion("staging", f"{folder}{name}", version, "e", 5, landed))
    assert isinstance(found, LandedFile)
    return found.applied(generation)


PARTS = (part(1), part(2))


@cache
def change(landed: str, *, folder: str = "s/t/", version: str = "v1") -> LandedFile:
    """Give an applied change file that DMS named after the second in which it landed."""
    name = f"{datetime.fromisoformat(landed):%Y%m%d-%H%M%S}000.parquet"
    found = listed_object(ObjectVersion("staging", f"{folder}{name}", version, "e", 5, landed))
    assert isinstance(found, LandedFile)
    return found.applied(1)


class LakeOfLoads:
    """Objects are there unless `deleted` has their key, with the time or, where S3 has forgotten it, with none."""

    def __init__(self, *processed: LandedFile) -> None:
        self.processed = list(processed)
        self.pending: list[LandedFile] = []
        self.deleted: dict[str, str | None] = {}
        self.kept: dict[str, Quarantined] = {}
        self.dismissed: set[str] = set()
        self.keeps_gone_at = True
        self.requests: list[str] = []
        self.now = NOW
        self.loads = VanishedLoads(self, self, self, DAYS, lambda: self.now)

    def delete(self, *files: LandedFile, at: str | None = "2026-11-02T00:00:00Z") -> None:
        self.deleted |= dict.fromkeys((file.key for file in files), at)

    def check(self, *tables: str) -> list[bool]:
        return [is_new for _, is_new in self.loads.check(tables or ("s.t",))]

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        self.requests.append("history")
        return [file for file in self._processed(source_table_name) if file.is_load]

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        self.requests.append("changes")
        found = [file for file in self._processed(source_table_name) if not file.is_load and file.name >= from_name]
        return sorted(found, key=lambda file: file.name)[:most]

    def _processed(self, source_table_name: str) -> Sequence[LandedFile]:
        return [file for file in self.processed if file.source_table_name == source_table_name]

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        self.requests.append("pending")
        return [file for file in self.pending if file.is_load]

    def deletions(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        self.requests.append(f"list {prefix}")
        for key in sorted({file.key for file in self.processed if file.key.startswith(prefix)}):
            deleted_at = self.deleted.get(key, "")
            if deleted_at is not None:
                yield key, deleted_at

    def of_tables(self, kind: QuarantineKind) -> Sequence[KeptEntry]:
        return [
            KeptEntry(
                id_,
                str(entry.details["source_table_name"]),
                f"{NOW:%Y-%m-%dT%H:%M:%S}.5+00:00",
                id_ in self.dismissed,
                gone_at=str(entry.details["gone_at"]) if self.keeps_gone_at else "",
            )
            for id_, entry in self.kept.items()
        ]

    def keep(self, entry: Quarantined) -> bool:
        is_new = entry.entry_id not in self.kept
        self.kept.setdefault(entry.entry_id, entry)
        return is_new

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        del self.kept[entry_id]

    def land(self, *files: LandedFile) -> None:
        self.pending += [replace(file, generation=0) for file in files]
