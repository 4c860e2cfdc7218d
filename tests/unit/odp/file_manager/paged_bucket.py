"""A staging bucket in memory that lists page by page, as S3 does, and counts what that takes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

from odp.file_manager.registration import landed_object
from odp.records import LandedFile, Quarantined

from lake.landing.listings import ObjectVersion, VersionPage
from tests.unit.odp.file_manager.test_registration import Ledger, landing_time, s3_event

PAGE = 1000
LAST = "\U0010ffff"


def version(key: str, version_id: str = "v1", *, is_latest: bool = True) -> ObjectVersion:
    return ObjectVersion("staging", key, version_id, "e1", 10, landing_time(key), is_latest)


def _key(stored: ObjectVersion) -> str:
    return stored.key


class PagedBucket(Ledger):
    """A bucket with its register and quarantine."""

    def __init__(self, *keys: str) -> None:
        super().__init__()
        self.stored = sorted((version(key) for key in keys), key=lambda stored: stored.key)
        self.requests = 0
        self.page_size = PAGE
        self.listed: list[str] = []
        self.asked_quarantine = 0

    def put(self, *versions: ObjectVersion) -> None:
        self.stored = sorted([*self.stored, *versions], key=lambda stored: stored.key)

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        position = max(bisect_left(self.stored, prefix, key=_key), bisect_right(self.stored, after, key=_key))
        while True:
            self.requests += 1
            page = self.stored[position : position + self.page_size]
            page = [stored for stored in page if stored.key.startswith(prefix)]
            self.listed += [stored.key for stored in page]
            yield from page
            position += len(page)
            if len(page) < self.page_size:
                return

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:
        self.requests += 1
        left = self.stored[bisect_left(self.stored, key_marker, key=_key) :]
        left = [stored for stored in left if (stored.key, stored.version_id) > (key_marker, version_marker)]
        page = tuple(left[: self.page_size])
        self.listed += [stored.key for stored in page]
        return VersionPage(page, page[-1].key, page[-1].version_id) if len(left) > self.page_size else VersionPage(page)

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        self.requests += 1
        position = bisect_left(self.stored, prefix, key=_key)
        while position < len(self.stored) and (key := self.stored[position].key).startswith(prefix):
            name, slash, _ = key.removeprefix(prefix).partition("/")
            if slash:
                yield f"{prefix}{name}/"
            position = bisect_right(self.stored, f"{prefix}{name}/{LAST}" if slash else key, key=_key)

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        current = {stored.key: stored.version_id for stored in self.stored if stored.is_latest}
        return {key: current.get(key) for key in keys}

    def unknown(self, asked: Sequence[LandedFile] | Sequence[Quarantined]) -> list[LandedFile] | list[Quarantined]:
        files = [each for each in asked if isinstance(each, LandedFile) and each.file_id not in self.files]
        entries = [each for each in asked if isinstance(each, Quarantined) and each.entry_id not in self.quarantine]
        return files or entries

    def unprocessed(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """Nothing was ever applied."""
        return files

    def landed(self, key: str) -> LandedFile:
        """Have an event come."""
        file = landed_object(s3_event(key))
        assert isinstance(file, LandedFile)
        self.register(file)
        return file
