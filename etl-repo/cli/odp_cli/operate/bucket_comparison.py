"""Compares the staging buckets of both Regions object by object; marks know nothing of files from before the link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from deployment_account.names import Shared
from lake.landing.listings import ObjectVersion
from lake.landing.s3_listing import S3Listing
from odp_cli.errors import CommandError
from odp_cli.operate.regions import LakeRegion

_NAMED = 1000


@dataclass(slots=True)
class Lacking:
    """The objects of one bucket that the other Region's bucket does not have; the first of them by name."""

    files: int = 0
    bytes: int = 0
    oldest: str = ""
    first: list[ObjectVersion] = field(default_factory=list)

    def add(self, version: ObjectVersion) -> None:
        """Count an object."""
        self.files += 1
        self.bytes += version.size
        self.oldest = min(filter(None, (self.oldest, version.last_modified)))
        if len(self.first) < _NAMED:
            self.first.append(version)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        keys = [
            {"key": each.key, "version_id": each.version_id, "landed_at": each.last_modified} for each in self.first
        ]
        return {"files": self.files, "bytes": self.bytes, "oldest": self.oldest or None, "keys": keys}


def lacking(source: LakeRegion, copy: LakeRegion) -> Lacking:
    """List both staging buckets, and find the objects of one whose newest version is not in the other.

    Raises:
        CommandError: a Region has no bucket yet.
    """
    listed = []
    for region in (source, copy):
        bucket = region.published(Shared.STAGING_BUCKET)
        if not bucket:
            raise CommandError(f"{region.region} has no staging bucket", mend="let the infra pipeline deploy there")
        listed.append(S3Listing(s3=region.client("s3")).versions(bucket))
    found = Lacking()
    for version in _only_in_first(*listed):
        found.add(version)
    return found


def _only_in_first(source: Iterable[ObjectVersion], copy: Iterable[ObjectVersion]) -> Iterator[ObjectVersion]:
    """Go through both in the order of their keys, which is the same in both and that of Python's texts."""
    others = ((key, {each.version_id for each in versions}) for key, versions in _by_key(copy))
    other, known = next(others, ("", set[str]()))
    for key, versions in _by_key(source):
        while other and other < key:
            other, known = next(others, ("", set[str]()))
        newest = next((each for each in versions if each.is_latest), None)
        if newest and not (other == key and newest.version_id in known):
            yield newest


def _by_key(versions: Iterable[ObjectVersion]) -> Iterator[tuple[str, list[ObjectVersion]]]:
    return ((key, list(some)) for key, some in groupby(versions, key=lambda each: each.key))
