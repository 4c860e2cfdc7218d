# ruff: noqa: ARG002 - ports
"""A lake that has been at work for some days, in memory: its staging bucket, its register and the requests to them."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from odp.file_manager.registration import listed_object
from odp.records import LandedFile, Quarantined

from lake.landing.listings import ObjectVersion, SweepState, VersionPage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BUCKET = "staging"
_PAGE, _KEYS_PER_READ = 1000, 100
_DAY, _MANY, _ITEMS_OF_A_PAGE = len("1/20260101"), 10, 1000
"""How the file tracker looks many files up; a megabyte has more items."""
T = TypeVar("T", LandedFile, Quarantined)


class OldLake:
    """Every object has been applied; each table gets so many files a day, in DMS's default date folders."""

    def __init__(self, tables: int, days: int, files_a_day: int) -> None:
        step = timedelta(days=1) / files_a_day
        moments = [NOW - step * number for number in range(days * files_a_day)]
        names = sorted(f"{moment:%Y/%m/%d/%Y%m%d-%H%M%S000}.parquet" for moment in moments)
        self.keys = [
            f"sales/table_{table:03}/{name}" for table in range(tables) for name in (*names, "LOAD00000001.parquet")
        ]
        self.requests: Counter[str] = Counter()
        self._state = SweepState()

    def newest(self, count: int) -> list[LandedFile]:
        """Return the newest files of the first table, which are those that a refresh finds pending."""
        end = bisect_left(self.keys, "sales/table_000/LOAD")
        files = (listed_object(self._version(key)) for key in self.keys[end - count : end])
        return [file for file in files if isinstance(file, LandedFile)]

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """List below a prefix, after a key."""
        position = bisect_right(self.keys, after) if after else bisect_left(self.keys, prefix)
        while True:
            self.requests["list"] += 1
            page = [key for key in self.keys[position : position + _PAGE] if key.startswith(prefix)]
            yield from map(self._version, page)
            position += len(page)
            if len(page) < _PAGE:
                return

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:
        """List everything after a marker."""
        self.requests["list"] += 1
        position = bisect_right(self.keys, key_marker)
        keys = self.keys[position : position + _PAGE]
        versions = tuple(map(self._version, keys))
        return VersionPage(versions, keys[-1], "v1") if position + _PAGE < len(self.keys) else VersionPage(versions)

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """List folders; S3 answers a thousand of them with one request."""
        self.requests["list"] += 1
        position = bisect_left(self.keys, prefix)
        while position < len(self.keys) and self.keys[position].startswith(prefix):
            folder = prefix + self.keys[position].removeprefix(prefix).split("/")[0] + "/"
            yield folder
            position = bisect_left(self.keys, folder[:-1] + "0")

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Nothing was deleted."""
        return dict.fromkeys(keys, "v1")

    def unknown(self, asked: Sequence[T]) -> Sequence[T]:
        """Know everything: many files of a day for a read of each thousand, others for one of each hundred."""
        entries: Sequence[Any] = asked
        of_days = Counter(each.file_id[:_DAY] for each in entries if isinstance(each, LandedFile))
        many = [found for found in of_days.values() if found >= _MANY]
        self.requests["read"] += sum(-(-found // _ITEMS_OF_A_PAGE) for found in many)
        self.requests["read"] += -(-(len(asked) - sum(many)) // _KEYS_PER_READ)
        return []

    def unprocessed(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """Know everything, for a read of each hundred."""
        return self.unknown(files)

    def register(self, file: LandedFile) -> bool:
        """Know everything."""
        return False

    def keep(self, entry: Quarantined) -> bool:
        """Know everything."""
        return False

    def load(self) -> SweepState:
        """Return what the sweep has kept."""
        return self._state

    def save(self, state: SweepState) -> None:
        """Keep how far the sweep has come."""
        self._state = state

    def _version(self, key: str) -> ObjectVersion:
        return ObjectVersion(BUCKET, key, "v1", "e", 262_144, "2026-11-24T10:00:00Z")
